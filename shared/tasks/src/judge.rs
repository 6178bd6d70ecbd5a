//! Judges a goal's criteria by its report and the outcomes of its steps.

mod parse;
mod prompt;
mod task;

use domain::CriterionVerdict;
use llm::{Answer, Model, ModelCaller, TaskMethod};

use crate::error::Error;
use crate::{conversation, deterministic};

pub use task::{Criterion, JudgeTask, StepOutcome};

/// Gives a verdict on each criterion of the task; the caller has evaluated those with a check.
///
/// # Errors
/// See [`Error`].
pub async fn judge<A: ModelCaller>(
    model: &Model,
    caller: &mut A,
    task: &JudgeTask,
) -> Result<Vec<CriterionVerdict>, Error> {
    if task.criteria.is_empty() {
        return Ok(Vec::new());
    }
    if model.task_method() == TaskMethod::Rules {
        return Ok(deterministic::judge(task));
    }
    let read = |answer: &Answer| conversation::json(answer, |value| parse::verdicts(value, task));
    let most = model.max_output_tokens();
    let (verdicts, _) = conversation::until_read(caller, prompt::request(task), most, read).await?;
    Ok(verdicts)
}

//! Judges a goal's criteria by its report and the outcomes of its steps.

mod parse;
mod prompt;
mod task;

use llm::{Answer, Model, ModelCaller, TaskMethod};

use crate::conversation::{self, Conversation};
use crate::deterministic;
use crate::error::Error;

pub use task::{Criterion, JudgeTask, Judgement, StepOutcome};

/// Gives a verdict on each criterion of the task; the caller has evaluated those with a check. An answer with verdicts
/// that name no step of the goal is sent back once; those that still name none are unknown.
///
/// # Errors
/// See [`Error`].
pub async fn judge<A: ModelCaller>(
    model: &Model,
    caller: &mut A,
    task: &JudgeTask,
) -> Result<Judgement, Error> {
    if task.criteria.is_empty() {
        return Ok(Judgement::default());
    }
    if model.task_method() == TaskMethod::Rules {
        return Ok(deterministic::judge(task));
    }
    let read = |answer: &Answer| conversation::json(answer, |value| parse::judgement(value, task));
    let mut conversation = Conversation::new(prompt::request(task), model.max_output_tokens());
    let (judgement, answer) = conversation.answer(caller, read).await?;
    let Some(problem) = parse::unfounded(&judgement, task) else {
        return Ok(judgement);
    };
    let judgement = match conversation.reject(answer, problem) {
        true => conversation.answer(caller, read).await?.0,
        false => judgement,
    };
    Ok(parse::founded(judgement, task))
}

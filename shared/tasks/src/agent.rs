//! Takes the turns of an agent's step.

mod parse;
mod prompt;
mod task;

use domain::plan::ToolInput;
use llm::{Answer, Model, ModelCaller, TaskMethod};

use crate::error::Error;
use crate::{conversation, deterministic};

pub use task::{Agent, PastTurn, Turn, WorkTask};

impl WorkTask {
    /// Returns the bytes of the conversation that the next turn would send, without summarized turns.
    #[must_use]
    pub fn conversation_bytes(&self) -> usize {
        prompt::conversation_bytes(self)
    }
}

/// Returns the calls that answer an agent's instructions without a model; none where a model works on them.
///
/// # Errors
/// [`Error::NoLanguageModel`] if there is no model, and no rule covers the instructions.
pub fn procedure(model: &Model, task: &WorkTask) -> Result<Option<Vec<ToolInput>>, Error> {
    match model.task_method() {
        TaskMethod::Rules => deterministic::procedure(task).map(Some),
        TaskMethod::ModelCalls => Ok(None),
    }
}

/// Takes one turn of an agent's work: the next calls, or the end.
///
/// # Errors
/// See [`Error`].
pub async fn work<A: ModelCaller>(
    model: &Model,
    caller: &mut A,
    task: &WorkTask,
) -> Result<Turn, Error> {
    let read = |answer: &Answer| parse::turn(answer);
    let most = model.max_output_tokens();
    let (turn, _) = conversation::until_read(caller, prompt::request(task), most, read).await?;
    Ok(turn)
}

/// The first `turns` turns of an agent's work as a short text, for [`WorkTask::summary`].
///
/// # Errors
/// See [`Error`]; nothing is summed up without a model.
pub async fn compact<A: ModelCaller>(
    model: &Model,
    caller: &mut A,
    task: &WorkTask,
    turns: usize,
) -> Result<String, Error> {
    let read = |answer: &Answer| match answer.text.trim() {
        "" => Err("You wrote nothing. Write the summary.".to_owned()),
        text => Ok(text.to_owned()),
    };
    let most = model.max_output_tokens();
    let request = prompt::compact(task, turns);
    let (summary, _) = conversation::until_read(caller, request, most, read).await?;
    Ok(summary)
}

//! Parses one turn of an agent.

use llm::Answer;

use super::Turn;
use crate::deterministic::rule;

/// Returns the calls of a turn, or the agent's result. An error is a sentence that the model can mend it by.
pub(crate) fn turn(answer: &Answer) -> Result<Turn, String> {
    llm::turn::check(answer)?;
    if !answer.calls.is_empty() {
        return Ok(Turn::Calls {
            answer: answer.clone(),
        });
    }
    Ok(Turn::Done {
        result: rule::result_of(None, Some(answer.text.clone())),
        answer: answer.clone(),
    })
}

//! The turns of an agent's step: it knows how many it has, is warned before they end, and is asked for what it has on
//! the last one.

use model::WorkTask;
use serde_json::{Map, Value};
use store::StepError;

use crate::result_schema::{ResultSchema, SUBMIT_RESULT};

/// Turns of an agent whose row does not say.
const DEFAULT_TURNS: u32 = 8;

/// The most characters of an agent's last words in an error.
const MAX_WORDS: usize = 1_000;

/// The field that marks a result whose agent ran out of turns.
const TURNS_EXHAUSTED: &str = "turns_exhausted";

pub(crate) fn max_turns(task: &WorkTask) -> usize {
    let agent = task.agent.as_ref();
    let turns = agent.and_then(|agent| agent.max_turns);
    usize::try_from(turns.unwrap_or(DEFAULT_TURNS)).unwrap_or(usize::MAX)
}

/// Prepares the next turn, of which `turns_left` includes it. The note of a turn depends on its number alone, so that a
/// replay of the answers asks the same.
pub(crate) fn announce(
    task: &mut WorkTask,
    turns_left: usize,
    max_turns: usize,
    result_schema: &ResultSchema,
) {
    let submits = result_schema.tool().is_some();
    let note = match turns_left {
        // An agent of one turn would never come to call anything.
        _ if max_turns == 1 => return,
        1 if submits => format!(
            "This is your last turn. Call {SUBMIT_RESULT} with what you have; no other tool can be called any more."
        ),
        1 => "This is your last turn, and no tool can be called any more. Reply with the result as far as you have it, and say plainly what is missing.".to_owned(),
        2 if max_turns > 2 => "Two turns are left, this one included. Make the calls that matter most now; the last turn is for the result.".to_owned(),
        _ => return,
    };
    task.notes.push((task.turns.len(), note));
    if turns_left > 1 {
        return;
    }
    match submits {
        true => task.tools.retain(|tool| tool.name == SUBMIT_RESULT),
        false => task.must_answer = true,
    }
}

/// Marks the result of an agent that was asked for it on its last turn.
pub(crate) fn marked(mut result: Map<String, Value>) -> Value {
    result.insert(TURNS_EXHAUSTED.to_owned(), Value::Bool(true));
    Value::Object(result)
}

/// Returns the error of an agent that gave no result on its last turn either, with its last words.
pub(crate) fn exhausted(task: &WorkTask, max_turns: usize) -> StepError {
    let said = task.turns.iter().rev().map(|turn| turn.answer.text.trim());
    let words = said.into_iter().find(|text| !text.is_empty());
    let words = words.map_or_else(String::new, |text| {
        let text: String = text.chars().take(MAX_WORDS).collect();
        format!(". Its last words: {text}")
    });
    let message = format!(
        "the agent was not done after {max_turns} turns; give it a smaller task or raise max_turns{words}"
    );
    StepError::terminal("too_many_turns", message)
}

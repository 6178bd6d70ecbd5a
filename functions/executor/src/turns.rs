//! The turns of an agent's step: the model is warned before they end, and must return what it has on the last one.

use domain::ToolCall;
use serde_json::{Map, Value};
use store::StepError;
use tasks::WorkTask;

use crate::result_schema::{ResultSchema, SUBMIT_RESULT};

/// Turns of an agent whose row has no number.
const DEFAULT_TURNS: u32 = 8;

/// The most characters of an agent's last text in an error.
const MAX_WORDS: usize = 1_000;

/// The field that marks a result whose agent ran out of turns.
const TURNS_EXHAUSTED: &str = "turns_exhausted";

/// Returns the number of turns of the task's agent.
pub(crate) fn max_turns(task: &WorkTask) -> usize {
    let agent = task.agent.as_ref();
    let turns = agent.and_then(|agent| agent.max_turns);
    usize::try_from(turns.unwrap_or(DEFAULT_TURNS)).unwrap_or(usize::MAX)
}

/// Prepares the next turn, of which `turns_left` includes it. The note of a turn depends on its number alone, so that a
/// replay builds the same request.
pub(crate) fn announce(
    task: &mut WorkTask,
    turns_left: usize,
    max_turns: usize,
    result_schema: &ResultSchema,
) {
    let submits = result_schema.tool().is_some();
    let note = match turns_left {
        // An agent of one turn would never call anything.
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

/// Returns true if calls of a last turn may be made: the submission of the result, and nothing beside it. Some servers
/// ignore that no tool may be called.
pub(crate) fn may_be_made_last(calls: &[ToolCall], max_turns: usize) -> bool {
    max_turns == 1 || calls.iter().all(|call| call.tool == SUBMIT_RESULT)
}

/// Marks the result of an agent that gave it on its last turn.
pub(crate) fn marked(mut result: Map<String, Value>) -> Value {
    result.insert(TURNS_EXHAUSTED.to_owned(), Value::Bool(true));
    Value::Object(result)
}

/// Returns the error of an agent that gave no result on its last turn either, with its last text.
pub(crate) fn exhausted(task: &WorkTask, max_turns: usize) -> StepError {
    let mut texts = task.turns.iter().rev().map(|turn| turn.answer.text.trim());
    let last = texts.find(|text| !text.is_empty());
    let words = last.map_or_else(String::new, |text| {
        let text: String = text.chars().take(MAX_WORDS).collect();
        format!(". Its last words: {text}")
    });
    let message = format!(
        "the agent was not done after {max_turns} turns; give it a smaller task or raise max_turns{words}"
    );
    StepError::terminal("too_many_turns", message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use domain::{Tool, ToolCallRequest};
    use llm::Answer;
    use serde_json::json;
    use tasks::PastTurn;

    use super::*;

    fn task() -> WorkTask {
        let tool = |name: &str| Tool {
            name: name.to_owned(),
            ..Tool::default()
        };
        WorkTask {
            tools: vec![tool("sql"), tool(SUBMIT_RESULT)],
            ..WorkTask::default()
        }
    }

    fn schema() -> ResultSchema {
        ResultSchema::parse(Some(json!({"type": "object"}))).unwrap()
    }

    /// Returns the notes of a conversation of so many turns, by how many were left.
    fn notes(max_turns: usize, schema: &ResultSchema) -> Vec<usize> {
        let mut noted = Vec::new();
        for turns_left in (1..=max_turns).rev() {
            let mut task = task();
            announce(&mut task, turns_left, max_turns, schema);
            noted.extend(task.notes.iter().map(|_| turns_left));
        }
        noted
    }

    #[test]
    fn agent_is_warned_on_its_last_two_turns() {
        let any = ResultSchema::default();
        assert_eq!(notes(8, &any), [2, 1]);
        assert_eq!(notes(2, &any), [1]);
        assert_eq!(notes(1, &any), [0_usize; 0]);
        assert_eq!(notes(8, &schema()), [2, 1]);
    }

    #[test]
    fn last_turn_calls_only_the_submission() {
        let mut free = task();
        announce(&mut free, 1, 8, &ResultSchema::default());
        assert!(free.must_answer);
        let mut bound = task();
        announce(&mut bound, 1, 8, &schema());
        let names: Vec<&str> = bound.tools.iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!((bound.must_answer, names), (false, vec![SUBMIT_RESULT]));
        let mut earlier = task();
        announce(&mut earlier, 2, 8, &schema());
        assert_eq!((earlier.must_answer, earlier.tools.len()), (false, 2));
    }

    #[test]
    fn calls_of_last_turn_are_dropped_except_submission() {
        let call = |tool: &str| {
            let request = ToolCallRequest {
                call_id: "c".to_owned(),
                tool: tool.to_owned(),
                arguments: json!({}),
            };
            ToolCall::unrecorded(request, "k".to_owned())
        };
        assert!(may_be_made_last(&[call(SUBMIT_RESULT)], 8));
        assert!(!may_be_made_last(
            &[call(SUBMIT_RESULT), call("webhook")],
            8
        ));
        assert!(may_be_made_last(&[call("webhook")], 1));
    }

    #[test]
    fn last_turn_marks_result_and_keeps_last_text() {
        let mut task = task();
        let result = json!({"text": "half"}).as_object().unwrap().clone();
        assert_eq!(
            marked(result),
            json!({"text": "half", "turns_exhausted": true})
        );
        assert!(!exhausted(&task, 8).message.contains("last words"));
        for text in ["Found seven.", " "] {
            let answer = Answer {
                text: text.to_owned(),
                ..Answer::default()
            };
            task.turns.push(PastTurn {
                answer,
                calls: Vec::new(),
            });
        }
        let error = exhausted(&task, 8);
        assert_eq!(
            (error.code.as_ref(), error.retryable),
            ("too_many_turns", false)
        );
        assert!(
            error.message.ends_with("Its last words: Found seven."),
            "{}",
            error.message
        );
    }
}

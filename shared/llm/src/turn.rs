//! Answers as turns of an agent.

use crate::answer::Answer;
use crate::written_calls;

/// Checks that an answer is a turn: calls with JSON objects as arguments, or a text that is no call.
///
/// # Errors
/// A sentence that the model can mend its answer by.
pub fn check(answer: &Answer) -> Result<(), String> {
    if let Some(call) = answer.calls.iter().find(|call| !call.arguments.is_object()) {
        return Err(format!(
            "Nothing was called: the arguments of your call to {} are no JSON object. Make all calls of that turn again, each with one JSON object as its arguments.",
            call.tool
        ));
    }
    if !answer.calls.is_empty() {
        return Ok(());
    }
    if written_calls::is_unread_call(&answer.text) {
        return Err("Nothing was called: your call is written as text, or names a tool that you do not have. Call one of your tools, or reply with the result.".into());
    }
    if answer.text.trim().is_empty() {
        return Err("You said nothing. Call a tool, or reply with the result.".into());
    }
    Ok(())
}

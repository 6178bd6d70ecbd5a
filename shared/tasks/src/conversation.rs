//! Repeats a model call until its answer can be used: once with more room when it was cut off, at most twice with the
//! problem when it cannot be parsed. The answers alone decide which calls follow, so that a record of the answers leads
//! the same way again.

use serde_json::Value;

use llm::json_text;
use llm::{Answer, Message, ModelCaller, Purpose, Request, Stop};

use crate::error::Error;

/// How often an answer that cannot be read goes back.
const REPAIRS: usize = 2;

/// How often an answer that was read goes back because it cannot be used.
const REJECTIONS: usize = 2;

/// How often a paused answer is continued.
const PAUSES: usize = 4;

/// An answer that was cut off is asked for once more with this many times the room, up to the cap.
const RAISE: u32 = 4;

/// One task's conversation: the request as it grows with what is wrong with the answers.
pub(crate) struct Conversation {
    request: Request,
    most_tokens: u32,
    was_raised: bool,
    repairs: usize,
    rejections: usize,
}

impl Conversation {
    pub(crate) fn new(mut request: Request, most_tokens: u32) -> Self {
        request.max_output_tokens = request.max_output_tokens.min(most_tokens);
        Self {
            request,
            most_tokens,
            was_raised: false,
            repairs: 0,
            rejections: 0,
        }
    }

    /// Asks until the answer can be read. `read` gives a sentence for the model where it cannot.
    pub(crate) async fn answer<A: ModelCaller, T>(
        &mut self,
        caller: &mut A,
        read: impl Fn(&Answer) -> Result<T, String>,
    ) -> Result<(T, Answer), Error> {
        let mut pauses = 0;
        let mut paused: Option<Answer> = None;
        loop {
            let answer = caller.call(self.request.clone()).await?;
            match answer.stop {
                Stop::Refusal => return Err(Error::Declined(declined(&answer))),
                Stop::Filter => return Err(Error::Filtered),
                Stop::Length if self.raise() => continue,
                Stop::Length => return Err(Error::Truncated),
                Stop::Paused if pauses < PAUSES => {
                    pauses += 1;
                    self.request
                        .messages
                        .push(Message::Assistant(answer.clone()));
                    paused = Some(joined(paused, answer));
                    continue;
                }
                Stop::Paused => {
                    return Err(Error::Unreadable("the model paused again and again".into()));
                }
                Stop::End | Stop::Calls => {}
            }
            let answer = joined(paused.take(), answer);
            let problem = match read(&answer) {
                Ok(read) => return Ok((read, answer)),
                Err(problem) => problem,
            };
            if self.repairs == REPAIRS {
                return Err(Error::Unreadable(problem));
            }
            self.repairs += 1;
            self.object(answer, problem);
        }
    }

    /// Sends back an answer that was read and cannot be used. False: it was sent back often enough.
    pub(crate) fn reject(&mut self, answer: Answer, problem: String) -> bool {
        if self.rejections == REJECTIONS {
            return false;
        }
        self.rejections += 1;
        self.object(answer, problem);
        true
    }

    fn object(&mut self, answer: Answer, problem: String) {
        self.request.purpose = Purpose::Repair;
        // An answer with calls would have to be followed by their results, and an empty one is refused.
        if answer.calls.is_empty() && !answer.text.trim().is_empty() {
            self.request.messages.push(Message::Assistant(answer));
        }
        self.request
            .messages
            .push(Message::User { content: problem });
    }

    /// Gives a cut off answer more room, once.
    fn raise(&mut self) -> bool {
        if self.was_raised || self.request.max_output_tokens >= self.most_tokens {
            return false;
        }
        self.was_raised = true;
        let raised = self.request.max_output_tokens.saturating_mul(RAISE);
        self.request.max_output_tokens = raised.min(self.most_tokens);
        true
    }
}

/// Asks until the answer can be read.
pub(crate) async fn until_read<A: ModelCaller, T>(
    caller: &mut A,
    request: Request,
    most_tokens: u32,
    read: impl Fn(&Answer) -> Result<T, String>,
) -> Result<(T, Answer), Error> {
    Conversation::new(request, most_tokens)
        .answer(caller, read)
        .await
}

/// Reads the JSON of a structured answer.
pub(crate) fn json<T>(
    answer: &Answer,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<T, String> {
    json_in(&answer.text)
        .and_then(|value| read(&value))
        .map_err(|problem| {
            format!("That cannot be read: {problem}. Reply with the whole JSON object again and nothing else.")
        })
}

/// Reads the JSON of a text that models without structured output put into a fenced block or behind a sentence.
fn json_in(text: &str) -> Result<Value, String> {
    let text = text.trim();
    let fenced = text.split_once("```").and_then(|(_, rest)| {
        let (inner, _) = rest.rsplit_once("```")?;
        Some(inner.strip_prefix("json").unwrap_or(inner).trim())
    });
    let object = text
        .find('{')
        .zip(text.rfind('}'))
        .and_then(|(first, last)| text.get(first..=last));
    let whole = json_text::parse(text.as_bytes());
    let others = fenced.into_iter().chain(object);
    let found = others
        .filter_map(|part| json_text::parse(part.as_bytes()).ok())
        .find(Value::is_object);
    let whole = match whole {
        // Written into a string once more.
        Ok(Value::String(inner)) => return json_text::object(&inner).ok_or_else(not_an_object),
        whole => whole,
    };
    whole
        .or_else(|error| found.ok_or(error))
        .map_err(|error| error.to_string())
}

fn not_an_object() -> String {
    "it is a text and no JSON object".to_owned()
}

fn declined(answer: &Answer) -> String {
    let words = answer.text.trim();
    if words.is_empty() {
        "it declines to answer and gives no reason; ask in other words".into()
    } else {
        words.to_owned()
    }
}

/// Joins a paused answer to its continuation.
fn joined(before: Option<Answer>, answer: Answer) -> Answer {
    let Some(mut whole) = before else {
        return answer;
    };
    whole.native = match (whole.native.take(), answer.native) {
        (Some(Value::Array(mut first)), Some(Value::Array(then))) => {
            first.extend(then);
            Some(Value::Array(first))
        }
        // Without both parts the rest is rebuilt from text and calls.
        _ => None,
    };
    whole.text.push_str(&answer.text);
    whole.calls.extend(answer.calls);
    whole.stop = answer.stop;
    whole.usage = answer.usage;
    whole
}

/// Returns the problem of a runbook's name that is not offered.
pub(crate) fn no_such_runbook(name: &str, names: &[&str]) -> String {
    match names {
        [] => format!("there is no runbook {name:?}, nor any other for this question"),
        names => format!(
            "there is no runbook {name:?}; listed are: {}",
            names.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::json_in;

    #[test]
    fn object_is_found_behind_a_sentence_and_in_a_fence() {
        for text in [
            "{\"a\": 1}",
            "Sure! {\"a\": 1}",
            "```json\n{\"a\": 1}\n```",
            "Here it is:\n```\n{\"a\": 1}\n```\nDone.",
            "{\"a\": 1} I hope that helps.",
        ] {
            assert_eq!(json_in(text), Ok(json!({"a": 1})), "{text}");
        }
        for text in ["", "no object", "{\"a\": }", "} and {"] {
            assert!(json_in(text).is_err(), "{text}");
        }
    }
}

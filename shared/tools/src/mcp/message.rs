//! Finds the answer to a request in a server's output: one message, a list of them, or events.

use domain::read_json;
use serde_json::Value;

use super::events::Events;

/// Finds the answer in a body that came whole, under any media type.
pub(super) fn in_body(body: &str, id: u32) -> Option<Value> {
    in_text(body, id).or_else(|| {
        let mut events = Events::default();
        let mut data = events.take(body.as_bytes());
        data.extend(events.finish());
        data.iter().find_map(|data| in_text(data, id))
    })
}

/// Finds the answer in a JSON text.
pub(super) fn in_text(text: &str, id: u32) -> Option<Value> {
    let messages = match read_json(text).ok()? {
        Value::Array(messages) => messages,
        message => vec![message],
    };
    messages.into_iter().find(|message| answers(message, id))
}

/// Returns the error of an answer; `null` and `false` are none.
pub(super) fn error_of(message: &Value) -> Option<&Value> {
    message
        .get("error")
        .filter(|error| !matches!(error, Value::Null | Value::Bool(false)))
}

fn answers(message: &Value, id: u32) -> bool {
    let has_error = error_of(message).is_some();
    match message.get("id") {
        // The error of a request that the server could not read. One is under way at a time.
        None | Some(Value::Null) => has_error,
        Some(given) => (has_error || message.get("result").is_some()) && is_same(given, id),
    }
}

/// Returns true for the id as a number, however it is written, and for a text of its digits.
fn is_same(given: &Value, id: u32) -> bool {
    match given {
        Value::String(text) => text.trim().parse() == Ok(id),
        given => given.as_f64() == Some(f64::from(id)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn id_is_the_same_as_number_or_text() {
        for id in ["7", "7.0", "\"7\"", "\" 7 \""] {
            let text = format!("{{\"id\":{id},\"result\":{{}}}}");
            assert!(in_text(&text, 7).is_some(), "{id}");
        }
        for id in [
            "8", "7.5", "\"7a\"", "\"\"", "true", "[7]", "{}", "null", "-7",
        ] {
            let text = format!("{{\"id\":{id},\"result\":{{}}}}");
            assert!(in_text(&text, 7).is_none(), "{id}");
        }
    }

    #[test]
    fn error_without_id_answers_the_request() {
        let text = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#;
        assert!(in_text(text, 7).is_some());
        assert!(in_text(&text.replace("\"id\":null,", ""), 7).is_some());
        assert!(in_text(&text.replace("null", "8"), 7).is_none());
    }

    #[test]
    fn answer_is_found_among_other_messages() {
        let answer = r#"{"id":7,"result":{"n":1}}"#;
        for body in [
            format!("[{{\"method\":\"notifications/progress\"}},{answer}]"),
            format!("\u{feff}{answer}\n"),
            format!("event: message\ndata: {{\"id\":6,\"result\":{{}}}}\n\ndata: {answer}"),
        ] {
            let found = in_body(&body, 7);
            assert_eq!(
                found.map(|found| found["result"]["n"].clone()),
                Some(1.into()),
                "{body}"
            );
        }
        assert!(in_body("<p>hello", 7).is_none());
    }
}

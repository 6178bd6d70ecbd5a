//! Converts a model's answer to JSON that the database can store: without U+0000, which no text there may contain, and
//! not nested deeper than its readers go.

use llm::Answer;
use serde_json::Value;

/// Returns the answer as it is stored.
///
/// # Errors
/// The reason why it cannot be stored.
pub(crate) fn kept(answer: &Answer) -> Result<Value, String> {
    let value = storable(serde_json::to_value(answer).map_err(|error| error.to_string())?);
    match runtime::unstorable(&value) {
        None => Ok(value),
        Some(problem) => Err(problem),
    }
}

/// Replaces every U+0000 of the value.
fn storable(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(text)),
        Value::Array(items) => items.into_iter().map(storable).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, field)| (clean(name), storable(field)))
            .collect(),
        other => other,
    }
}

fn clean(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use domain::ToolCallRequest;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_whose_calls_are_nested_too_deep_to_be_read_again_is_not_kept() {
        let answer = |levels: usize| {
            let arguments = (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
            let (call_id, tool) = ("c".to_owned(), "sql".to_owned());
            Answer {
                calls: vec![ToolCallRequest {
                    call_id,
                    tool,
                    arguments,
                }],
                ..Answer::default()
            }
        };
        assert!(kept(&answer(50)).is_ok());
        assert!(kept(&answer(90)).is_err());
    }

    #[test]
    fn a_nul_is_replaced_wherever_it_stands() {
        let value = json!({"a\0": ["b\0c", {"d": "\0"}], "e": 1});
        assert_eq!(
            storable(value),
            json!({"a\u{fffd}": ["b\u{fffd}c", {"d": "\u{fffd}"}], "e": 1})
        );
    }
}

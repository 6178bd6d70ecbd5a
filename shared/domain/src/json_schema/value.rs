//! Types and equality of values in JSON Schema.

use serde_json::Value;

use super::number::Number;

pub(super) fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => Number::of(value).is_some_and(Number::is_whole),
        _ => false,
    }
}

/// Returns true if two values are the same; adds the comparison to the work.
pub(super) fn same(left: &Value, right: &Value, work: &mut usize) -> bool {
    *work = work.saturating_add(1);
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => match (Number::of(left), Number::of(right)) {
            (Some(left), Some(right)) => left == right,
            _ => left == right,
        },
        (Value::String(left), Value::String(right)) => {
            *work = work.saturating_add(left.len().min(right.len()) / 64);
            left == right
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r, work))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| {
                    right
                        .get(name)
                        .is_some_and(|other| same(value, other, work))
                })
        }
        _ => left == right,
    }
}

/// Returns a text that two values share if they are the same.
pub(super) fn identity(value: &Value) -> String {
    match value {
        Value::Number(number) => match Number::of(value) {
            Some(Number::Whole(whole)) => whole.to_string(),
            Some(Number::Float(float)) => format!("{float:e}"),
            None => number.to_string(),
        },
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(identity).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(fields) => {
            let mut fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name:?}:{}", identity(value)))
                .collect();
            fields.sort();
            format!("{{{}}}", fields.join(","))
        }
        Value::String(text) => format!("{text:?}"),
        Value::Null | Value::Bool(_) => value.to_string(),
    }
}

/// Reads a limit such as `maxLength`, which may be written 5.0.
pub(super) fn count(value: &Value) -> Option<u64> {
    match Number::of(value)? {
        Number::Whole(whole) => u64::try_from(whole).ok(),
        Number::Float(_) => None,
    }
}

/// Returns the place in a document that a reference leads to.
pub(super) fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = reference.strip_prefix('#')?;
    // A pointer in the fragment of a URL may have its characters escaped.
    let pointer = percent_encoding::percent_decode_str(pointer);
    root.pointer(&pointer.decode_utf8().ok()?)
}

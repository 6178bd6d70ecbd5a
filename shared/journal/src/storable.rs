//! Makes of a model's answer what the database can keep: no U+0000, which no text there may hold.

use serde_json::Value;

/// The value with every U+0000 replaced.
pub(crate) fn storable(value: Value) -> Value {
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
    use serde_json::json;

    use super::*;

    #[test]
    fn a_nul_is_replaced_wherever_it_stands() {
        let value = json!({"a\0": ["b\0c", {"d": "\0"}], "e": 1});
        assert_eq!(
            storable(value),
            json!({"a\u{fffd}": ["b\u{fffd}c", {"d": "\u{fffd}"}], "e": 1})
        );
    }
}

//! JSON as servers and models write it: with a byte order mark, bytes that are no UTF-8, halves of surrogate pairs, or
//! written into a string once more.

use std::borrow::Cow;

use serde_json::Value;

/// Parses a body. A byte order mark is skipped; what no text can hold becomes U+FFFD.
pub fn parse(body: &[u8]) -> Result<Value, serde_json::Error> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).or_else(|error| {
        let text = String::from_utf8_lossy(body);
        let mended = without_lone_surrogates(&text);
        let is_changed = matches!(text, Cow::Owned(_)) || matches!(mended, Cow::Owned(_));
        let again = is_changed.then(|| serde_json::from_str(&mended).ok());
        again.flatten().ok_or(error)
    })
}

/// Parses a text that should be an object. One that is a string holding an object is parsed once more.
pub fn object(text: &str) -> Option<Value> {
    let value = match parse(text.as_bytes()).ok()? {
        Value::String(inner) => parse(inner.as_bytes()).ok()?,
        value => value,
    };
    value.is_object().then_some(value)
}

/// Replaces each `\ud83d` that is not one half of a pair; JSON permits it and no Unicode text can hold it.
fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_changed = false;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let taken = match unit(escape) {
            Some(0xD800..=0xDBFF) => {
                let next = escape.get(6..).and_then(unit);
                let is_pair = matches!(next, Some(0xDC00..=0xDFFF));
                let (kept, taken) = if is_pair { (12, 12) } else { (0, 6) };
                mended.push_str(escape.get(..kept).unwrap_or_default());
                if !is_pair {
                    mended.push_str("\\ufffd");
                    is_changed = true;
                }
                taken
            }
            Some(0xDC00..=0xDFFF) => {
                mended.push_str("\\ufffd");
                is_changed = true;
                6
            }
            _ => {
                // The backslash and the character that it escapes, which may be another backslash.
                let taken = escape.chars().take(2).map(char::len_utf8).sum();
                mended.push_str(escape.get(..taken).unwrap_or_default());
                taken
            }
        };
        rest = escape.get(taken..).unwrap_or_default();
    }
    if !is_changed {
        return Cow::Borrowed(text);
    }
    mended.push_str(rest);
    Cow::Owned(mended)
}

/// The UTF-16 unit of an escape at the beginning of the text.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn lone_surrogates_become_replacement_characters() {
        let cases = [
            (r#"{"a": "\ud83d"}"#, "\u{fffd}"),
            (r#"{"a": "x\ude00y"}"#, "x\u{fffd}y"),
            (r#"{"a": "\ud83d\ude00 \ud83d"}"#, "\u{1f600} \u{fffd}"),
            (r#"{"a": "\ud83d\ud83d\ude00"}"#, "\u{fffd}\u{1f600}"),
            (r#"{"a": "\\ud83d"}"#, "\\ud83d"),
            (r#"{"a": "\\\ud83d"}"#, "\\\u{fffd}"),
        ];
        for (text, expected) in cases {
            assert_eq!(
                parse(text.as_bytes()).unwrap(),
                json!({"a": expected}),
                "{text}"
            );
        }
    }

    #[test]
    fn marks_and_broken_bytes_are_read_and_broken_json_is_not() {
        assert_eq!(parse(b"\xef\xbb\xbf{\"a\": 1}").unwrap(), json!({"a": 1}));
        assert_eq!(
            parse(b"{\"a\": \"\xff\"}").unwrap(),
            json!({"a": "\u{fffd}"})
        );
        for text in ["", "{", "{\"a\": \"\\ud83d", "{\"a\": \\ud83d}", "nothing"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn object_in_a_string_is_read_once_more() {
        assert_eq!(object("{\"a\": 1}"), Some(json!({"a": 1})));
        assert_eq!(object("\"{\\\"a\\\": 1}\""), Some(json!({"a": 1})));
        for text in ["[1]", "\"text\"", "\"\\\"{}\\\"\"", "1", ""] {
            assert_eq!(object(text), None, "{text}");
        }
    }
}

//! Reads JSON that others wrote: MCP servers, APIs, models.
//!
//! Strict JSON is read as it is. Common mistakes of widespread writers are also read, in the way that keeps the most,
//! because the answer is often the only trace of an effect that has happened:
//!
//! - a byte order mark before the value is skipped;
//! - a surrogate without its other half, and U+0000, which Postgres cannot hold, become U+FFFD;
//! - control characters inside strings are read as themselves;
//! - `NaN` and infinities become null, as JavaScript writes them;
//! - whole numbers beyond 64 bits, and numbers beyond a double, become texts with all their digits.
//!
//! Any other invalid JSON stays an error. Text from here is written by `serde_json`, which is strict.

use serde_json::Value;

/// Reads a JSON text.
///
/// # Errors
/// As [`serde_json::from_str`], for the text after the repairs above.
pub fn read_json(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&repaired(text))
}

fn repaired(text: &str) -> String {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut written = String::with_capacity(rest.len());
    while let Some(letter) = rest.chars().next() {
        if letter == '"' {
            written.push('"');
            rest = repair_string(rest.get(1..).unwrap_or_default(), &mut written);
        } else if is_of_token(letter) {
            let end = rest.find(|letter| !is_of_token(letter));
            let (token, after) = rest.split_at(end.unwrap_or(rest.len()));
            repair_token(token, &mut written);
            rest = after;
        } else {
            written.push(letter);
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        }
    }
    written
}

fn is_of_token(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.')
}

fn repair_token(token: &str, written: &mut String) {
    let digits = token.strip_prefix('-').unwrap_or(token);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = serde_json::from_str::<serde_json::Number>(token).is_ok();
    let is_lost = match is_whole {
        // A leading zero is no JSON, and stays an error.
        true => {
            is_number && token.parse::<i64>().is_err() && token.parse::<u64>().is_err()
                || !is_number && !digits.starts_with('0')
        }
        false => {
            // Whether serde_json takes such a number depends on a feature of it that other crates switch on.
            digits.starts_with(|letter: char| letter.is_ascii_digit())
                && !digits.starts_with("00")
                && token.parse::<f64>().is_ok_and(f64::is_infinite)
        }
    };
    if is_lost {
        written.push('"');
        written.push_str(token);
        written.push('"');
    } else if matches!(token, "NaN" | "Infinity" | "-Infinity" | "+Infinity") {
        written.push_str("null");
    } else {
        written.push_str(token);
    }
}

/// Writes a string up to and with its closing quote, and returns what follows it.
fn repair_string<'a>(mut rest: &'a str, written: &mut String) -> &'a str {
    while let Some(letter) = rest.chars().next() {
        let after = rest.get(letter.len_utf8()..).unwrap_or_default();
        rest = match letter {
            '"' => {
                written.push('"');
                return after;
            }
            '\\' => repair_escape(after, written),
            '\0' => {
                written.push('\u{fffd}');
                after
            }
            letter if u32::from(letter) < 0x20 => {
                written.push_str(&format!("\\u{:04x}", u32::from(letter)));
                after
            }
            letter => {
                written.push(letter);
                after
            }
        };
    }
    rest
}

/// Writes the escape that follows a backslash, and returns what follows it.
fn repair_escape<'a>(rest: &'a str, written: &mut String) -> &'a str {
    let Some(unit) = code_unit(rest) else {
        written.push('\\');
        let kind = rest.chars().next();
        written.extend(kind);
        return rest
            .get(kind.map_or(0, char::len_utf8)..)
            .unwrap_or_default();
    };
    let after = rest.get(5..).unwrap_or_default();
    let second = after.strip_prefix('\\').and_then(code_unit);
    match (unit, second) {
        (0xd800..=0xdbff, Some(0xdc00..=0xdfff)) => {
            written.push('\\');
            written.push_str(rest.get(..11).unwrap_or_default());
            rest.get(11..).unwrap_or_default()
        }
        (0 | 0xd800..=0xdfff, _) => {
            written.push('\u{fffd}');
            after
        }
        _ => {
            written.push('\\');
            written.push_str(rest.get(..5).unwrap_or_default());
            after
        }
    }
}

/// Returns the code unit of `uXXXX` at the start of a text.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix('u')?.get(..4)?;
    let are_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16)
        .ok()
        .filter(|_| are_hexadecimal)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn common_faults_are_read() {
        for (text, value) in [
            ("\u{feff}{\"a\":1}", json!({"a": 1})),
            (r#"["\ud83d"]"#, json!(["\u{fffd}"])),
            (r#"["\ude00x"]"#, json!(["\u{fffd}x"])),
            (r#"["\ud83d\ud83d\ude00"]"#, json!(["\u{fffd}😀"])),
            (r#"["\ud83d\n"]"#, json!(["\u{fffd}\n"])),
            (r#"{"a\u0000":"\u0000"}"#, json!({"a\u{fffd}": "\u{fffd}"})),
            ("[\"a\0b\nc\td\"]", json!(["a\u{fffd}b\nc\td"])),
            (
                "[NaN,-Infinity, Infinity , 1]",
                json!([null, null, null, 1]),
            ),
            (
                "[123456789012345678901, -123456789012345678901]",
                json!(["123456789012345678901", "-123456789012345678901"]),
            ),
            ("[1e400, -1.5E+400]", json!(["1e400", "-1.5E+400"])),
        ] {
            assert_eq!(read_json(text).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn invalid_json_is_an_error() {
        for text in [
            "",
            "{",
            "{\"a\":nan}",
            "[01]",
            "[1 2]",
            "{} {}",
            "{'a':1}",
            r#"["\x"]"#,
            r#"["\u12"]"#,
            "[\"a",
            "[undefined]",
            "[1e]",
            "[--1]",
            "<html>",
        ] {
            assert!(read_json(text).is_err(), "{text}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[^\0]*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[^\0]*", inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn strict_json_reads_as_it_is(value in values()) {
            let text = value.to_string();
            prop_assert_eq!(read_json(&text).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                prop_assert!(read_json(&text).is_ok(), "{value}");
            }
        }
    }
}

//! Parses untrusted JSON, with bounds on depth, on the number of values and on numbers.
//!
//! The bounds are checked on the text, before a single value is allocated: a megabyte of `[[[[…` or `[0,0,0,…` becomes
//! many times its size once parsed, and `1e131071` becomes 131,072 digits in Postgres. Text that Postgres could not
//! store (a NUL) and objects that two readers could read differently (a key twice) are refused too.

mod unique;

use serde_json::Value;

use crate::Refusal;

/// The deepest nesting of an untrusted body.
pub const MAX_JSON_DEPTH: usize = 32;

/// The most values in an untrusted body: scalars, lists and objects all count.
pub const MAX_JSON_NODES: usize = 10_000;

/// The most digits of a number, once it is written out without an exponent.
pub const MAX_JSON_DIGITS: usize = 308;

/// Parses an untrusted body.
///
/// # Errors
/// A refusal with status 400 if it is no JSON, nested deeper than [`MAX_JSON_DEPTH`], of more than
/// [`MAX_JSON_NODES`] values, or holds a number of more than [`MAX_JSON_DIGITS`] digits, a NUL, or a key twice in
/// one object.
pub fn untrusted_json(body: &[u8]) -> Result<Value, Refusal> {
    check_bounds(body)?;
    if !unique::has_unique_keys(body)? {
        return Err(Refusal::bad_request(
            "json_duplicate_key",
            "an object of the body has the same key twice; send each once",
        ));
    }
    serde_json::from_slice(body).map_err(|_| Refusal::INVALID_JSON)
}

fn check_bounds(body: &[u8]) -> Result<(), Refusal> {
    let mut depth = 0_usize;
    // Each opening bracket and each comma introduces at most one value, besides the outermost one.
    let mut nodes = 1_usize;
    let mut rest = body;
    while let Some((byte, after)) = rest.split_first() {
        rest = match byte {
            b'"' => after_text(after)?,
            b'-' | b'0'..=b'9' => after_number(rest)?,
            _ => after,
        };
        match byte {
            b'{' | b'[' => {
                depth = depth.saturating_add(1);
                nodes = nodes.saturating_add(1);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => nodes = nodes.saturating_add(1),
            _ => {}
        }
        if depth > MAX_JSON_DEPTH {
            return Err(Refusal::bad_request(
                "json_too_deep",
                "the body is nested deeper than 32 levels; send a flatter one",
            ));
        }
        if nodes > MAX_JSON_NODES {
            return Err(Refusal::bad_request(
                "json_too_many_values",
                "the body holds more than 10000 values; send fewer, or store them in a table and refer to it",
            ));
        }
    }
    Ok(())
}

/// Returns the rest after a text whose opening quote has been read.
fn after_text(mut rest: &[u8]) -> Result<&[u8], Refusal> {
    loop {
        rest = match rest {
            [] => return Ok(rest),
            [b'"', after @ ..] => return Ok(after),
            [b'\\', b'u', b'0', b'0', b'0', b'0', ..] => {
                return Err(Refusal::bad_request(
                    "json_nul",
                    "the body holds the character U+0000, which cannot be stored; leave it out",
                ));
            }
            [b'\\', _, after @ ..] | [_, after @ ..] => after,
        };
    }
}

/// Returns the rest after a number.
fn after_number(text: &[u8]) -> Result<&[u8], Refusal> {
    let end = text
        .iter()
        .position(|byte| !matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let mut parts = number.splitn(2, |byte| matches!(byte, b'e' | b'E'));
    let digits = parts.next().map_or(0, count_digits);
    let exponent = parts.next().map_or(0, magnitude);
    if digits.saturating_add(exponent) > MAX_JSON_DIGITS {
        return Err(Refusal::bad_request(
            "json_number_too_long",
            "a number of the body has more than 308 digits when it is written out; send it as text",
        ));
    }
    Ok(rest)
}

fn count_digits(text: &[u8]) -> usize {
    text.iter().filter(|byte| byte.is_ascii_digit()).count()
}

/// Returns the size of an exponent without its sign.
fn magnitude(exponent: &[u8]) -> usize {
    exponent
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .fold(0_usize, |sum, byte| {
            sum.saturating_mul(10)
                .saturating_add(usize::from(byte.saturating_sub(b'0')))
        })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]
    use super::*;

    fn code_of(body: impl AsRef<[u8]>) -> &'static str {
        let refusal = untrusted_json(body.as_ref()).unwrap_err();
        assert_eq!(refusal.status, 400);
        refusal.code
    }

    #[test]
    fn more_than_32_levels_are_refused() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(untrusted_json(nested(32).as_bytes()).is_ok());
        assert_eq!(code_of(nested(33)), "json_too_deep");
        assert_eq!(code_of("[".repeat(1_000_000)), "json_too_deep");
    }

    #[test]
    fn sibling_values_share_one_level() {
        let flat = format!("[{}{{}}]", "[],{},".repeat(50));
        assert!(untrusted_json(flat.as_bytes()).is_ok());
    }

    #[test]
    fn more_than_ten_thousand_values_are_refused() {
        let list = |scalars: usize| format!("[{}]", vec!["0"; scalars].join(","));
        assert!(untrusted_json(list(9_999).as_bytes()).is_ok());
        assert_eq!(code_of(list(10_000)), "json_too_many_values");
    }

    #[test]
    fn brackets_and_commas_in_text_are_ignored() {
        let text = format!(r#"{{"a":"{}\"{}\\"}}"#, "[".repeat(100), ",".repeat(20_000));
        assert!(untrusted_json(text.as_bytes()).is_ok());
    }

    #[test]
    fn invalid_json_is_refused() {
        for body in [
            &b""[..],
            b"{",
            b"\"",
            b"\"\\",
            b"-",
            b"1e",
            b"\xff\xfe",
            b"\"\xff\"",
            b"\"\x00\"",
            b"\"\\ud800\"",
            b"{\"a\":1}x",
            b"{'a':1}",
            b"NaN",
            b"\xef\xbb\xbf{}",
        ] {
            assert_eq!(
                code_of(body),
                "invalid_json",
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn number_over_308_digits_is_refused() {
        for (whole, tail) in [("1", "e307"), ("1", "e-307"), ("-1.5", "E+306"), ("0", "")] {
            assert!(untrusted_json(format!("[{whole}{tail}]").as_bytes()).is_ok());
        }
        assert!(untrusted_json("9".repeat(308).as_bytes()).is_ok());
        for number in [
            "1e308",
            "1e-308",
            "0e-16383",
            "1e131071",
            "1e99999999999999999999",
            &"9".repeat(309),
            &format!("0.{}", "0".repeat(308)),
        ] {
            assert_eq!(code_of(number), "json_number_too_long", "{number}");
        }
        assert!(untrusted_json(br#"{"1e999": "1e999"}"#).is_ok());
    }

    #[test]
    fn only_real_nul_is_refused() {
        for body in [r#""\u0000""#, r#"{"\u0000":1}"#, r#""\\\u0000""#] {
            assert_eq!(code_of(body), "json_nul", "{body}");
        }
        for body in [r#""\\u0000""#, r#""\u0001""#, r#""0000""#] {
            assert!(untrusted_json(body.as_bytes()).is_ok(), "{body}");
        }
    }

    #[test]
    fn repeated_key_in_object_is_refused() {
        for body in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":[{"c":1,"d":2,"c":3}]}}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"":1,"":2}"#,
        ] {
            assert_eq!(code_of(body), "json_duplicate_key", "{body}");
        }
        let apart = r#"[{"a":1},{"a":{"a":[{"a":1.5}]}},{"a":null,"A":true}]"#;
        assert!(untrusted_json(apart.as_bytes()).is_ok());
    }
}

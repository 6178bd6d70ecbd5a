//! Parses JSON that a stranger may have written, with bounds on depth and on the number of values.
//!
//! Both bounds are checked on the text, before a single value is allocated: a megabyte of `[[[[…` or `[0,0,0,…`
//! becomes many times its size once parsed.

use serde_json::Value;

use crate::Refusal;

/// The deepest nesting of an untrusted body.
pub const MAX_JSON_DEPTH: usize = 32;

/// The most values in an untrusted body: scalars, lists and objects all count.
pub const MAX_JSON_NODES: usize = 10_000;

/// Parses an untrusted body.
///
/// # Errors
/// A refusal with status 400 if it is no JSON, nested deeper than [`MAX_JSON_DEPTH`], or of more than
/// [`MAX_JSON_NODES`] values.
pub fn untrusted_json(body: &[u8]) -> Result<Value, Refusal> {
    check_bounds(body)?;
    serde_json::from_slice(body).map_err(|_| {
        Refusal::bad_request(
            "invalid_json",
            "the body is not valid JSON; send one JSON object",
        )
    })
}

fn check_bounds(body: &[u8]) -> Result<(), Refusal> {
    let mut depth = 0_usize;
    // Each opening bracket and each comma introduces at most one value, beside the outermost one.
    let mut nodes = 1_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in body {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
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

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]
    use super::*;

    #[test]
    fn thirty_two_levels_are_read_and_thirty_three_are_refused() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(untrusted_json(nested(32).as_bytes()).is_ok());
        let refusal = untrusted_json(nested(33).as_bytes()).unwrap_err();
        assert_eq!((refusal.status, refusal.code), (400, "json_too_deep"));
    }

    #[test]
    fn ten_thousand_values_are_read_and_one_more_is_refused() {
        let list = |scalars: usize| format!("[{}]", vec!["0"; scalars].join(","));
        assert!(untrusted_json(list(9_999).as_bytes()).is_ok());
        let refusal = untrusted_json(list(10_000).as_bytes()).unwrap_err();
        assert_eq!(
            (refusal.status, refusal.code),
            (400, "json_too_many_values")
        );
    }

    #[test]
    fn brackets_and_commas_inside_text_do_not_count() {
        let text = format!(r#"{{"a":"{}\"{}\\"}}"#, "[".repeat(100), ",".repeat(20_000));
        assert!(untrusted_json(text.as_bytes()).is_ok());
    }

    #[test]
    fn text_that_is_no_json_is_refused() {
        for body in [&b""[..], b"{", b"\xff\xfe", b"{\"a\":1}x", b"{'a':1}"] {
            assert_eq!(untrusted_json(body).unwrap_err().code, "invalid_json");
        }
    }
}

//! Bounds of a step's result, besides its size, which the database checks.
//!
//! A result is sent to later steps inside other JSON, and every reader of JSON stops at some depth: one that is too
//! deep could be stored and then never be claimed again, nor could its neighbours in the same claim. A number with a
//! long exponent is short here and 131,072 digits there.

use serde_json::Value;
use store::{Outcome, StepError};

/// The deepest nesting of a result. A claim adds fewer than ten levels around it, and readers stop at 128.
const MAX_DEPTH: usize = 64;
/// The most digits of a number, and the longest exponent: more than any floating-point number has.
const MAX_DIGITS: usize = 400;

/// Returns the outcome, or a failure in its place with the problem of its result.
pub(super) fn checked(outcome: Outcome) -> Outcome {
    let problem = match &outcome {
        Outcome::Completed { result } => problem(result),
        _ => None,
    };
    problem.map_or(outcome, |problem| {
        Outcome::failed(StepError::terminal("result_not_storable", problem))
    })
}

/// Returns why the database, or a reader of the stored value, could not take it; none if both can. Checks every value
/// without recursion, because the depth is unknown.
#[must_use]
pub fn problem(result: &Value) -> Option<String> {
    let mut open = vec![(result, 1_usize)];
    while let Some((value, depth)) = open.pop() {
        match value {
            Value::Array(_) | Value::Object(_) if depth > MAX_DEPTH => {
                return Some(format!(
                    "the result is nested deeper than {MAX_DEPTH} levels; return a flatter one"
                ));
            }
            Value::Array(items) => {
                open.extend(items.iter().map(|item| (item, depth.saturating_add(1))));
            }
            Value::Object(fields) => {
                if fields.keys().any(|key| key.contains('\0')) {
                    return Some(nul());
                }
                open.extend(
                    fields
                        .values()
                        .map(|field| (field, depth.saturating_add(1))),
                );
            }
            Value::String(text) if text.contains('\0') => return Some(nul()),
            Value::Number(number) if is_too_long(&number.to_string()) => {
                return Some(format!(
                    "the result holds a number of more than {MAX_DIGITS} digits; return it as text"
                ));
            }
            _ => {}
        }
    }
    None
}

fn nul() -> String {
    "the result holds the character U+0000, which cannot be stored; leave it out".to_owned()
}

fn is_too_long(number: &str) -> bool {
    let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent = exponent.trim_start_matches(['+', '-']).parse::<usize>();
    digits.len() > MAX_DIGITS || exponent.map_or(true, |exponent| exponent > MAX_DIGITS)
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
    use serde_json::json;

    fn is_kept(result: &Value) -> bool {
        let outcome = checked(Outcome::Completed {
            result: result.clone(),
        });
        match outcome {
            Outcome::Completed { result: kept } => kept == *result,
            Outcome::Failed { error, .. } => {
                assert_eq!(error.code, "result_not_storable");
                assert!(!error.retryable);
                false
            }
            other => panic!("{other:?}"),
        }
    }

    fn nested(levels: usize) -> Value {
        (1..levels).fold(json!([]), |inner, level| match level % 2 {
            0 => json!([inner]),
            _ => json!({"a": inner, "b": level}),
        })
    }

    #[test]
    fn result_deeper_than_64_levels_fails_step() {
        assert!(is_kept(&nested(64)));
        assert!(!is_kept(&nested(65)));
        assert!(!is_kept(&nested(2_000)));
    }

    #[test]
    fn text_postgres_cannot_store_fails_step() {
        for result in [json!("a\0"), json!([{"a\0": 1}]), json!({"a": ["\0"]})] {
            assert!(!is_kept(&result), "{result}");
        }
        assert!(is_kept(&json!({"a\u{1}": "\\u0000"})));
    }

    #[test]
    fn number_with_long_exponent_fails_step() {
        assert!(is_kept(&json!([
            0,
            -1.5,
            1e300,
            1e-300,
            u64::MAX,
            null,
            true
        ])));
        for number in [
            "1e131071",
            "0e-16383",
            "1E+401",
            "1e99999999999999999999",
            &"9".repeat(401),
        ] {
            assert!(is_too_long(number), "{number}");
        }
        assert!(!is_too_long("-1.7976931348623157e308"));
    }
}

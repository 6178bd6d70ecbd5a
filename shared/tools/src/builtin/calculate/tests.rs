//! Values of expressions, and messages of refusals.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn text(expression: &str) -> String {
    match call(&json!({"expression": expression})) {
        Ok(result) => result["text"].as_str().unwrap().to_owned(),
        Err(error) => error.message,
    }
}

#[test]
fn arithmetic_is_exact_in_decimals() {
    let cases = [
        ("1 + 2 * 3", "7"),
        ("12 * (3+4)", "84"),
        ("0.1 + 0.2", "0.3"),
        ("17% of 2,340", "397.8"),
        ("17% of 2340", "397.8"),
        ("1,234,567.5 * 2", "2469135"),
        ("200 + 10%", "220"),
        ("200 - 10%", "180"),
        ("50%", "0.5"),
        ("10% + 5", "5.1"),
        ("17 % 5", "2"),
        ("17 % (2 + 3)", "2"),
        ("2^10", "1024"),
        ("2^-2", "0.25"),
        ("2^3^2", "512"),
        ("-2^2", "-4"),
        ("(-2)^2", "4"),
        ("--3", "3"),
        ("10 / 4", "2.5"),
        ("1/3", "0.333333333333"),
        ("2/3*3", "2"),
        ("avg(3, 5, 9)", "5.666666666667"),
        ("average(1,2,3)", "2"),
        ("sum(1,234)", "235"),
        ("max(1, 2,345)", "345"),
        ("min(3, -1)", "-1"),
        ("round(2.5)", "3"),
        ("round(-2.345, 2)", "-2.35"),
        ("sqrt(2) ^ 2", "2"),
        ("abs(-7)", "7"),
        ("6 × 7 ÷ 2 − 1", "20"),
        ("SUM((1,000), 1)", "1001"),
        (".5 + 1.", "1.5"),
        ("1000 - 3 * 250.25", "249.25"),
        ("3 - -3", "6"),
        ("19.99 * 3", "59.97"),
        ("1.1 * 1.1", "1.21"),
        ("9007199254740993 + 0", "9007199254740993"),
    ];
    for (expression, expected) in cases {
        assert_eq!(text(expression), expected, "{expression}");
    }
}

#[test]
fn whole_value_is_whole_json_number() {
    assert_eq!(
        call(&json!({"expression": "12 * 7"})).unwrap()["value"],
        json!(84)
    );
    assert_eq!(
        call(&json!({"expression": "0.1+0.2"})).unwrap()["value"],
        json!(0.3)
    );
}

#[test]
fn invalid_expression_has_a_reason() {
    let cases = [
        ("1 / 0", "divides by zero"),
        ("1 % 0 + 1", "divides by zero"),
        ("0^-1", "divides by zero"),
        ("", "ends where a number"),
        ("2 +", "ends where a number"),
        ("(1", "`)` is missing"),
        ("1 2", "`2` is not expected"),
        ("1)", "`)` is not expected"),
        ("two + 2", "`two` is not known"),
        ("pow(2, 3)", "no function `pow`"),
        ("2^0.5", "whole number"),
        ("sqrt(-1)", "not negative"),
        ("10^40", "too large"),
        ("99999999999999999999999999999999", "too large"),
        ("1; drop", "`;` is not expected"),
        ("sum()", "number is missing"),
        ("2^99999999", "too large"),
        ("abs(1, 2)", "one number"),
        ("1 * * 2", "number is missing"),
        (".", "point without digits"),
    ];
    for (expression, part) in cases {
        let error = evaluate(expression).unwrap_err().to_string();
        assert!(error.contains(part), "{expression}: {error}");
    }
    assert!(evaluate(&"(".repeat(1_000)).is_err());
    assert!(evaluate(&"-".repeat(1_999)).is_err());
    assert!(evaluate(&format!("2{}", "^2".repeat(900))).is_err());
    assert!(evaluate(&"1".repeat(2_001)).is_err());
}

proptest! {
    #[test]
    fn any_text_gives_value_or_reason(text in "[0-9+*/%^(). ,a-z-]{0,40}", other in ".{0,30}") {
        let _ = evaluate(&text);
        let _ = evaluate(&other);
    }

    #[test]
    fn sums_and_differences_agree_with_whole_numbers(a in -1_000_000_000_i64..1_000_000_000, b in -1_000_000_000_i64..1_000_000_000) {
        prop_assert_eq!(text(&format!("({a}) - ({b})")), (a - b).to_string());
        prop_assert_eq!(text(&format!("({a}) * ({b})")), (i128::from(a) * i128::from(b)).to_string());
    }
}

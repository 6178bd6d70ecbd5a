//! Shapes of checks, good and bad, and their verdicts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::{Map, Value, json};

use super::*;

/// Evaluates a check over two steps.
fn evaluated(check: &Value) -> Result<crate::expression::Check, String> {
    let names = json!({"steps": {
        "count": {"n": 7, "price": 10.3, "exact": "123456789012345678901", "words": "lots"},
        "text": {"text": "Order 4711 was sent.", "tags": ["a", "b"]},
    }});
    match CriterionCheck::read(check).unwrap().unwrap() {
        CriterionCheck::Results(check) => check.evaluate(&names),
        other => panic!("{other:?} needs more than results"),
    }
}

fn holds(check: &Value) -> bool {
    evaluated(check).unwrap().holds
}

#[test]
fn text_is_an_expression_and_other_values_are_no_check() {
    assert!(holds(&json!("steps.count.n == 7")));
    for none in [json!(null), json!(""), json!(5), json!(true), json!([])] {
        assert_eq!(CriterionCheck::read(&none), Ok(None), "{none}");
    }
}

#[test]
fn short_forms_of_query_and_question_are_read() {
    for short in [
        json!({"sql": "select true"}),
        json!({"sql": {"query": "select true", "expect": null}, "person": null}),
    ] {
        let CriterionCheck::Sql(check) = CriterionCheck::read(&short).unwrap().unwrap() else {
            panic!("{short}");
        };
        assert_eq!((check.query.as_str(), check.expect), ("select true", None));
    }
    let role = json!({"person": {"question": "Is it good?", "required_role": "admin"}});
    let expected = PersonCheck {
        question: "Is it good?".into(),
        required_role: Some("admin".into()),
    };
    assert_eq!(
        CriterionCheck::read(&role),
        Ok(Some(CriterionCheck::Person(expected)))
    );
    let short = CriterionCheck::read(&json!({"person": "Is it good?"})).unwrap();
    assert!(matches!(
        short,
        Some(CriterionCheck::Person(PersonCheck {
            required_role: None,
            ..
        }))
    ));
}

#[test]
fn object_of_another_shape_is_refused_by_its_part() {
    let cases = [
        (
            json!({}),
            "exactly one of sql, matches, schema, number, person",
        ),
        (
            json!({"sql": "select 1", "person": "ok?"}),
            "exactly one of",
        ),
        (json!({"regex": "a"}), "check.regex is no kind of check"),
        (json!({"sql": 7}), "check.sql: "),
        (json!({"sql": ""}), "check.sql: "),
        (json!({"sql": {"expect": 1}}), "check.sql: "),
        (
            json!({"sql": {"query": "select 1", "expect": [1]}}),
            "check.sql: ",
        ),
        (json!({"matches": "a"}), "check.matches: "),
        (json!({"matches": {"value": "a"}}), "check.matches: "),
        (json!({"matches": {"pattern": "a"}}), "check.matches: "),
        (
            json!({"matches": {"value": "a", "pattern": "a", "flags": "i"}}),
            "check.matches: ",
        ),
        (
            json!({"schema": {"value": "a", "schema": true}}),
            "check.schema: ",
        ),
        (
            json!({"number": {"value": 1}}),
            "check.number: it needs either equals",
        ),
        (
            json!({"number": {"value": 1, "equals": 1, "at_most": 2}}),
            "check.number: it needs either equals",
        ),
        (
            json!({"number": {"value": 1, "at_most": 2, "tolerance": 1}}),
            "check.number: tolerance goes with equals",
        ),
        (
            json!({"number": {"value": 1, "equals": 1, "tolerance": -1}}),
            "check.number: ",
        ),
        (
            json!({"number": {"value": 1, "equals": "1"}}),
            "check.number: ",
        ),
        (
            json!({"number": {"value": [1], "equals": 1}}),
            "check.number: ",
        ),
        (json!({"person": {"question": ""}}), "check.person: "),
        (
            json!({"person": {"question": "ok?", "required_role": "king"}}),
            "check.person: ",
        ),
    ];
    for (check, part) in cases {
        let problem = CriterionCheck::read(&check).unwrap_err();
        assert!(problem.contains(part), "{check}: {problem}");
    }
}

#[test]
fn pattern_is_found_in_text_or_number() {
    let matches =
        |value: Value, pattern: &str| json!({"matches": {"value": value, "pattern": pattern}});
    assert!(holds(&matches(
        json!("{{ steps.text.text }}"),
        r"Order \d{4} was"
    )));
    assert!(!holds(&matches(json!("{{ steps.text.text }}"), r"^\d+$")));
    assert!(holds(&matches(json!("{{ steps.count.n }}"), "^7$")));
    let evidence = evaluated(&matches(json!("{{ steps.count.words }}"), "few"))
        .unwrap()
        .evidence;
    assert_eq!(evidence, "\"lots\" does not match `few`");
    for (value, reason) in [
        ("{{ steps.text.tags }}", "neither a text nor a number"),
        ("{{ steps.lost.text }}", "cannot be filled in"),
        (&"x".repeat(70_000), "more than 65536 bytes"),
    ] {
        let unknown = evaluated(&matches(json!(value), "a")).unwrap_err();
        assert!(unknown.contains(reason), "{unknown}");
    }
}

#[test]
fn pattern_or_schema_without_use_is_a_problem() {
    for (check, part) in [
        (
            json!({"matches": {"value": "a", "pattern": "("}}),
            "pattern cannot be used",
        ),
        (
            json!({"matches": {"value": "a", "pattern": r"\w{9}{99}{99}"}}),
            "pattern cannot be used",
        ),
        (
            json!({"schema": {"value": "a", "schema": {"type": "texts"}}}),
            "schema cannot be used",
        ),
    ] {
        let Some(CriterionCheck::Results(read)) = CriterionCheck::read(&check).unwrap() else {
            panic!("{check}");
        };
        let (_, message) = read.problem().unwrap();
        assert!(message.contains(part), "{message}");
        assert!(evaluated(&check).unwrap_err().contains(part), "{check}");
    }
}

#[test]
fn value_is_checked_by_the_schema() {
    let of = |schema: Value| json!({"schema": {"value": "{{ steps.text }}", "schema": schema}});
    assert!(holds(&of(
        json!({"type": "object", "required": ["text", "tags"]})
    )));
    let unmet = evaluated(&of(json!({"properties": {"tags": {"maxItems": 1}}}))).unwrap();
    assert!(!unmet.holds && unmet.evidence.contains("tags"), "{unmet:?}");
}

#[test]
fn number_is_near_a_value_or_within_bounds() {
    let of = |value: &str, fields: Value| {
        let mut number = fields;
        number["value"] = json!(format!("{{{{ steps.count.{value} }}}}"));
        json!({"number": number})
    };
    for (check, expected) in [
        (of("n", json!({"equals": 7})), true),
        (of("n", json!({"equals": 7.5})), false),
        (of("n", json!({"equals": 7.5, "tolerance": 0.5})), true),
        (of("price", json!({"equals": 10.2, "tolerance": 0.1})), true),
        (
            of("price", json!({"equals": 10.2, "tolerance": 0.09})),
            false,
        ),
        (of("n", json!({"at_least": 7})), true),
        (of("n", json!({"at_least": 7.1})), false),
        (of("n", json!({"at_most": 7})), true),
        (of("n", json!({"at_least": 1, "at_most": 6})), false),
        (of("exact", json!({"at_least": 1e20})), true),
    ] {
        assert_eq!(holds(&check), expected, "{check}");
    }
    let evidence = |fields: Value| evaluated(&of("n", fields)).unwrap().evidence;
    assert_eq!(
        evidence(json!({"equals": 6, "tolerance": 0.5})),
        "7 is not 6 ± 0.5"
    );
    assert_eq!(
        evidence(json!({"at_least": 1, "at_most": 9})),
        "7 is at least 1 and at most 9"
    );
    let unknown = evaluated(&of("words", json!({"equals": 1}))).unwrap_err();
    assert_eq!(unknown, "\"lots\" is not a number");
}

#[test]
fn query_is_decided_by_one_row() {
    let compared = |expect: Value, rows: Value| {
        let rows: Vec<Map<String, Value>> = serde_json::from_value(rows).unwrap();
        let check = json!({"sql": {"query": "select", "expect": expect}});
        match CriterionCheck::read(&check).unwrap().unwrap() {
            CriterionCheck::Sql(check) => check.compare(&rows).map(|check| check.holds),
            other => panic!("{other:?}"),
        }
    };
    for (expect, rows, expected) in [
        (json!(null), json!([{"ok": true}]), true),
        (json!(null), json!([{"ok": false}]), false),
        (json!(2), json!([{"n": 2}]), true),
        (json!(2.0), json!([{"n": 2}]), true),
        (json!(3), json!([{"n": 2}]), false),
        (json!("paid"), json!([{"state": "paid"}]), true),
        (json!(false), json!([{"ok": false}]), true),
        (json!({"n": 2}), json!([{"n": 2, "m": 5}]), true),
        (json!({"n": 2, "m": 4}), json!([{"n": 2, "m": 5}]), false),
    ] {
        assert_eq!(
            compared(expect.clone(), rows.clone()),
            Ok(expected),
            "{expect} {rows}"
        );
    }
    for (expect, rows, reason) in [
        (json!(null), json!([]), "no row"),
        (json!(1), json!([{"n": 1}, {"n": 1}]), "more than one row"),
        (json!(null), json!([{"ok": null}]), "neither true nor false"),
        (json!(null), json!([{"n": 1}]), "neither true nor false"),
        (json!(1), json!([{"n": 1, "m": 1}]), "2 columns"),
        (json!({"x": 1}), json!([{"n": 1}]), "no column \"x\""),
    ] {
        let unknown = compared(expect, rows).unwrap_err();
        assert!(unknown.contains(reason), "{unknown}");
    }
}

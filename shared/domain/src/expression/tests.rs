//! Values of expressions, and the bounds that no expression and no data can exceed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn context() -> Value {
    json!({
        "steps": {"sizes": {"columns": ["name", "bytes"], "row_count": 2, "text": "two",
                  "rows": [{"name": "orders", "bytes": 10}, {"name": "a|b\n<i>", "bytes": 2.5}]}},
        "goal": {"title": "Audit"}, "parameters": {}, "now": "2026-01-02T03:04:05Z"
    })
}

#[test]
fn string_of_one_expression_becomes_json_value() {
    let arguments = json!({
        "rows": "{{ steps.sizes.rows }}", "count": " {{ steps.sizes.row_count + 1 }} ",
        "names": ["{{ steps.sizes.rows|map(attribute='name')|list }}"], "braces": "{{ '}}' }}", "plain": 7, "none": null
    });
    let rendered = render(&arguments, &context()).unwrap();
    assert_eq!(rendered["rows"], context()["steps"]["sizes"]["rows"]);
    assert_eq!(rendered["count"], json!(3));
    assert_eq!(rendered["names"], json!([["orders", "a|b\n<i>"]]));
    assert_eq!(
        (&rendered["braces"], &rendered["plain"], &rendered["none"]),
        (&json!("}}"), &json!(7), &json!(null))
    );
}

#[test]
fn other_strings_are_rendered_unescaped() {
    let rendered = |text: &str| render(&json!(text), &context()).unwrap();
    assert_eq!(
        rendered("{{ goal.title }} & {{ steps.sizes.text }}"),
        json!("Audit & two")
    );
    assert_eq!(
        rendered("{% for r in steps.sizes.rows %}{{ r.name }};{% endfor %}"),
        json!("orders;a|b\n<i>;")
    );
    assert_eq!(rendered("select 1"), json!("select 1"));
}

#[test]
fn template_in_a_result_is_not_rendered() {
    let context =
        json!({"steps": {"a": {"text": "{{ goal.title }}"}}, "goal": {"title": "secret"}});
    assert_eq!(
        render(&json!("{{ steps.a.text }}"), &context).unwrap(),
        json!("{{ goal.title }}")
    );
    assert_eq!(
        render_report("x {{ steps.a.text }}", &context).unwrap(),
        "x {{ goal.title }}"
    );
}

#[test]
fn missing_name_is_an_error() {
    for text in [
        "{{ steps.nothing }}",
        "{{ steps.nothing.rows }}",
        "a {{ goal.nothing }}",
        "{{ [goal.nothing] }}",
    ] {
        let error = render(&json!(text), &context()).unwrap_err();
        assert!(matches!(error, Error::Undefined(_)), "{text}: {error}");
    }
    assert_eq!(
        render(&json!("{{ goal.nothing|default('x') }}"), &context()).unwrap(),
        json!("x")
    );
}

#[test]
fn invalid_expression_is_a_syntax_error() {
    for text in [
        "{{ 1 +",
        "{{ 1 + }}",
        "{% if %}",
        "{{ a|nofilter }}",
        "{% include 'x' %}",
        "{{ include('x') }}",
    ] {
        let error = render(&json!(text), &json!({"a": 1})).unwrap_err();
        assert!(matches!(error, Error::Syntax(_)), "{text}: {error}");
    }
    assert!(references_in_template("{{ steps.a.b }}").is_ok());
    assert!(references_in_template("{{ steps.a.b ").is_err());
    assert!(references_in_expression("steps.a == 1").is_ok());
    assert!(references_in_expression("steps.a ==").is_err());
}

#[test]
fn work_and_output_are_bounded() {
    let endless = "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}";
    assert_eq!(render_report(endless, &json!({})), Err(Error::TooMuchWork));
    assert!(render(&json!("{{ 'x' * 900000000 }}"), &json!({})).is_err());
    assert!(render(&json!("{{ '%900000000d'|format(1) }}"), &json!({})).is_err());
    let long = "x".repeat(MAX_OUTPUT_BYTES);
    let context = json!({"long": long});
    assert_eq!(
        render_report("{{ long }}", &context).unwrap().len(),
        MAX_OUTPUT_BYTES
    );
    assert_eq!(render_report("{{ long }}!", &context), Err(Error::TooLarge));
    assert_eq!(
        render(&json!(["{{ long }}", "{{ long }}"]), &context),
        Err(Error::TooLarge)
    );
    assert_eq!(
        render(&json!("{{ range(99999)|list }}"), &context),
        Err(Error::TooLarge)
    );
    let nested = format!("{{{{ {}1{} }}}}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(render(&json!(nested), &context).is_err());
}

#[test]
fn check_quotes_its_evidence() {
    let check = evaluate_check("steps.sizes.row_count == 0", &context()).unwrap();
    assert_eq!(
        check.evidence,
        "`steps.sizes.row_count == 0` is false (steps.sizes.row_count = 2)"
    );
    assert!(!check.holds);
    assert!(
        evaluate_check("steps.sizes.rows|length > 1", &context())
            .unwrap()
            .holds
    );
    assert!(matches!(
        evaluate_check("steps.gone.x == 0", &context()),
        Err(Error::Undefined(_))
    ));
    assert!(matches!(
        evaluate_check("steps.sizes.nothing", &context()),
        Err(Error::Undefined(_))
    ));
    let long = evaluate_check("text", &json!({"text": "ä".repeat(500)})).unwrap();
    assert!(long.evidence.chars().count() < 200, "{}", long.evidence);
}

#[test]
fn cells_cannot_break_a_table() {
    let table = render_report("{{ steps.sizes|table }}", &context()).unwrap();
    assert_eq!(
        table,
        "| name | bytes |\n| --- | --- |\n| orders | 10 |\n| a\\|b &lt;i> | 2.5 |"
    );
    let chosen =
        render_report("{{ steps.sizes.rows|table('bytes', 'gone') }}", &context()).unwrap();
    assert_eq!(
        chosen,
        "| bytes | gone |\n| --- | --- |\n| 10 |  |\n| 2.5 |  |"
    );
    let listed = render_report("{{ steps.sizes.rows|table(['bytes']) }}", &context()).unwrap();
    assert!(listed.starts_with("| bytes |\n"));
    assert_eq!(
        render_report("{{ []|table }}", &json!({})).unwrap(),
        "_No rows._"
    );
    assert!(render_report("{{ 7|table }}", &json!({})).is_err());
}

#[test]
fn amounts_are_grouped_and_code_blocks_stay_closed() {
    let text = "{{ 1234567.5|money('€') }} {{ -0.126|money }} {{ '999.999'|money }} {{ 1234567|number }} {{ 1.25|number(1) }}";
    assert_eq!(
        render_report(text, &json!({})).unwrap(),
        "€1,234,567.50 -0.13 1,000.00 1,234,567 1.2"
    );
    assert!(render_report("{{ 'x'|money }}", &json!({})).is_err());
    let block = render_report("{{ text|code('sql') }}", &json!({"text": "a ```` b"})).unwrap();
    assert_eq!(block, "`````sql\na ```` b\n`````");
}

/// Generates JSON of any shape, with strings that look like templates among them.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "(\\{\\{|\\{%|\\}\\}|%\\}|[a-z.|()' +*-]|steps|goal|for|in|if|range|table|money){0,8}"
            .prop_map(Value::from),
        "[a-z.|()\\[\\]' +*0-9]{0,16}".prop_map(|inner| Value::from(format!("{{{{ {inner} }}}}"))),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{0,4}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn rendering_never_panics_and_stays_bounded(arguments in any_json(), context in any_json()) {
        if let Ok(rendered) = render(&arguments, &context) {
            prop_assert!(rendered.to_string().len() <= MAX_OUTPUT_BYTES);
        }
        let text = arguments.to_string();
        let _ = evaluate_check(&text, &context);
        let _ = render_report(&text, &context);
    }

    #[test]
    fn json_without_templates_comes_back_unchanged(context in any_json(), text in "[^{}]{0,40}", number in any::<i64>()) {
        let arguments = json!({"a": [text, number, null, true]});
        prop_assert_eq!(render(&arguments, &context).unwrap(), arguments);
    }

    #[test]
    fn context_value_passes_through_unchanged(value in any_json()) {
        let rendered = render(&json!("{{ value }}"), &json!({"value": value})).unwrap();
        prop_assert_eq!(rendered, value);
    }
}

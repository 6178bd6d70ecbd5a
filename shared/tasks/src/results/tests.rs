//! What a model reads of a result, and that it is never too much.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn rows_are_arrays_under_one_header() {
    let result = json!({
        "columns": ["name", "id"], "row_count": 2, "truncated": false,
        "rows": [{"id": 1, "name": "a"}, {"id": 2, "name": null}],
    });
    let expected =
        json!({"columns": ["name", "id"], "row_count": 2, "rows": [["a", 1], [null, 2]]});
    assert_eq!(compact(&result, RESULT_BYTES), expected);
    let nested = json!({"text": "t", "below": {"query": result}});
    assert_eq!(compact(&nested, RESULT_BYTES)["below"]["query"], expected);
}

#[test]
fn columns_are_shown_without_rows() {
    let empty = json!({"columns": ["id"], "rows": [], "row_count": 0, "truncated": false});
    assert_eq!(
        compact(&empty, RESULT_BYTES),
        json!({"columns": ["id"], "rows": [], "row_count": 0})
    );
}

#[test]
fn other_objects_named_like_rows_stay() {
    for other in [
        json!({"columns": ["a"], "rows": [{"b": 1}]}),
        json!({"columns": [1], "rows": [{"b": 1}]}),
        json!({"columns": "a", "rows": "b"}),
        json!({"rows": [{"b": 1}], "truncated": false}),
    ] {
        assert_eq!(compact(&other, RESULT_BYTES), other);
    }
}

#[test]
fn digits_added_by_division_are_trimmed() {
    for (text, expected) in [
        ("678.40", None),
        ("678.4000", Some("678.40")),
        ("678.4000000000000000", Some("678.40")),
        ("5.000", Some("5.00")),
        ("1.125", None),
        ("33.3333333333333333", Some("33.333333")),
        ("-66.6666666666666667", Some("-66.666667")),
        ("14611.315789473684", Some("14611.315789")),
        ("9.9999999999999999", Some("10.00")),
        ("0.30000000000000004", Some("0.30")),
        ("0.000001234567890123", Some("0.00000123457")),
        ("47.123456789012", None),
        ("42", None),
        ("1.5e300", None),
    ] {
        assert_eq!(trimmed(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn only_long_numeric_texts_are_trimmed() {
    let result = json!([
        "33.3333333333333333",
        "1.2.3",
        "v1.00000000000000",
        "12345678901234567890"
    ]);
    assert_eq!(
        compact(&result, RESULT_BYTES),
        json!([
            33.333333,
            "1.2.3",
            "v1.00000000000000",
            "12345678901234567890"
        ])
    );
    let exact = compact(&parsed("[678.4000000000000000]"), RESULT_BYTES).to_string();
    assert!(["[678.40]", "[678.4]"].contains(&exact.as_str()), "{exact}");
}

#[test]
fn too_many_rows_are_cut_with_the_way_to_the_rest() {
    let rows: Vec<Value> = (0..1_000)
        .map(|id| json!({"id": id, "note": "x".repeat(200)}))
        .collect();
    let result =
        json!({"columns": ["id", "note"], "rows": rows, "row_count": 1_000, "truncated": true});
    let shown = compact(&result, RESULT_BYTES);
    let count = shown["rows"].as_array().unwrap().len();
    assert!((80..100).contains(&count), "{count}");
    let sentence = shown["shown"].as_str().unwrap();
    let expected = format!("first {count} of more than 1000 rows");
    assert!(sentence.starts_with(&expected), "{sentence}");
    assert!(sentence.contains(&format!("OFFSET {count}")), "{sentence}");
    assert!(size(&shown) <= RESULT_BYTES);
}

#[test]
fn one_long_row_is_shown_with_its_cells_cut() {
    let row = json!({"a": "x".repeat(90_000), "b": 7});
    let result = json!({"columns": ["a", "b"], "rows": [row], "row_count": 1, "truncated": false});
    let shown = compact(&result, RESULT_BYTES);
    assert_eq!(shown["rows"][0][1], 7);
    let cell = shown["rows"][0][0].as_str().unwrap();
    assert!(cell.ends_with("(first 1000 of 90000 characters; ask for less to see the rest)"));
    assert!(shown.get("shown").is_none(), "no row is missing");
}

#[test]
fn long_text_of_a_result_is_cut_and_its_other_fields_stay() {
    let page =
        json!({"status": 200, "content_type": "text/html", "body": "<p>é\"</p>".repeat(30_000)});
    let shown = compact(&page, RESULT_BYTES);
    assert_eq!(
        (&shown["status"], &shown["content_type"]),
        (&json!(200), &json!("text/html"))
    );
    let body = shown["body"].as_str().unwrap();
    assert!(
        body.contains("of 270000 characters"),
        "{}",
        &body[body.len() - 80..]
    );
    assert!(
        (10_000..=RESULT_BYTES).contains(&size(&shown)),
        "{}",
        size(&shown)
    );
}

#[test]
fn many_steps_share_the_room() {
    let steps: Vec<Value> = (0..12)
        .map(|number| json!({"key": format!("s{number}"), "error": null, "result": {"text": "x".repeat(50_000)}}))
        .collect();
    let shown = of_ended_steps(&json!(steps));
    assert!(
        size(&shown) < RESULTS_BYTES + 12 * NOTE_BYTES,
        "{}",
        size(&shown)
    );
    assert!(shown[11].get("error").is_none() && shown[11]["key"] == "s11");
    let one = json!({"a": {"text": "x".repeat(50_000)}});
    let shown = of_steps(one.as_object().unwrap());
    assert!((19_000..=RESULT_BYTES).contains(&size(&shown["a"])));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        "[<\"é a]{0,400}".prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map("(a|b|columns|rows|text)", inner, 0..4)
                .prop_map(|fields| json!(fields)),
        ]
    })
}

proptest! {
    #[test]
    fn every_result_fits_its_budget(result in any_json(), budget in 1_000_usize..8_000) {
        let shown = compact(&result, budget);
        // One row is always shown, with cells of a thousand characters.
        let is_table = shown.get("rows").is_some() && shown.get("columns").is_some();
        prop_assert!(is_table || size(&shown) <= budget, "{} of {budget}: {shown}", size(&shown));
    }
}

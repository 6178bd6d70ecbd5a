//! Values that fit and values that do not, and schemas that cannot be used.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};

use super::*;

/// Checks a value against a schema that can be used; returns the problems.
fn problems(schema: &Value, value: &Value) -> String {
    let checked = JsonSchema::parse(schema).expect("usable").check(value);
    checked.err().unwrap_or_default()
}

fn unusable(schema: &Value) -> String {
    JsonSchema::parse(schema).err().unwrap_or_default()
}

#[test]
fn every_problem_is_reported_at_once() {
    let schema = json!({"type": "object", "required": ["query"], "additionalProperties": false,
        "properties": {"query": {"type": "string", "maxLength": 3}, "row_limit": {"type": "integer", "minimum": 1, "maximum": 5}}});
    assert_eq!(
        problems(&schema, &json!({"query": "abc", "row_limit": 5})),
        ""
    );
    assert_eq!(
        problems(&schema, &json!({"row_limit": 6, "x": 1})),
        "\"query\" is missing; \"row_limit\" must be at most 5; \"x\" is not allowed"
    );
    for bad in [
        json!([]),
        json!({"query": 1}),
        json!({"query": "abcd"}),
        json!({"query": "a", "row_limit": 0}),
        json!({"query": "a", "row_limit": 1.5}),
        json!({"query": null}),
    ] {
        assert_ne!(problems(&schema, &bad), "", "{bad}");
    }
}

#[test]
fn problem_names_position_and_list_is_cut() {
    let schema = json!({"properties": {"rows": {"type": "array", "items": {"type": "object", "properties": {"n": {"enum": [1, 2]}}}}}});
    let found = problems(&schema, &json!({"rows": [{"n": 1}, {"n": 3}]}));
    assert_eq!(found, "\"rows/1/n\" must be one of 1, 2");
    let many: Vec<Value> = (0..50).map(|_| json!(1)).collect();
    let found = problems(&schema, &json!({"rows": many}));
    assert!(found.ends_with("; and 42 more"), "{found}");
    let long = json!({"additionalProperties": {"const": "x".repeat(20_000)}});
    let found = problems(&long, &json!({"y".repeat(20_000): 1}));
    assert!(found.len() <= 500, "{}", found.len());
}

#[test]
fn problem_states_expectation_of_each_word() {
    for (schema, value, problem) in [
        (
            json!({"type": ["string", "null"]}),
            json!(1),
            "must be of type string or null",
        ),
        (json!({"const": 2}), json!(1), "must be 2"),
        (json!({"minimum": 2}), json!(1), "must be at least 2"),
        (json!({"maximum": 0.5}), json!(1), "must be at most 0.5"),
        (
            json!({"exclusiveMinimum": 1}),
            json!(1),
            "must be more than 1",
        ),
        (
            json!({"exclusiveMaximum": 1}),
            json!(1),
            "must be less than 1",
        ),
        (
            json!({"multipleOf": 2}),
            json!(1),
            "must be a multiple of 2",
        ),
        (
            json!({"minLength": 2}),
            json!("ä"),
            "must have at least 2 characters",
        ),
        (
            json!({"maxLength": 1}),
            json!("ää"),
            "must have at most 1 characters",
        ),
        (json!({"pattern": "^a"}), json!("ba"), "must match ^a"),
        (
            json!({"minItems": 1}),
            json!([]),
            "must have at least 1 elements",
        ),
        (
            json!({"maxItems": 1}),
            json!([1, 2]),
            "must have at most 1 elements",
        ),
        (
            json!({"uniqueItems": true}),
            json!([1, 1.0]),
            "must not have an element twice",
        ),
        (
            json!({"contains": {"type": "string"}}),
            json!([1]),
            "too few or too many elements",
        ),
        (
            json!({"minProperties": 1}),
            json!({}),
            "must have at least 1 fields",
        ),
        (
            json!({"maxProperties": 0}),
            json!({"a": 1}),
            "must have at most 0 fields",
        ),
        (
            json!({"dependentRequired": {"a": ["b"]}}),
            json!({"a": 1}),
            "\"b\" is missing",
        ),
        (
            json!({"dependencies": {"a": ["b"]}}),
            json!({"a": 1}),
            "\"b\" is missing",
        ),
        (
            json!({"propertyNames": {"maxLength": 1}}),
            json!({"ab": 1}),
            "\"ab\" must have at most 1",
        ),
        (
            json!({"items": [true], "additionalItems": false}),
            json!([1, 2]),
            "\"1\" is not allowed",
        ),
        (json!({"anyOf": [false]}), json!(1), "has none of the forms"),
        (
            json!({"oneOf": [true, true]}),
            json!(1),
            "exactly one of the forms",
        ),
        (json!({"not": {}}), json!(1), "a form that it must not have"),
        (
            json!({"if": true, "then": {"const": 2}}),
            json!(1),
            "must be 2",
        ),
    ] {
        let found = problems(&schema, &value);
        assert!(found.contains(problem), "{schema} {value}: {found}");
    }
}

#[test]
fn uncheckable_schema_gives_reason() {
    let cases = [
        (
            json!({"unevaluatedProperties": false}),
            "`unevaluatedProperties`",
        ),
        (
            json!({"properties": {"a": {"$dynamicRef": "#x"}}}),
            "`$dynamicRef`",
        ),
        (
            json!({"properties": {"a": {"$ref": "https://example.com/s.json"}}}),
            "https://example.com/s.json",
        ),
        (
            json!({"properties": {"a": {"$ref": "file:///etc/passwd"}}}),
            "file:///etc/passwd",
        ),
        (
            json!({"properties": {"a": {"$ref": "#/$defs/none"}}}),
            "#/$defs/none",
        ),
        (json!({"properties": {"a": {"$ref": "#anchor"}}}), "#anchor"),
        (
            json!({"$ref": "#/x-hidden", "x-hidden": {"unevaluatedItems": false}}),
            "`unevaluatedItems`",
        ),
        (json!({"$ref": "#/enum", "enum": [1]}), "neither an object"),
        (
            json!({"$defs": {"a": {"$id": "http://example.com/a"}}}),
            "`$id`",
        ),
        (
            json!({"properties": {"a": {"pattern": "(?=x)"}}}),
            "the pattern (?=x)",
        ),
        (json!({"pattern": "(a{1000}){1000}"}), "too large"),
        (json!({"pattern": 7}), "`pattern`"),
        (json!({"patternProperties": {"(": true}}), "the pattern ("),
        (
            json!({"properties": {"a": {"exclusiveMinimum": true}}}),
            "`exclusiveMinimum`",
        ),
        (json!({"properties": {"a": {"type": "text"}}}), "`type`"),
        (
            json!({"properties": {"a": {"maxLength": -1}}}),
            "`maxLength`",
        ),
        (json!({"multipleOf": 0}), "`multipleOf`"),
        (json!({"anyOf": {}}), "`anyOf`"),
        (json!({"properties": []}), "`properties`"),
        (json!({"dependencies": {"a": [1]}}), "`dependencies`"),
        (
            json!({"properties": {"a": {"items": {"extends": {}}}}}),
            "`extends`",
        ),
        (json!({"required": [1]}), "`required`"),
        (json!([]), "not a JSON object"),
        (json!(true), "not a JSON object"),
        (json!({"not": 7}), "neither an object"),
        (json!({"description": "x".repeat(40_000)}), "32768 bytes"),
    ];
    for (schema, part) in cases {
        let found = unusable(&schema);
        assert!(found.contains(part), "{schema}: {found}");
    }
    let mut deep = json!(true);
    for _ in 0..100 {
        deep = json!({"not": deep});
    }
    assert!(unusable(&deep).contains("levels deep"));
    let many: Vec<Value> = (0..101)
        .map(|n| json!({"pattern": n.to_string()}))
        .collect();
    assert!(unusable(&json!({"anyOf": many})).contains("100 patterns"));
}

#[test]
fn keywords_without_assertion_are_skipped() {
    let schema = json!({"$id": "http://example.com/s", "title": "x", "format": "odd", "x-note": 1, "nullable": true});
    assert_eq!(unusable(&schema), "");
}

#[test]
fn reference_is_followed_through_escapes_and_recursion() {
    let schema = json!({"$ref": "#/$defs/a%20b", "$defs": {"a b": {"type": "object", "additionalProperties": {"$ref": "#/$defs/a%20b"}}}});
    assert_eq!(problems(&schema, &json!({"x": {"y": {}}})), "");
    assert_eq!(
        problems(&schema, &json!({"x": {"y": 1}})),
        "\"x/y\" must be of type object"
    );
}

#[test]
fn large_whole_numbers_are_compared_exactly() {
    let limit = json!({"maximum": 9_007_199_254_740_992_i64});
    assert_eq!(problems(&limit, &json!(9_007_199_254_740_992_i64)), "");
    assert_ne!(problems(&limit, &json!(9_007_199_254_740_993_i64)), "");
    let only = json!({"const": 9_007_199_254_740_993_i64});
    assert_ne!(problems(&only, &json!(9_007_199_254_740_992_i64)), "");
}

#[test]
fn work_of_a_check_is_bounded() {
    let circle = json!({"$ref": "#"});
    let branch = json!({"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}],
        "$defs": {"a": {"not": {"oneOf": [{"$ref": "#"}, {"$ref": "#"}]}}}});
    let twice: Vec<Value> = (0..300).map(|_| json!({"$ref": "#/$defs/a"})).collect();
    let again: Vec<Value> = (0..300).map(|_| json!({"$ref": "#/$defs/b"})).collect();
    let fields: serde_json::Map<String, Value> =
        (0..500).map(|n| (n.to_string(), json!(n))).collect();
    let square = |leaf: Value| json!({"allOf": twice, "$defs": {"a": {"allOf": again}, "b": leaf}});
    let list: Vec<u32> = (0..1_000).collect();
    let pattern = json!({"pattern": "(a?){5}b"});
    for (schema, value) in [
        (circle, json!({})),
        (branch, json!({})),
        (square(json!({"uniqueItems": true})), json!(list)),
        (square(json!({"enum": [list]})), json!(list)),
        (square(json!({"const": fields})), json!(fields)),
        (square(pattern.clone()), json!("a".repeat(10_000))),
        (pattern, json!("a".repeat(300_000))),
    ] {
        let begun = std::time::Instant::now();
        let found = problems(&schema, &value);
        assert!(found.contains("too much work"), "{found}");
        let seconds = begun.elapsed().as_secs();
        assert!(seconds < 20, "{seconds} s without optimisation");
    }
    let long: Vec<u32> = (0..3_000).collect();
    assert_eq!(problems(&json!({"uniqueItems": true}), &json!(long)), "");
}

//! What fits and what does not, on its own and against another implementation of the standard.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn message(schema: &Value, arguments: &Value) -> String {
    check("t", schema, arguments).unwrap_err().message
}

#[test]
fn every_problem_with_the_arguments_is_named_at_once() {
    let schema = json!({"type": "object", "required": ["query"], "additionalProperties": false,
        "properties": {"query": {"type": "string", "maxLength": 3}, "row_limit": {"type": "integer", "minimum": 1, "maximum": 5}}});
    assert_eq!(
        check("t", &schema, &json!({"query": "abc", "row_limit": 5})),
        Ok(())
    );
    let said = message(&schema, &json!({"row_limit": 6, "x": 1}));
    for part in [
        "\"query\" is missing",
        "\"row_limit\" must be at most 5",
        "\"x\" is not an argument",
    ] {
        assert!(said.contains(part), "{said}");
    }
    for bad in [
        json!([]),
        json!({"query": 1}),
        json!({"query": "abcd"}),
        json!({"query": "a", "row_limit": 0}),
        json!({"query": "a", "row_limit": 1.5}),
        json!({"query": null}),
    ] {
        assert!(check("t", &schema, &bad).is_err(), "{bad}");
    }
}

#[test]
fn what_is_wrong_inside_is_named_by_its_place_and_a_long_list_is_cut() {
    let schema = json!({"properties": {"rows": {"type": "array", "items": {"type": "object", "properties": {"n": {"enum": [1, 2]}}}}}});
    let said = message(&schema, &json!({"rows": [{"n": 1}, {"n": 3}]}));
    assert_eq!(
        said,
        "the arguments of t do not fit: \"rows/1/n\" must be one of 1, 2"
    );
    let many: Vec<Value> = (0..50).map(|_| json!(1)).collect();
    let said = message(&schema, &json!({"rows": many}));
    assert!(said.ends_with("; and 42 more"), "{said}");
}

#[test]
fn a_schema_that_asserts_what_is_not_carried_out_is_unusable_with_a_reason() {
    let cases = [
        (
            json!({"unevaluatedProperties": false}),
            "unevaluatedProperties",
        ),
        (
            json!({"properties": {"a": {"$dynamicRef": "#x"}}}),
            "$dynamicRef",
        ),
        (
            json!({"properties": {"a": {"$ref": "https://example.com/s.json"}}}),
            "https://example.com/s.json",
        ),
        (
            json!({"properties": {"a": {"$ref": "#/$defs/none"}}}),
            "#/$defs/none",
        ),
        (json!({"properties": {"a": {"$ref": "#anchor"}}}), "#anchor"),
        (
            json!({"properties": {"a": {"pattern": "(?=x)"}}}),
            "pattern",
        ),
        (json!({"patternProperties": {"(": true}}), "pattern"),
        (
            json!({"properties": {"a": {"exclusiveMinimum": true}}}),
            "exclusiveMinimum",
        ),
        (json!({"properties": {"a": {"type": "text"}}}), "type"),
        (json!({"properties": {"a": {"maxLength": -1}}}), "maxLength"),
        (json!({"anyOf": {}}), "anyOf"),
        (
            json!({"properties": {"a": {"items": {"extends": {}}}}}),
            "extends",
        ),
        (json!({"required": [1]}), "required"),
        (json!([]), "no object"),
        (json!({"not": 7}), "a schema is"),
    ];
    for (schema, part) in cases {
        let said = problem_of(&schema).unwrap_or_default();
        assert!(said.contains(part), "{schema}: {said}");
        let error = check("t", &schema, &json!({})).unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.retryable),
            ("schema_unusable", false)
        );
    }
    let mut deep = json!(true);
    for _ in 0..100 {
        deep = json!({"not": deep});
    }
    assert!(problem_of(&deep).unwrap().contains("levels deep"));
    assert_eq!(
        problem_of(&json!({"title": "x", "format": "odd", "x-note": 1, "nullable": true})),
        None
    );
}

#[test]
fn a_schema_that_leads_in_circles_or_multiplies_ends() {
    let circle = json!({"$ref": "#"});
    assert!(message(&circle, &json!({})).contains("too much work"));
    let branch = json!({"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}],
        "$defs": {"a": {"not": {"oneOf": [{"$ref": "#"}, {"$ref": "#"}]}}}});
    assert!(message(&branch, &json!({})).contains("too much work"));
    let list = json!({"properties": {"a": {"uniqueItems": true}}});
    let long: Vec<u32> = (0..3_000).collect();
    assert!(check("t", &list, &json!({"a": long})).is_err());
}

/// The verdict of another implementation; nothing where it does not take the schema.
fn others_verdict(schema: &Value, value: &Value) -> Option<bool> {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler
        .add_resource("http://example.com/s.json", schema.clone())
        .ok()?;
    let index = compiler
        .compile("http://example.com/s.json", &mut schemas)
        .ok()?;
    Some(schemas.validate(value, index).is_ok())
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..6).prop_map(Value::from),
        prop::sample::select(vec![0.5, 1.0, 2.5, -1.0]).prop_map(Value::from),
        prop::sample::select(vec!["", "a", "ab", "abc", "öä", "b1"]).prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "ab"]).prop_map(str::to_owned)
}

fn word(inner: &BoxedStrategy<Value>) -> BoxedStrategy<(String, Value)> {
    let of = |words: &'static [&'static str], value: BoxedStrategy<Value>| {
        (prop::sample::select(words), value)
            .prop_map(|(word, value)| (word.to_owned(), value))
            .boxed()
    };
    let named = prop::collection::btree_map(name(), inner.clone(), 0..3)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()));
    let names = || prop::collection::btree_set(name(), 0..3).prop_map(|names| json!(names));
    let list = prop::collection::vec(inner.clone(), 1..3).prop_map(Value::from);
    let kinds: &'static [&'static str] = &[
        "string", "object", "array", "boolean", "null", "number", "integer",
    ];
    prop_oneof![
        of(
            &["type"],
            prop::sample::select(kinds).prop_map(Value::from).boxed()
        ),
        of(
            &["type"],
            prop::sample::subsequence(kinds, 1..3)
                .prop_map(|list| json!(list))
                .boxed()
        ),
        of(&["const"], value().boxed()),
        of(
            &["enum"],
            prop::collection::vec(leaf(), 1..4)
                .prop_map(Value::from)
                .boxed()
        ),
        of(
            &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
            (-2_i64..4).prop_map(Value::from).boxed()
        ),
        of(
            &["multipleOf"],
            prop::sample::select(vec![1.0, 0.5, 2.0])
                .prop_map(Value::from)
                .boxed()
        ),
        of(
            &[
                "minLength",
                "maxLength",
                "minItems",
                "maxItems",
                "minProperties",
                "maxProperties"
            ],
            (0_u64..4).prop_map(Value::from).boxed()
        ),
        of(
            &["minContains", "maxContains"],
            (0_u64..3).prop_map(Value::from).boxed()
        ),
        of(
            &["pattern"],
            prop::sample::select(vec!["^a", "b$", "[0-9]", "ä"])
                .prop_map(Value::from)
                .boxed()
        ),
        of(
            &["uniqueItems"],
            any::<bool>().prop_map(Value::from).boxed()
        ),
        of(&["required"], names().boxed()),
        of(
            &["dependentRequired"],
            names().prop_map(|names| json!({"a": names})).boxed()
        ),
        of(
            &["properties", "patternProperties", "dependentSchemas"],
            named.boxed()
        ),
        of(
            &[
                "additionalProperties",
                "propertyNames",
                "items",
                "contains",
                "not",
                "if",
                "then",
                "else"
            ],
            inner.clone()
        ),
        of(&["allOf", "anyOf", "oneOf", "prefixItems"], list.boxed()),
        of(&["$ref"], Just(json!("#/$defs/d")).boxed()),
    ]
    .boxed()
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![any::<bool>().prop_map(Value::from), Just(json!({}))].boxed();
    let inner = leaf.prop_recursive(3, 30, 4, |inner| {
        prop::collection::vec(word(&inner.boxed()), 0..4)
            .prop_map(|words| Value::Object(words.into_iter().collect()))
    });
    (
        prop::collection::vec(word(&inner.boxed()), 1..4),
        leaf_schema(),
    )
        .prop_map(|(words, leaf)| {
            let mut schema: serde_json::Map<String, Value> = words.into_iter().collect();
            schema.insert("$defs".into(), json!({"d": leaf}));
            Value::Object(schema)
        })
}

fn leaf_schema() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({"type": "string"}),
        json!({"type": ["integer", "object"], "maximum": 2}),
        json!(true),
        json!(false),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn another_implementation_of_the_standard_says_the_same(schema in schema(), value in value()) {
        let value = json!({"a": value, "b": 1});
        prop_assert_eq!(problem_of(&schema), None);
        if let Some(fits) = others_verdict(&schema, &value) {
            prop_assert_eq!(check("t", &schema, &value).is_ok(), fits, "{} {}", schema, value);
        }
    }
}

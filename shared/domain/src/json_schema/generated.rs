//! Generated schemas and values: the verdict equals that of other implementations of the standard.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Returns the verdict of `boon`; none where it does not accept the schema.
fn verdict_of_boon(schema: &Value, value: &Value) -> Option<bool> {
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

fn any_value() -> impl Strategy<Value = Value> {
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
        of(&["const"], any_value().boxed()),
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
    fn verdict_equals_other_checkers(schema in schema(), value in any_value()) {
        let read = JsonSchema::parse(&schema);
        prop_assert!(read.is_ok(), "{:?}", read.err());
        let fits = read.is_ok_and(|read| read.check(&value).is_ok());
        if let Some(boon) = verdict_of_boon(&schema, &value) {
            prop_assert_eq!(fits, boon, "boon: {} {}", schema, value);
        }
    }
}

//! Compares the subset of JSON Schema that SQL evaluates with the checker in Rust.

use domain::JsonSchema;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use system_tests::{Database, workspace};

const CASES: usize = 4000;

/// Returns cases from a fixed seed, so that a failure is reproducible. Another seed gives other cases.
fn samples<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]),
    );
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "x-c", "ä"]).prop_map(str::to_owned)
}

/// Generates numbers that both sides represent exactly: SQL compares decimals, Rust integers and floating point.
fn number() -> impl Strategy<Value = Value> {
    let texts = [
        "0",
        "1",
        "-1",
        "2",
        "3",
        "1.0",
        "2.5",
        "-0.5",
        "1e2",
        "1e30",
        "9007199254740992",
        "9007199254740993",
        "18446744073709551616",
    ];
    let numbers: Vec<Value> = texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    prop::sample::select(numbers)
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        3 => number(),
        2 => prop::sample::select(vec!["", "a", "ab", "öäü", "😀😀", "1"]).prop_map(Value::from),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn kind() -> impl Strategy<Value = Value> {
    let kinds: &'static [&'static str] = &[
        "string", "object", "array", "boolean", "null", "number", "integer",
    ];
    prop_oneof![
        3 => prop::sample::select(kinds).prop_map(Value::from),
        1 => prop::sample::subsequence(kinds, 0..3).prop_map(|list| json!(list)),
    ]
}

/// Generates a keyword of the subset with its value.
fn word(inner: BoxedStrategy<Value>) -> impl Strategy<Value = (String, Value)> {
    let names = prop::collection::btree_set(name(), 0..3).prop_map(|names| json!(names));
    let of = |words: &'static [&'static str], value: BoxedStrategy<Value>| {
        (prop::sample::select(words), value).prop_map(|(word, value)| (word.to_owned(), value))
    };
    let sizes = &["minLength", "maxLength", "minItems", "maxItems"];
    let size = prop::sample::select(vec![json!(0), json!(1), json!(2), json!(3.0)]);
    let properties = prop::collection::btree_map(name(), inner.clone(), 0..4)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()));
    prop_oneof![
        2 => of(&["type"], kind().boxed()),
        1 => of(&["enum"], prop::collection::vec(any_value(), 0..4).prop_map(Value::from).boxed()),
        1 => of(&["const"], any_value().boxed()),
        2 => of(&["required"], names.boxed()),
        2 => of(&["minimum", "maximum"], number().boxed()),
        2 => of(sizes, size.boxed()),
        2 => of(&["additionalProperties"], any::<bool>().prop_map(Value::from).boxed()),
        3 => of(&["properties"], properties.boxed()),
        2 => of(&["items"], inner),
        1 => of(&["title", "description", "default", "format"], Just(json!("email")).boxed()),
    ]
}

/// Generates schemas of the subset.
fn subset() -> BoxedStrategy<Value> {
    let words = |word: BoxedStrategy<(String, Value)>, count| {
        prop::collection::vec(word, count)
            .prop_map(|words| Value::Object(words.into_iter().collect()))
    };
    let empty = Just(json!({})).boxed();
    let inner = empty.prop_recursive(3, 24, 4, move |inner| words(word(inner).boxed(), 0..4));
    words(word(inner.boxed()).boxed(), 1..5).boxed()
}

/// Generates schemas that also have keywords which SQL does not evaluate, as those of MCP servers do.
fn any_schema() -> impl Strategy<Value = Value> {
    let beyond = (
        subset(),
        prop::sample::select(vec!["^a", "b$", "^x-"]),
        any::<bool>(),
    );
    let words = beyond.prop_map(|(schema, pattern, flag)| {
        let schemas = json!([schema, {"type": "string"}]);
        json!({
            "anyOf": schemas, "oneOf": schemas, "allOf": [schema], "not": schema, "if": schema,
            "then": {"$ref": "#"}, "prefixItems": schemas, "patternProperties": {pattern: flag},
            "pattern": pattern, "uniqueItems": flag, "additionalProperties": schema,
            "contains": schema, "minProperties": 1, "exclusiveMinimum": 0, "multipleOf": 2,
            "propertyNames": {"maxLength": 1}, "dependentRequired": {"a": ["b"]},
        })
    });
    (subset(), words, any::<u32>()).prop_map(|(schema, words, chosen)| {
        let fields = |value: Value| value.as_object().cloned().unwrap_or_default();
        let words = fields(words).into_iter().enumerate();
        let words = words.filter(|(place, _)| chosen >> place & 3 == 3);
        let mut all: Map<String, Value> = words.map(|(_, word)| word).collect();
        all.extend(fields(schema));
        Value::Object(all)
    })
}

struct InSql {
    fits: bool,
    is_of_subset: bool,
}

async fn in_sql(cases: &[(Value, Value)]) -> Vec<InSql> {
    let database = Database::fresh().await.unwrap();
    let owner = database.owner().await.unwrap();
    let sent = serde_json::to_string(cases).unwrap().replace('\'', "''");
    let found = owner
        .json(&format!(
            "select jsonb_agg(jsonb_build_array(
                      goalpost_private.json_problem(c.value -> 0, c.value -> 1, 'it') is null,
                      goalpost_private.json_schema_problem(c.value -> 0, 'it') is null) order by c.number)
               from jsonb_array_elements('{sent}'::jsonb) with ordinality c (value, number)"
        ))
        .await
        .unwrap();
    let verdicts = found.as_array().unwrap().iter();
    verdicts
        .map(|verdict| InSql {
            fits: verdict[0] == true,
            is_of_subset: verdict[1] == true,
        })
        .collect()
}

/// Compares the verdicts on schemas of the subset; both verdicts must be frequent, or the agreement proves little.
async fn assert_same_verdicts(cases: &[(Value, Value)]) {
    let mut fitting = 0;
    for ((schema, value), in_sql) in cases.iter().zip(in_sql(cases).await) {
        assert!(in_sql.is_of_subset, "SQL does not accept {schema}");
        let read = JsonSchema::parse(schema).unwrap_or_else(|error| panic!("{schema}: {error}"));
        let in_rust = read.check(value);
        assert_eq!(
            in_rust.is_ok(),
            in_sql.fits,
            "{in_rust:?} on {schema} {value}"
        );
        fitting += usize::from(in_sql.fits);
    }
    let tenth = cases.len() / 10;
    assert!(
        (tenth..cases.len() - tenth).contains(&fitting),
        "{fitting} of {} fit",
        cases.len()
    );
}

#[tokio::test]
async fn rust_and_sql_agree_on_the_subset() {
    assert_same_verdicts(&samples(&(subset(), any_value()), CASES)).await;
}

/// Returns the schemas that are written in `supabase/schemas`, as arguments of `json_problem`.
fn schemas_in_sql() -> Vec<Value> {
    let mut found = Vec::new();
    for source in local_stack::postgres::schemas::sources(&workspace()).unwrap() {
        for call in source.sql.split("json_problem(").skip(1) {
            let argument = call
                .trim_start()
                .trim_start_matches("coalesce(p_approval.answer_schema, ");
            let literal = argument
                .strip_prefix('\'')
                .and_then(|rest| rest.split('\'').next());
            found.extend(literal.map(|literal| serde_json::from_str::<Value>(literal).unwrap()));
        }
    }
    found
}

/// Generates values that match a schema of the subset, or miss it in few places.
fn near(schema: &Value) -> BoxedStrategy<Value> {
    let bound = |word: &str| schema.get(word).and_then(Value::as_i64);
    let fitting = match schema.get("type").and_then(Value::as_str) {
        _ if schema.get("enum").is_some() => {
            prop::sample::select(schema["enum"].as_array().unwrap().clone()).boxed()
        }
        Some("object") => near_object(schema),
        Some("array") => {
            let items = schema
                .get("items")
                .map_or_else(|| Just(json!({})).boxed(), near);
            let many = prop_oneof![12 => 0..4_usize, 1 => Just(101_usize)];
            let list = many.prop_flat_map(move |count| prop::collection::vec(items.clone(), count));
            list.prop_map(Value::from).boxed()
        }
        Some("integer") => {
            let (least, most) = (
                bound("minimum").unwrap_or(-5),
                bound("maximum").unwrap_or(5),
            );
            prop_oneof![9 => least..=most, 3 => Just(least), 3 => Just(most), 1 => Just(most + 1), 1 => Just(least - 1)]
                .prop_map(Value::from)
                .boxed()
        }
        Some("boolean") => any::<bool>().prop_map(Value::from).boxed(),
        _ => prop_oneof![20 => "[a-z]{1,8}", 1 => Just("x".repeat(300)), 1 => Just(String::new())]
            .prop_map(Value::from)
            .boxed(),
    };
    prop_oneof![40 => fitting, 1 => any_value()].boxed()
}

fn near_object(schema: &Value) -> BoxedStrategy<Value> {
    let required = schema.get("required").cloned().unwrap_or(json!([]));
    let properties = schema.get("properties").and_then(Value::as_object).cloned();
    let mut fields: Vec<BoxedStrategy<Option<(String, Value)>>> = Vec::new();
    for (name, schema) in properties.unwrap_or_default() {
        let absent = if required.as_array().unwrap().contains(&json!(name)) {
            1
        } else {
            30
        };
        let field = near(&schema).prop_map(move |value| Some((name.clone(), value)));
        fields.push(prop_oneof![30 => field, absent => Just(None)].boxed());
    }
    let other = any_value().prop_map(|value| Some(("other".to_owned(), value)));
    fields.push(prop_oneof![30 => Just(None), 1 => other].boxed());
    fields
        .prop_map(|fields| Value::Object(fields.into_iter().flatten().collect()))
        .boxed()
}

#[tokio::test]
async fn rust_and_sql_agree_on_schemas_in_sql() {
    let mut schemas = schemas_in_sql();
    assert!(schemas.len() >= 7, "found {}: {schemas:?}", schemas.len());
    let registry = tools::Registry::builtin(tools::HttpPolicy::default()).unwrap();
    let rows = registry.catalogue().into_iter().filter(|tool| tool.control);
    schemas.extend(rows.map(|tool| tool.parameters));
    let mut cases = Vec::new();
    for schema in schemas {
        let values = samples(&near(&schema), 150);
        cases.extend(values.into_iter().map(|value| (schema.clone(), value)));
    }
    assert_same_verdicts(&cases).await;
}

#[tokio::test]
async fn rust_refuses_every_schema_sql_refuses() {
    let cases = samples(&(any_schema(), any_value()), CASES);
    let mut refused = 0;
    let mut beyond = 0;
    for ((schema, value), in_sql) in cases.iter().zip(in_sql(&cases).await) {
        let read = JsonSchema::parse(schema).unwrap_or_else(|error| panic!("{schema}: {error}"));
        assert!(
            in_sql.fits || read.check(value).is_err(),
            "{schema} {value}"
        );
        refused += usize::from(!in_sql.fits);
        beyond += usize::from(!in_sql.is_of_subset);
    }
    assert!(refused > CASES / 10, "SQL refused {refused}");
    assert!(beyond > CASES / 3, "{beyond} schemas are not of the subset");
}

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value
)]
use proptest::prelude::*;

use super::*;

fn written(parameters: Value) -> Result<Value, String> {
    of_tool(&Tool {
        name: "t".to_owned(),
        parameters,
        ..Tool::default()
    })
}

/// What no provider refuses: the rules that the module's comment names.
pub(super) fn problem(schema: &Value, is_top: bool) -> Option<String> {
    const WORDS: [&str; 16] = [
        "type",
        "description",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "anyOf",
        "enum",
        "format",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
        "minLength",
        "maxLength",
        "title",
    ];
    let Value::Object(fields) = schema else {
        return (!schema.is_boolean()).then(|| format!("no schema: {schema}"));
    };
    if let Some(word) = fields.keys().find(|word| !WORDS.contains(&word.as_str())) {
        return Some(format!("the word {word}"));
    }
    let kind = fields.get("type");
    if kind.is_some_and(|kind| !kind.is_string()) {
        return Some(format!("the type {}", fields["type"]));
    }
    let kind = kind.and_then(Value::as_str);
    if is_top
        && (kind != Some("object")
            || !fields.contains_key("properties")
            || fields.contains_key("anyOf"))
    {
        return Some("no object at the top".to_owned());
    }
    if kind == Some("array")
        && fields
            .get("items")
            .is_none_or(|items| items.get("type").or(items.get("anyOf")).is_none())
    {
        return Some("items without a type".to_owned());
    }
    let properties = object_in(fields, "properties");
    if let Some(name) = texts_in(fields, "required")
        .iter()
        .find(|name| !properties.contains_key(*name))
    {
        return Some(format!("{name} is required and not there"));
    }
    if let Some(name) = properties.keys().find(|name| !is_name(name)) {
        return Some(format!("the name {name}"));
    }
    if values_of(fields)
        .iter()
        .any(|value| value.as_str().is_none_or(str::is_empty))
    {
        return Some("a choice that is no text".to_owned());
    }
    let forms = fields
        .get("anyOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let inner = properties
        .values()
        .chain(fields.get("items"))
        .chain(fields.get("additionalProperties"))
        .chain(forms);
    inner.filter_map(|part| problem(part, false)).next()
}

fn checked(parameters: Value) -> Value {
    let schema = written(parameters.clone()).unwrap();
    assert_eq!(
        problem(&schema, true),
        None,
        "{parameters}\nis written as\n{schema}"
    );
    schema
}

#[test]
fn tool_without_parameters_takes_an_object() {
    for parameters in [
        Value::Null,
        json!({}),
        json!({"type": "object"}),
        json!(true),
    ] {
        assert_eq!(
            checked(parameters),
            json!({"type": "object", "properties": {}})
        );
    }
}

#[test]
fn lists_of_types_become_one_type_or_a_choice() {
    let schema = checked(json!({"type": "object", "properties": {
        "body": {"type": ["object", "array", "string"], "description": "What is sent."},
        "name": {"type": ["string", "null"], "maxLength": 9},
        "list": {"type": "array"},
        "pair": {"type": "array", "items": [{"type": "string"}, {"type": "number"}]}}}));
    let properties = &schema["properties"];
    assert_eq!(
        properties["body"],
        json!({"description": "What is sent.", "anyOf": [
        {"type": "object"}, {"type": "array", "items": {"type": "string"}}, {"type": "string"}]})
    );
    assert_eq!(
        properties["name"],
        json!({"type": "string", "maxLength": 9})
    );
    assert_eq!(properties["list"]["items"], json!({"type": "string"}));
    assert_eq!(
        properties["pair"]["items"]["anyOf"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn combinations_at_the_top_become_one_object() {
    let field = |kind: &str| json!({"type": kind});
    let schema = checked(json!({
        "anyOf": [
            {"type": "object", "properties": {"id": field("string"), "a": field("integer")}, "required": ["id", "a"]},
            {"properties": {"id": field("string"), "b": field("boolean")}, "required": ["id", "b"]}],
        "allOf": [{"required": ["c"], "properties": {"c": field("number")}}]}));
    assert_eq!(
        schema,
        json!({"type": "object", "required": ["c", "id"], "properties": {
        "id": field("string"), "a": field("integer"), "b": field("boolean"), "c": field("number")}})
    );
}

#[test]
fn references_are_written_out_and_circles_end() {
    let schema = checked(
        json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
        "properties": {"node": {"$ref": "#/$defs/node", "description": "The root."}},
        "$defs": {"node": {"type": "object", "properties": {"value": {"const": 7}, "next": {"$ref": "#/$defs/node"}}}}}),
    );
    let node = &schema["properties"]["node"];
    assert_eq!(node["description"], "The root.");
    assert_eq!(
        node["properties"]["value"],
        json!({"description": "One of: 7."})
    );
    assert!(schema.to_string().len() < 5_000);
}

#[test]
fn keywords_refused_by_a_provider_are_omitted() {
    let schema = checked(
        json!({"type": "object", "patternProperties": {}, "properties": {
        "mail": {"type": "string", "format": "email", "pattern": "(?=x)", "examples": ["a"]},
        "at": {"type": "string", "format": "date-time"},
        "size": {"type": "integer", "exclusiveMinimum": true, "minimum": "1", "enum": [1, 2], "default": 1},
        "sort": {"enum": ["up", "down", "", null]},
        "bad name": {"type": "string"}}, "required": ["sort", "gone"]}),
    );
    assert_eq!(
        schema,
        json!({"type": "object", "required": ["sort"], "properties": {
        "mail": {"type": "string"}, "at": {"type": "string", "format": "date-time"},
        "size": {"type": "integer", "description": "One of: 1, 2. Default: 1."},
        "sort": {"description": "One of: \"up\", \"down\", \"\", null."}}})
    );
}

#[test]
fn unsupported_schema_gives_reason() {
    for (parameters, reason) in [
        (json!({"type": "array"}), "no object"),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "object"}]}),
            "no object",
        ),
        (json!({"$ref": "https://example.com/schema"}), "refers to"),
        (
            json!({"type": "object", "properties": {"a b": {}}, "required": ["a b"]}),
            "name of its field",
        ),
        (json!({"$ref": "#"}), "refers to itself"),
    ] {
        assert!(
            written(parameters).unwrap_err().contains(reason),
            "{reason}"
        );
    }
}

/// Schemas made of words that occur, right and wrong.
fn schemas() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        json!("object"),
        json!("array"),
        json!("string"),
        json!("integer"),
        json!(["string", "null"]),
        json!(["object", "array"]),
        json!("null"),
        json!(7),
        json!([]),
    ]);
    let leaf = word.prop_map(|kind| json!({"type": kind}));
    leaf.prop_recursive(4, 40, 4, |inner| {
        let named = prop::collection::btree_map("[a-z $]{1,3}", inner.clone(), 0..3);
        let list = prop::collection::vec(inner.clone(), 0..3);
        let combined = prop::sample::select(vec!["anyOf", "oneOf", "allOf"]);
        prop_oneof![
            named.prop_map(|properties| json!({"type": "object", "required": ["a", "b"], "properties": properties})),
            inner.clone().prop_map(|items| json!({"type": "array", "items": items})),
            (combined, list).prop_map(|(word, parts)| json!({word: parts})),
            inner.prop_map(|part| json!({"additionalProperties": part, "not": {}, "$ref": "#"})),
        ]
    })
}

proptest! {
    #[test]
    fn every_schema_is_written_strictly_or_refused(parameters in schemas()) {
        if let Ok(schema) = written(parameters) {
            prop_assert_eq!(problem(&schema, true), None, "{}", schema);
        }
    }
}

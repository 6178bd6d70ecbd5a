//! Checks the schemas of all built-in tools, as they are sent, against the limits of every provider.

use domain::Tool;
use serde_json::Value;
use tools::{HttpPolicy, Registry};

/// Returns the part of a schema that some provider refuses.
fn problem(schema: &Value, place: &str) -> Option<String> {
    const WORDS: [&str; 15] = [
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
    ];
    let Value::Object(fields) = schema else {
        return (!schema.is_boolean()).then(|| format!("{place} is no schema"));
    };
    if let Some(word) = fields.keys().find(|word| !WORDS.contains(&word.as_str())) {
        return Some(format!("{place} has the word {word}"));
    }
    let kind = fields.get("type");
    let has_form = |schema: &Value| schema.get("type").or(schema.get("anyOf")).is_some();
    let is_wrong = kind.is_some_and(|kind| !kind.is_string())
        || kind == Some(&Value::from("array"))
            && fields.get("items").is_none_or(|items| !has_form(items))
        || place.is_empty() && kind != Some(&Value::from("object"))
        || place.is_empty() && fields.contains_key("anyOf");
    if is_wrong {
        return Some(format!(
            "{place} has the type {kind:?}, or no form of its items"
        ));
    }
    let properties = fields.get("properties").and_then(Value::as_object);
    let forms = fields.get("anyOf").and_then(Value::as_array);
    let named = properties
        .into_iter()
        .flatten()
        .map(|(name, part)| (name.as_str(), part));
    let parts = ["items", "additionalProperties"];
    let parts = parts
        .into_iter()
        .filter_map(|word| Some((word, fields.get(word)?)));
    let forms = forms.into_iter().flatten().map(|part| ("anyOf", part));
    let mut inner = named.chain(parts).chain(forms);
    inner.find_map(|(name, part)| problem(part, &format!("{place}/{name}")))
}

fn built_in() -> Vec<Tool> {
    let registry = Registry::builtin(HttpPolicy::default());
    registry
        .map(|registry| registry.catalogue())
        .unwrap_or_default()
}

#[test]
fn sent_built_in_schemas_suit_every_provider() {
    let tools = built_in();
    assert!(tools.len() > 12, "the tools are there");
    for tool in tools {
        let schema = llm::wire_schema(&tool);
        let problem = match &schema {
            Ok(schema) => problem(schema, ""),
            Err(reason) => Some(reason.clone()),
        };
        assert_eq!(problem, None, "{}: {schema:?}", tool.name);
    }
}

#[test]
fn schema_before_conversion_is_refused() {
    let tools = built_in();
    let http = tools.iter().find(|tool| tool.name == "http");
    let found = http.and_then(|tool| problem(&tool.parameters, ""));
    assert!(found.is_some(), "a list of types is a problem");
}

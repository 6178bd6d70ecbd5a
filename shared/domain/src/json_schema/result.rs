//! Schemas of results: a step's result is an object, which templates read by its fields.

use serde_json::Value;

use super::schema::JsonSchema;
use super::value::target;

/// References that are followed to find out the type of a schema.
const MAX_REFERENCES: usize = 20;

/// Returns why a schema cannot be that of a step's result, as a text that completes "the schema cannot be used: "; none
/// if it can.
pub fn result_problem(schema: &Value) -> Option<String> {
    if let Err(problem) = JsonSchema::parse(schema) {
        return Some(problem);
    }
    let problem = "a result is an object and no object fits it; put the value into a field, as in \
                   {\"type\": \"object\", \"properties\": {\"items\": {\"type\": \"array\"}}, \"required\": [\"items\"]}";
    (!accepts_objects(schema, schema, 0)).then(|| problem.to_owned())
}

/// Returns false if the outermost words of a schema refuse every object.
fn accepts_objects(root: &Value, schema: &Value, references: usize) -> bool {
    let words = match schema {
        Value::Object(words) => words,
        Value::Bool(accepts) => return *accepts,
        _ => return true,
    };
    let of_type = match words.get("type") {
        None => true,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        Some(kind) => kind == "object",
    };
    let list = |word: &str| words.get(word).and_then(Value::as_array);
    let fits = |inner: &Value| accepts_objects(root, inner, references);
    let referred = words.get("$ref").and_then(Value::as_str);
    let referred = referred.and_then(|reference| target(root, reference));
    of_type
        && words.get("const").is_none_or(Value::is_object)
        && list("enum").is_none_or(|choices| choices.iter().any(Value::is_object))
        && list("allOf").is_none_or(|all| all.iter().all(fits))
        && list("anyOf").is_none_or(|any| any.iter().any(fits))
        && list("oneOf").is_none_or(|one| one.iter().any(fits))
        && referred.is_none_or(|inner| {
            references >= MAX_REFERENCES
                || accepts_objects(root, inner, references.saturating_add(1))
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn schema_without_matching_object_is_refused() {
        for schema in [
            json!({"type": "array", "items": {"type": "string"}}),
            json!({"type": ["array", "null"]}),
            json!({"type": "string"}),
            json!({"enum": ["a", "b"]}),
            json!({"const": 5}),
            json!({"anyOf": [{"type": "array"}, {"type": "null"}]}),
            json!({"oneOf": [{"type": "array"}, false]}),
            json!({"allOf": [{"type": "object"}, {"type": "array"}]}),
            json!({"$ref": "#/$defs/list", "$defs": {"list": {"type": "array"}}}),
        ] {
            let problem = result_problem(&schema).unwrap();
            assert!(problem.contains("put the value into a field"), "{schema}");
        }
    }

    #[test]
    fn schema_with_matching_object_is_accepted() {
        for schema in [
            json!({}),
            json!({"type": "object"}),
            json!({"type": ["object", "null"]}),
            json!({"properties": {"items": {"type": "array"}}}),
            json!({"enum": [{"a": 1}, 5]}),
            json!({"anyOf": [{"type": "array"}, {"required": ["a"]}]}),
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}),
        ] {
            assert_eq!(result_problem(&schema), None, "{schema}");
        }
        let unusable = result_problem(&json!({"type": "objekt"})).unwrap();
        assert!(unusable.contains("`type`"), "{unusable}");
    }
}

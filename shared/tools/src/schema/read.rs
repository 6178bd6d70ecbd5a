//! Reads a schema before it is used: whether every word that asserts something is one that is carried out.

use serde_json::Value;

use super::value::{count, target};

/// Levels of schemas inside schemas.
const MAX_DEPTH: usize = 40;

/// Words whose value is a schema.
const ONE: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "else",
    "if",
    "not",
    "propertyNames",
    "then",
];

/// Words whose value is a list of schemas.
const LIST: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];

/// Words whose value is schemas by name.
const NAMED: &[&str] = &[
    "$defs",
    "definitions",
    "dependentSchemas",
    "patternProperties",
    "properties",
];

const COUNTS: &[&str] = &[
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
];

const NUMBERS: &[&str] = &["exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum"];

/// Words of some draft that assert something, and are not carried out.
const UNCHECKED: &[&str] = &[
    "$dynamicRef",
    "$recursiveRef",
    "disallow",
    "divisibleBy",
    "extends",
    "unevaluatedItems",
    "unevaluatedProperties",
];

const TYPES: &[&str] = &[
    "string", "object", "array", "boolean", "null", "number", "integer",
];

/// The first thing about a schema that cannot be carried out.
pub(super) fn problem(root: &Value) -> Option<String> {
    Reader { root }.schema(root, 0).err()
}

struct Reader<'a> {
    root: &'a Value,
}

impl Reader<'_> {
    fn schema(&self, schema: &Value, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} levels deep"));
        }
        let words = match schema {
            Value::Bool(_) => return Ok(()),
            Value::Object(words) => words,
            _ => return Err("a schema is an object, true or false".into()),
        };
        let below = |inner: &Value| self.schema(inner, depth.saturating_add(1));
        for (word, value) in words {
            self.word(word, value)?;
            let word = word.as_str();
            if ONE.contains(&word) {
                below(value)?;
            } else if LIST.contains(&word) || (word == "items" && value.is_array()) {
                let list = value
                    .as_array()
                    .ok_or_else(|| format!("`{word}` is no list"))?;
                list.iter().try_for_each(below)?;
            } else if word == "items" {
                below(value)?;
            } else if NAMED.contains(&word) {
                let named = value.as_object();
                let named = named.ok_or_else(|| format!("`{word}` is no object"))?;
                named.values().try_for_each(below)?;
            } else if word == "dependencies" {
                let named = value.as_object();
                let named = named.ok_or("`dependencies` is no object")?;
                let schemas = named.values().filter(|value| !value.is_array());
                schemas.into_iter().try_for_each(below)?;
            }
        }
        Ok(())
    }

    /// What a word's own value must be.
    fn word(&self, word: &str, value: &Value) -> Result<(), String> {
        let sound = match word {
            _ if UNCHECKED.contains(&word) => {
                return Err(format!("it uses `{word}`, which is not carried out here"));
            }
            _ if COUNTS.contains(&word) => count(value).is_some(),
            _ if NUMBERS.contains(&word) => value.as_f64().is_some(),
            "multipleOf" => value.as_f64().is_some_and(|number| number > 0.0),
            "type" => match value {
                Value::Array(kinds) => kinds.iter().all(is_type),
                kind => is_type(kind),
            },
            "enum" => value.is_array(),
            "uniqueItems" => value.is_boolean(),
            "required" => is_names(value),
            "dependentRequired" => value
                .as_object()
                .is_some_and(|lists| lists.values().all(is_names)),
            "pattern" => return value.as_str().map_or(Ok(()), pattern),
            "patternProperties" => {
                let names = value.as_object().into_iter().flat_map(|named| named.keys());
                return names.into_iter().try_for_each(|name| pattern(name));
            }
            "$ref" => return self.reference(value),
            _ => true,
        };
        if sound {
            Ok(())
        } else {
            Err(format!("`{word}` has a value that it cannot have"))
        }
    }

    fn reference(&self, value: &Value) -> Result<(), String> {
        let reference = value.as_str().ok_or("`$ref` is no text")?;
        match target(self.root, reference) {
            Some(_) => Ok(()),
            None => Err(format!(
                "it refers to {reference}, which is not in the schema itself"
            )),
        }
    }
}

fn is_type(value: &Value) -> bool {
    value.as_str().is_some_and(|kind| TYPES.contains(&kind))
}

fn is_names(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|names| names.iter().all(Value::is_string))
}

fn pattern(text: &str) -> Result<(), String> {
    match regex_lite::Regex::new(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("the pattern {text} cannot be read here")),
    }
}

//! Reads a schema before it is used: every word that asserts something must be supported.

use std::collections::{HashMap, HashSet};

use regex_lite::{Regex, RegexBuilder};
use serde_json::Value;

use super::number::Number;
use super::value::{count, target};

/// Levels of schemas inside schemas.
pub(super) const MAX_DEPTH: usize = 40;

/// Different patterns in one schema.
const MAX_PATTERNS: usize = 100;

/// The approximate size of a compiled pattern: a thousand states.
const MAX_PATTERN_BYTES: usize = 32 * 1024;

/// Words whose value is a schema.
pub(super) const ONE: &[&str] = &[
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

/// Words of some draft that assert something, and are not supported.
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

/// Reads all of a schema and returns its patterns.
///
/// # Errors
/// The first unsupported part.
pub(super) fn patterns_of(root: &Value) -> Result<HashMap<&str, Regex>, String> {
    let mut reader = Reader::of(root);
    reader.targets.push(root);
    while let Some(schema) = reader.targets.pop() {
        reader.schema(schema, 0)?;
    }
    Ok(reader.patterns)
}

/// Reads the schemas of one document.
pub(super) struct Reader<'a> {
    root: &'a Value,
    /// Schemas that were read, by address: references may lead anywhere in the document, and in circles.
    seen: HashSet<*const Value>,
    /// Targets of references that are still to be read.
    targets: Vec<&'a Value>,
    patterns: HashMap<&'a str, Regex>,
}

impl<'a> Reader<'a> {
    pub(super) fn of(root: &'a Value) -> Self {
        Self {
            root,
            seen: HashSet::new(),
            targets: Vec::new(),
            patterns: HashMap::new(),
        }
    }

    fn schema(&mut self, schema: &'a Value, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} levels deep"));
        }
        if !self.seen.insert(std::ptr::from_ref(schema)) {
            return Ok(());
        }
        let words = match schema {
            Value::Bool(_) => return Ok(()),
            Value::Object(words) => words,
            _ => return Err("a schema in it is neither an object nor true or false".into()),
        };
        for (word, value) in words {
            self.word(word, value)?;
            for inner in schemas_in(word, value)? {
                self.schema(inner, depth.saturating_add(1))?;
            }
        }
        if words.contains_key("$id") && !std::ptr::eq(schema, self.root) {
            return Err("it uses `$id` inside, which moves references elsewhere".into());
        }
        Ok(())
    }

    /// Checks a word's own value, and keeps its patterns and the target of its reference.
    pub(super) fn word(&mut self, word: &str, value: &'a Value) -> Result<(), String> {
        let sound = match word {
            _ if UNCHECKED.contains(&word) => {
                return Err(format!("it uses `{word}`, which is not checked here"));
            }
            _ if COUNTS.contains(&word) => count(value).is_some(),
            _ if NUMBERS.contains(&word) => Number::of(value).is_some(),
            "multipleOf" => Number::of(value).is_some_and(|part| part > Number::Whole(0)),
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
            "pattern" => match value.as_str() {
                Some(pattern) => return self.pattern(pattern),
                None => false,
            },
            "patternProperties" => {
                let mut names = value.as_object().into_iter().flat_map(|named| named.keys());
                return names.try_for_each(|name| self.pattern(name));
            }
            "$ref" => return self.reference(value),
            _ => true,
        };
        if sound {
            Ok(())
        } else {
            Err(format!("`{word}` in it has a value that it cannot have"))
        }
    }

    fn reference(&mut self, value: &Value) -> Result<(), String> {
        let reference = value.as_str().ok_or("`$ref` in it is not a text")?;
        let Some(schema) = target(self.root, reference) else {
            return Err(format!(
                "it refers to {reference}, which is not in the schema itself"
            ));
        };
        self.targets.push(schema);
        Ok(())
    }

    pub(super) fn pattern(&mut self, text: &'a str) -> Result<(), String> {
        if self.patterns.contains_key(text) {
            return Ok(());
        }
        if self.patterns.len() >= MAX_PATTERNS {
            return Err(format!("it has more than {MAX_PATTERNS} patterns"));
        }
        let mut builder = RegexBuilder::new(text);
        let pattern = builder.size_limit(MAX_PATTERN_BYTES).build();
        let pattern =
            pattern.map_err(|_| format!("the pattern {text} cannot be read or is too large"))?;
        self.patterns.insert(text, pattern);
        Ok(())
    }
}

/// Returns the schemas that are the value of a word.
pub(super) fn schemas_in<'a>(word: &str, value: &'a Value) -> Result<Vec<&'a Value>, String> {
    let fields = || {
        let fields = value.as_object();
        fields.ok_or_else(|| format!("`{word}` in it is not an object"))
    };
    let is_list = LIST.contains(&word) || (word == "items" && value.is_array());
    Ok(if ONE.contains(&word) || (word == "items" && !is_list) {
        vec![value]
    } else if is_list {
        let list = value.as_array();
        list.ok_or_else(|| format!("`{word}` in it is not a list"))?
            .iter()
            .collect()
    } else if NAMED.contains(&word) {
        fields()?.values().collect()
    } else if word == "dependencies" {
        let (names, schemas): (Vec<&Value>, Vec<&Value>) =
            fields()?.values().partition(|value| value.is_array());
        if !names.into_iter().all(is_names) {
            return Err("`dependencies` in it has a list of other things than names".into());
        }
        schemas
    } else {
        Vec::new()
    })
}

fn is_type(value: &Value) -> bool {
    value.as_str().is_some_and(|kind| TYPES.contains(&kind))
}

fn is_names(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|names| names.iter().all(Value::is_string))
}

//! Makes a checkable schema from one that is not: unsupported parts are left to the tool's server.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::read::{MAX_DEPTH, Reader, schemas_in};
use super::schema::JsonSchema;

/// Words that change their meaning without another one, and are dropped with it.
const GO_TOGETHER: &[(&str, &[&str])] = &[
    ("contains", &["minContains", "maxContains"]),
    ("if", &["then", "else"]),
    ("items", &["additionalItems"]),
    ("patternProperties", &["additionalProperties"]),
    ("prefixItems", &["items"]),
    ("properties", &["additionalProperties"]),
];

/// Words under which a schema that accepts more makes the whole accept less.
const INVERTING: &[&str] = &["contains", "if", "not", "oneOf"];

/// Returns a schema that [`JsonSchema::parse`] reads and that refuses no value which the given one accepts: the schema
/// itself where it can be read, otherwise without the parts that cannot be carried out here.
pub fn checkable(schema: &Value) -> Cow<'_, Value> {
    if JsonSchema::parse(schema).is_ok() {
        return Cow::Borrowed(schema);
    }
    let mut weaken = Weaken {
        reader: Reader::of(schema),
        is_altered: false,
    };
    let weakened = weaken.schema(schema, 0, false);
    // A reference may lead where no schema was expected, and to unsupported parts.
    Cow::Owned(match JsonSchema::parse(&weakened) {
        Ok(_) => weakened,
        Err(_) => json!({}),
    })
}

struct Weaken<'a> {
    reader: Reader<'a>,
    /// True if the schema that was read last lost a part.
    is_altered: bool,
}

impl<'a> Weaken<'a> {
    /// Weakens one schema. `moved`: an `$id` above moves references elsewhere.
    fn schema(&mut self, schema: &'a Value, depth: usize, moved: bool) -> Value {
        let words = match schema {
            Value::Object(words) if depth <= MAX_DEPTH => words,
            Value::Bool(_) => return schema.clone(),
            _ => {
                self.is_altered = true;
                return Value::Bool(true);
            }
        };
        let moved = moved || (depth > 0 && words.contains_key("$id"));
        let mut kept = Map::new();
        let mut lost: Vec<&str> = Vec::new();
        for (word, value) in words {
            match self.word(word, value, depth, moved) {
                Some(value) => {
                    kept.insert(word.clone(), value);
                }
                None => lost.push(word),
            }
        }
        // A pattern that is gone no longer names the properties that it allows.
        let is_shorter = |word: &str| {
            let size = |words: &Map<String, Value>| words.get(word)?.as_object().map(Map::len);
            size(&kept) < size(words)
        };
        if is_shorter("patternProperties") {
            lost.push("patternProperties");
            kept.remove("additionalProperties");
        }
        for (word, others) in GO_TOGETHER {
            if lost.contains(word) {
                others.iter().for_each(|other| drop(kept.remove(*other)));
            }
        }
        self.is_altered |= !lost.is_empty();
        Value::Object(kept)
    }

    /// Returns the rest of a word's value; none where the word is dropped.
    fn word(&mut self, word: &str, value: &'a Value, depth: usize, moved: bool) -> Option<Value> {
        if word == "patternProperties" {
            return self.pattern_properties(value, depth, moved);
        }
        if (word == "$ref" && moved) || (word == "$id" && depth > 0) {
            return None;
        }
        self.reader.word(word, value).ok()?;
        if schemas_in(word, value).ok()?.is_empty() {
            return Some(value.clone());
        }
        let outer = std::mem::take(&mut self.is_altered);
        let kept = match value {
            Value::Array(list) => {
                let list = list.iter();
                list.map(|inner| self.schema(inner, depth.saturating_add(1), moved))
                    .collect()
            }
            Value::Object(_) if is_one(word) => self.schema(value, depth.saturating_add(1), moved),
            Value::Object(named) => self.named(word, named, depth, moved),
            one => self.schema(one, depth.saturating_add(1), moved),
        };
        let is_altered = std::mem::replace(&mut self.is_altered, outer) || refers(&kept);
        self.is_altered |= is_altered;
        (!is_altered || !INVERTING.contains(&word)).then_some(kept)
    }

    fn named(
        &mut self,
        word: &str,
        named: &'a Map<String, Value>,
        depth: usize,
        moved: bool,
    ) -> Value {
        let fields = named.iter().map(|(name, inner)| {
            // `dependencies` has lists of names besides schemas.
            let kept = match inner {
                Value::Array(_) if word == "dependencies" => inner.clone(),
                inner => self.schema(inner, depth.saturating_add(1), moved),
            };
            (name.clone(), kept)
        });
        Value::Object(fields.collect())
    }

    fn pattern_properties(&mut self, value: &'a Value, depth: usize, moved: bool) -> Option<Value> {
        let named = value.as_object()?;
        let readable = named
            .iter()
            .filter(|(pattern, _)| self.reader.pattern(pattern).is_ok());
        let readable: Vec<(&'a String, &'a Value)> = readable.collect();
        let fields = readable.into_iter().map(|(pattern, inner)| {
            let kept = self.schema(inner, depth.saturating_add(1), moved);
            (pattern.clone(), kept)
        });
        Some(Value::Object(fields.collect()))
    }
}

/// Returns true for a word whose value, if an object, is one schema.
fn is_one(word: &str) -> bool {
    word == "items" || super::read::ONE.contains(&word)
}

/// Returns true if a value contains a reference: its target may have lost a part.
fn refers(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.contains_key("$ref") || fields.values().any(refers),
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn accepts(schema: &Value, value: &Value) -> bool {
        JsonSchema::parse(schema).unwrap().check(value).is_ok()
    }

    #[test]
    fn readable_schema_stays_as_it_is() {
        let schema = json!({"properties": {"a": {"pattern": "^a"}}, "not": {"required": ["b"]}});
        assert!(matches!(checkable(&schema), Cow::Borrowed(same) if *same == schema));
    }

    #[test]
    fn unreadable_part_leaves_the_rest_checked() {
        for part in [
            json!({"pattern": "^(?!\\.)(?!.*\\.\\.)[a-z]+$"}),
            json!({"unevaluatedProperties": false}),
            json!({"$ref": "https://example.com/s.json"}),
            json!({"$dynamicRef": "#x"}),
            json!({"type": "any"}),
            json!({"required": true}),
            json!({"minimum": "1"}),
            json!({"properties": null}),
            json!({"items": 5}),
            json!({"not": {"pattern": "(?=a)"}}),
            json!({"oneOf": [{"pattern": "(?=a)"}, {"type": "string"}]}),
            json!({"if": {"pattern": "(?=a)"}, "then": false, "else": false}),
            json!({"$id": "http://example.com/", "$ref": "#/$defs/never"}),
            json!(null),
            json!(["string"]),
        ] {
            let schema = json!({
                "type": "object", "required": ["n"], "$defs": {"never": false},
                "properties": {"n": {"type": "integer"}, "part": part},
            });
            let weakened = checkable(&schema);
            assert!(accepts(&weakened, &json!({"n": 1, "part": "x"})), "{part}");
            assert!(!accepts(&weakened, &json!({"n": "1"})), "{part}");
            assert!(!accepts(&weakened, &json!({})), "{part}");
        }
    }

    #[test]
    fn unreadable_pattern_allows_the_properties_it_may_name() {
        let schema = json!({"patternProperties": {"(?=x)": {}, "^a": {"type": "integer"}}, "additionalProperties": false});
        let weakened = checkable(&schema);
        assert!(accepts(&weakened, &json!({"x": 1, "a": 2})));
        assert!(!accepts(&weakened, &json!({"a": "2"})));
    }

    #[test]
    fn unreadable_schema_checks_nothing() {
        let long = "x".repeat(40_000);
        for schema in [
            json!(5),
            json!({"description": long, "type": "string"}),
            json!({"$ref": "#/x", "x": {"extends": {}}}),
        ] {
            assert!(accepts(&checkable(&schema), &json!({"any": "thing"})));
        }
    }

    /// A position in a schema at which a server may check anything.
    const HOLE: &str = "hole";

    fn schema() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(HOLE)),
            Just(json!(HOLE)),
            Just(json!({"type": "string"})),
            Just(json!({"minimum": 2})),
            Just(json!({"required": ["a"]})),
            Just(json!({"$ref": "#/$defs/d"})),
            Just(json!(false)),
        ];
        leaf.prop_recursive(4, 24, 3, |inner| {
            let word = |word: &'static str, of: fn(Vec<Value>) -> Value| {
                prop::collection::vec(inner.clone(), 3)
                    .prop_map(move |inner| (word.to_owned(), of(inner)))
                    .boxed()
            };
            let list = |inner: Vec<Value>| Value::from(inner);
            let one = |inner: Vec<Value>| inner.into_iter().next().unwrap_or_default();
            let named = |inner: Vec<Value>| {
                let names = ["a", "b", "c"].into_iter().map(str::to_owned);
                Value::Object(names.zip(inner).collect())
            };
            let words = prop_oneof![
                word("allOf", list),
                word("anyOf", list),
                word("oneOf", list),
                word("prefixItems", list),
                word("not", one),
                word("if", one),
                word("then", one),
                word("else", one),
                word("items", one),
                word("contains", one),
                word("additionalProperties", one),
                word("propertyNames", one),
                word("properties", named),
                word("patternProperties", named),
                word("dependentSchemas", named),
                Just(("maxContains".to_owned(), json!(1))),
            ];
            prop::collection::vec(words, 1..4)
                .prop_map(|words| Value::Object(words.into_iter().collect()))
        })
    }

    fn filled(schema: &Value, with: &Value) -> Value {
        match schema {
            Value::String(text) if text == HOLE => with.clone(),
            Value::Object(fields) => {
                let fields = fields.iter();
                Value::Object(
                    fields
                        .map(|(name, inner)| (name.clone(), filled(inner, with)))
                        .collect(),
                )
            }
            Value::Array(items) => items.iter().map(|inner| filled(inner, with)).collect(),
            other => other.clone(),
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(1)),
            Just(json!(3)),
            Just(json!("x")),
            Just(json!(null))
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[abcd]", inner, 0..3)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        /// Whatever the server makes of the unsupported part, a value that it accepts is not refused.
        #[test]
        fn weakened_schema_refuses_nothing_the_server_accepts(
            schema in schema(), definition in schema(), value in value(), at_server in any::<bool>()
        ) {
            let whole = json!({"allOf": [schema], "$defs": {"d": definition}});
            let server = filled(&whole, &json!(at_server));
            let ours = filled(&whole, &json!({"pattern": "(?=x)", "extends": {}}));
            let Ok(server) = JsonSchema::parse(&server) else { return Ok(()) };
            if server.check(&value).is_ok() {
                let weakened = checkable(&ours);
                prop_assert!(accepts(&weakened, &value), "{ours} became {weakened}");
            }
        }
    }
}

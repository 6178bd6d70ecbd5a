//! The parts of arrays and objects.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Check, Words};
use crate::json_schema::place::Place;
use crate::json_schema::value::{count, identity};

impl<'a> Check<'a> {
    pub(super) fn array(&mut self, words: &'a Words, items: &[Value], place: &Place<'_>) {
        let bounds = ["minItems", "maxItems"];
        self.size(words, place, items.len(), bounds, "elements");
        let (first, rest) = match (words.get("prefixItems"), words.get("items")) {
            (Some(Value::Array(first)), rest) => (first.as_slice(), rest),
            // As drafts before 2020 wrote it.
            (_, Some(Value::Array(first))) => (first.as_slice(), words.get("additionalItems")),
            (_, rest) => (&[][..], rest),
        };
        self.spend(items.len());
        for (number, item) in items.iter().enumerate() {
            if let Some(schema) = first.get(number).or(rest) {
                self.apply(schema, item, &Place::Item(place, number));
            }
        }
        if words.get("uniqueItems") == Some(&Value::Bool(true)) && self.has_double(items) {
            self.report.add(place, "must not have an element twice");
        }
        if let Some(schema) = words.get("contains") {
            self.contains(words, schema, items, place);
        }
    }

    fn contains(
        &mut self,
        words: &'a Words,
        schema: &'a Value,
        items: &[Value],
        place: &Place<'_>,
    ) {
        let fitting = items.iter().filter(|item| self.fits(schema, item, place));
        let found = u64::try_from(fitting.count()).unwrap_or(u64::MAX);
        let least = words.get("minContains").and_then(count).unwrap_or(1);
        let most = words.get("maxContains").and_then(count);
        if found < least || most.is_some_and(|most| found > most) {
            let problem = "has too few or too many elements of the kind it must contain";
            self.report.add(place, problem);
        }
    }

    fn has_double(&mut self, items: &[Value]) -> bool {
        let mut seen = HashSet::new();
        items.iter().any(|item| {
            if self.is_exhausted() {
                return true;
            }
            let identity = identity(item);
            self.spend(1 + identity.len() / 16);
            !seen.insert(identity)
        })
    }

    pub(super) fn object(
        &mut self,
        words: &'a Words,
        value: &Value,
        fields: &Map<String, Value>,
        place: &Place<'_>,
    ) {
        let bounds = ["minProperties", "maxProperties"];
        self.size(words, place, fields.len(), bounds, "fields");
        self.required(words.get("required"), fields, place);
        self.spend(fields.len());
        for (name, field) in fields {
            self.field(words, name, field, &Place::Field(place, name));
        }
        let named = |word: &str| words.get(word).and_then(Value::as_object);
        for (name, needs) in named("dependentRequired").into_iter().flatten() {
            self.spend(1);
            if fields.contains_key(name) {
                self.required(Some(needs), fields, place);
            }
        }
        for word in ["dependentSchemas", "dependencies"] {
            for (name, needs) in named(word).into_iter().flatten() {
                self.spend(1);
                match needs {
                    _ if !fields.contains_key(name) => {}
                    Value::Array(_) => self.required(Some(needs), fields, place),
                    schema => self.apply(schema, value, place),
                }
            }
        }
    }

    fn field(&mut self, words: &'a Words, name: &str, field: &Value, place: &Place<'_>) {
        let named = |word: &str| words.get(word).and_then(Value::as_object);
        let mut is_known = false;
        if let Some(schema) = named("properties").and_then(|known| known.get(name)) {
            is_known = true;
            self.apply(schema, field, place);
        }
        for (pattern, schema) in named("patternProperties").into_iter().flatten() {
            if self.matches(pattern, name) {
                is_known = true;
                self.apply(schema, field, place);
            }
        }
        if let Some(schema) = words.get("additionalProperties").filter(|_| !is_known) {
            self.apply(schema, field, place);
        }
        if let Some(schema) = words.get("propertyNames") {
            self.apply(schema, &Value::String(name.to_owned()), place);
        }
    }

    fn required(
        &mut self,
        names: Option<&'a Value>,
        fields: &Map<String, Value>,
        place: &Place<'_>,
    ) {
        let names = names.and_then(Value::as_array).into_iter().flatten();
        for name in names.filter_map(Value::as_str) {
            self.spend(1);
            if !fields.contains_key(name) {
                self.report.add(&Place::Field(place, name), "is missing");
            }
        }
    }
}

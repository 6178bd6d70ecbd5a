//! Schemas of tools as the strictest provider takes them. They help a model to write arguments; what arguments are
//! checked by stays the tool's own schema.
//!
//! Refused somewhere: a list of types, an array without a type of its items (OpenAI, Gemini), `anyOf`, `oneOf` or
//! `allOf` at the top (Anthropic, OpenAI), references and most keywords (Gemini), choices that are no texts (Gemini),
//! names of fields outside letters, digits, `_`, `.` and `-`, and more than 64 characters (Anthropic).

use domain::Tool;
use serde_json::{Map, Value, json};

/// Levels of a schema; deeper parts may be anything.
const MAX_DEPTH: usize = 12;

/// Parts of a schema, which references multiply.
const MAX_PARTS: usize = 2_000;

const MAX_NAME_CHARS: usize = 64;

/// Keywords that go as they are where their values have these types.
const NUMBERS: [&str; 6] = [
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
];

/// Returns the schema of a tool's arguments for the wire.
///
/// # Errors
/// Why there is none, in words.
pub fn of_tool(tool: &Tool) -> Result<Value, String> {
    let mut writer = Writer {
        root: &tool.parameters,
        parts: 0,
    };
    let merged = writer.merged(&tool.parameters, 0)?;
    let mut schema = writer.object(&merged, 0)?;
    if let Value::Object(fields) = &mut schema {
        // A tool without parameters still takes an object.
        fields.entry("properties").or_insert_with(|| json!({}));
    }
    Ok(schema)
}

struct Writer<'a> {
    root: &'a Value,
    parts: usize,
}

impl Writer<'_> {
    /// The schema of an object with the fields of all that `allOf`, `anyOf` and `oneOf` combine; what only some of them
    /// require is not required.
    fn merged(&mut self, schema: &Value, depth: usize) -> Result<Map<String, Value>, String> {
        let schema = self.resolved(schema)?;
        let Value::Object(fields) = schema else {
            return Ok(Map::new());
        };
        if !is_object_type(&fields) {
            return Err("its arguments are no object".to_owned());
        }
        if depth > MAX_DEPTH {
            return Err("its schema is nested too deeply".to_owned());
        }
        let mut merged = fields.clone();
        let mut properties = object_in(&merged, "properties");
        let mut required = texts_in(&merged, "required");
        for (word, is_all) in [("allOf", true), ("anyOf", false), ("oneOf", false)] {
            let Some(Value::Array(parts)) = merged.remove(word) else {
                continue;
            };
            let mut in_every: Option<Vec<String>> = None;
            for part in &parts {
                let part = self.merged(part, depth + 1)?;
                for (name, field) in object_in(&part, "properties") {
                    properties.entry(name).or_insert(field);
                }
                let own = texts_in(&part, "required");
                match is_all {
                    true => required.extend(own),
                    false => {
                        in_every = Some(match in_every {
                            None => own,
                            Some(names) => names
                                .into_iter()
                                .filter(|name| own.contains(name))
                                .collect(),
                        });
                    }
                }
            }
            required.extend(in_every.unwrap_or_default());
        }
        merged.insert("properties".to_owned(), Value::Object(properties));
        merged.insert("required".to_owned(), json!(required));
        Ok(merged)
    }

    fn object(&mut self, schema: &Map<String, Value>, depth: usize) -> Result<Value, String> {
        let mut written = Map::new();
        written.insert("type".to_owned(), json!("object"));
        describe(schema, &mut written);
        let required = texts_in(schema, "required");
        let mut properties = Map::new();
        for (name, field) in object_in(schema, "properties") {
            if is_name(&name) {
                properties.insert(name, self.part(&field, depth + 1)?);
            } else if required.contains(&name) {
                let name: String = name.chars().take(MAX_NAME_CHARS).collect();
                return Err(format!("no provider takes the name of its field {name:?}"));
            }
        }
        let mut known: Vec<String> = Vec::new();
        for name in required {
            if properties.contains_key(&name) && !known.contains(&name) {
                known.push(name);
            }
        }
        if !properties.is_empty() {
            written.insert("properties".to_owned(), Value::Object(properties));
        }
        if !known.is_empty() {
            written.insert("required".to_owned(), json!(known));
        }
        match schema.get("additionalProperties") {
            Some(Value::Bool(is_open)) => {
                written.insert("additionalProperties".to_owned(), json!(is_open));
            }
            Some(values @ Value::Object(_)) => {
                let values = self.part(values, depth + 1)?;
                written.insert("additionalProperties".to_owned(), values);
            }
            _ => {}
        }
        Ok(Value::Object(written))
    }

    fn part(&mut self, schema: &Value, depth: usize) -> Result<Value, String> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err("its schema is too large".to_owned());
        }
        let Value::Object(fields) = self.resolved(schema)? else {
            return Ok(json!({}));
        };
        if depth > MAX_DEPTH {
            let mut written = Map::new();
            describe(&fields, &mut written);
            return Ok(Value::Object(written));
        }
        let types = types_of(&fields);
        match types.as_slice() {
            [one] => self.typed(one, &fields, depth),
            [] => {
                let combined = ["anyOf", "oneOf", "allOf"].into_iter().find_map(|word| {
                    fields
                        .get(word)
                        .and_then(Value::as_array)
                        .map(|parts| (word, parts.clone()))
                });
                match combined {
                    Some(("allOf", _)) => match self.merged(schema, depth) {
                        Ok(merged) => self.object(&merged, depth),
                        Err(_) => self.any(&fields),
                    },
                    Some((_, parts)) => self.choice(&fields, &parts, depth),
                    None => self.any(&fields),
                }
            }
            many => {
                let of_type = |one: &String| {
                    let mut fields = fields.clone();
                    fields.insert("type".to_owned(), json!(one));
                    fields.remove("description");
                    Value::Object(fields)
                };
                let parts: Vec<Value> = many.iter().map(of_type).collect();
                self.choice(&fields, &parts, depth)
            }
        }
    }

    /// One of several forms; one form alone is that form.
    fn choice(
        &mut self,
        fields: &Map<String, Value>,
        parts: &[Value],
        depth: usize,
    ) -> Result<Value, String> {
        let mut written = Vec::new();
        for part in parts {
            let part = self.part(part, depth + 1)?;
            let is_null = part.get("type") == Some(&json!("null"));
            if !is_null && !written.contains(&part) {
                written.push(part);
            }
        }
        let mut whole = Map::new();
        describe(fields, &mut whole);
        match written.as_slice() {
            [Value::Object(one)] => {
                let mut one = one.clone();
                one.extend(whole);
                return Ok(Value::Object(one));
            }
            [] => {}
            _ => {
                whole.insert("anyOf".to_owned(), Value::Array(written));
            }
        }
        Ok(Value::Object(whole))
    }

    /// Anything, or one of the values that are listed.
    fn any(&mut self, fields: &Map<String, Value>) -> Result<Value, String> {
        let listed = values_of(fields);
        let is_text = !listed.is_empty() && listed.iter().all(Value::is_string);
        if is_text {
            return self.typed("string", fields, MAX_DEPTH);
        }
        let mut written = Map::new();
        describe(fields, &mut written);
        Ok(Value::Object(written))
    }

    fn typed(
        &mut self,
        kind: &str,
        fields: &Map<String, Value>,
        depth: usize,
    ) -> Result<Value, String> {
        if kind == "object" {
            let merged = self.merged(&Value::Object(fields.clone()), depth);
            return self.object(merged.as_ref().unwrap_or(fields), depth);
        }
        let mut written = Map::new();
        written.insert("type".to_owned(), json!(kind));
        describe(fields, &mut written);
        for word in NUMBERS {
            if let Some(number @ Value::Number(_)) = fields.get(word) {
                written.insert(word.to_owned(), number.clone());
            }
        }
        match kind {
            "string" => {
                let texts = values_of(fields).into_iter();
                let texts: Vec<Value> = texts
                    .filter(|value| value.as_str().is_some_and(|text| !text.is_empty()))
                    .collect();
                if !texts.is_empty() {
                    written.insert("enum".to_owned(), Value::Array(texts));
                }
                if fields.get("format") == Some(&json!("date-time")) {
                    written.insert("format".to_owned(), json!("date-time"));
                }
            }
            "array" => {
                let items = match fields.get("items") {
                    Some(Value::Array(forms)) => json!({"anyOf": forms}),
                    Some(items) => items.clone(),
                    None => Value::Null,
                };
                let items = self.part(&items, depth + 1)?;
                let has_form = items.get("type").is_some() || items.get("anyOf").is_some();
                let items = if has_form {
                    items
                } else {
                    json!({"type": "string"})
                };
                written.insert("items".to_owned(), items);
            }
            _ => {}
        }
        Ok(Value::Object(written))
    }

    /// The schema that a reference within the same schema leads to, with the words beside it. One that leads to itself is
    /// cut by the depth.
    fn resolved(&mut self, schema: &Value) -> Result<Value, String> {
        let mut schema = schema.clone();
        for _ in 0..MAX_DEPTH {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
                return Ok(schema);
            };
            let found = reference
                .strip_prefix('#')
                .and_then(|path| self.root.pointer(path));
            let Some(found) = found else {
                return Err(format!(
                    "its schema refers to {reference}, which is not in it"
                ));
            };
            let mut target = found.clone();
            if let (Value::Object(target), Value::Object(beside)) = (&mut target, &schema) {
                let beside = beside.iter().filter(|(word, _)| *word != "$ref");
                target.extend(beside.map(|(word, value)| (word.clone(), value.clone())));
            }
            schema = target;
        }
        Err("its schema refers to itself".to_owned())
    }
}

/// Description, title and default, and listed values that are no texts, as words.
fn describe(fields: &Map<String, Value>, written: &mut Map<String, Value>) {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut description = match text("description") {
        "" => text("title").to_owned(),
        description => description.to_owned(),
    };
    let listed = values_of(fields);
    if listed.iter().any(|value| !value.is_string()) {
        let listed: Vec<String> = listed.iter().map(Value::to_string).collect();
        description = format!("{description} One of: {}.", listed.join(", "));
    }
    if let Some(default) = fields.get("default").filter(|value| !value.is_null()) {
        description = format!("{description} Default: {default}.");
    }
    if !description.trim().is_empty() {
        written.insert("description".to_owned(), json!(description.trim()));
    }
}

/// The values of `enum` or `const`.
fn values_of(fields: &Map<String, Value>) -> Vec<Value> {
    match (fields.get("enum"), fields.get("const")) {
        (Some(Value::Array(values)), _) => values.clone(),
        (_, Some(value)) => vec![value.clone()],
        _ => Vec::new(),
    }
}

/// The types but `null`; those that its other words show, where it names none.
fn types_of(fields: &Map<String, Value>) -> Vec<String> {
    let named: Vec<String> = match fields.get("type") {
        Some(Value::String(kind)) => vec![kind.clone()],
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    };
    let shown = [("properties", "object"), ("items", "array")];
    match named.is_empty() {
        true => {
            let shown = shown.iter().filter(|(word, _)| fields.contains_key(*word));
            shown.map(|(_, kind)| (*kind).to_owned()).take(1).collect()
        }
        false => {
            let only_null = named.iter().all(|kind| kind == "null");
            named
                .into_iter()
                .filter(|kind| only_null || kind != "null")
                .collect()
        }
    }
}

fn is_object_type(fields: &Map<String, Value>) -> bool {
    let types = types_of(fields);
    types.is_empty() || types.iter().any(|kind| kind == "object")
}

fn object_in(fields: &Map<String, Value>, name: &str) -> Map<String, Value> {
    fields
        .get(name)
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

fn texts_in(fields: &Map<String, Value>, name: &str) -> Vec<String> {
    let texts = fields
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    !name.is_empty() && name.len() <= MAX_NAME_CHARS && name.bytes().all(is_letter)
}

#[cfg(test)]
mod tests;

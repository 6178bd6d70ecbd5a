//! The form that a step's result must have, where its plan says one: a JSON Schema, and the tool `submit_result` by
//! which the agent hands the result in. What does not fit goes back to the model as the call's error.
//!
//! Known words of the schema: `type`, `enum`, `properties`, `required`, `additionalProperties: false`, `items`,
//! `minItems`, `maxItems`, `minLength`, `maxLength`, `minimum`, `maximum`. Others are ignored.

use domain::Tool;
use serde_json::{Map, Value, json};

/// The tool that ends an agent's step.
pub(crate) const SUBMIT_RESULT: &str = "submit_result";

/// Deeper, a schema is not looked at.
const MAX_DEPTH: usize = 16;

/// The form of a result; without a schema, any will do.
pub(crate) struct Form {
    schema: Option<Value>,
}

impl Form {
    pub(crate) fn of(schema: Option<Value>) -> Self {
        Self {
            schema: schema.filter(Value::is_object),
        }
    }

    /// The tool as the model is told of it; none where no form is wanted.
    pub(crate) fn tool(&self) -> Option<Tool> {
        let schema = self.schema.as_ref()?;
        serde_json::from_value(json!({
            "name": SUBMIT_RESULT,
            "description": "Submits the result of the step and ends it. The arguments are the result; they must have this form.",
            "parameters": schema, "version": 1, "idempotent": true, "writes": false,
        }))
        .ok()
    }

    /// What is wrong with a result, in words that a model can mend it by.
    pub(crate) fn problem(&self, result: &Value) -> Option<String> {
        if !result.is_object() {
            return Some("the result must be an object".to_owned());
        }
        let mut problems = Vec::new();
        if let Some(schema) = &self.schema {
            look("the result", schema, result, 0, &mut problems);
        }
        problems.truncate(10);
        (!problems.is_empty()).then(|| {
            format!(
                "the result does not have the form that the step asks for: {}",
                problems.join("; ")
            )
        })
    }

    /// An agent's last word as the step's result. Where a form is wanted it has to be JSON of that form.
    pub(crate) fn last_word(&self, result: Map<String, Value>) -> Result<Value, String> {
        if self.schema.is_none() {
            return Ok(Value::Object(result));
        }
        let text = result.get("text").and_then(Value::as_str);
        let value: Value = serde_json::from_str(text.unwrap_or_default()).unwrap_or_default();
        match self.problem(&value) {
            None => Ok(value),
            Some(problem) => Err(format!(
                "The result of this step has to be submitted by calling {SUBMIT_RESULT}: {problem}."
            )),
        }
    }
}

fn look(name: &str, schema: &Value, value: &Value, depth: usize, problems: &mut Vec<String>) {
    if depth > MAX_DEPTH {
        return;
    }
    if let Some(wanted) = schema.get("type")
        && !is_of(wanted, value)
    {
        problems.push(format!("{name} must be of type {wanted}"));
        return;
    }
    if let Some(Value::Array(allowed)) = schema.get("enum")
        && !allowed.contains(value)
    {
        problems.push(format!(
            "{name} must be one of {}",
            Value::from(allowed.clone())
        ));
    }
    match value {
        Value::Object(fields) => look_at_fields(name, schema, fields, depth, problems),
        Value::Array(items) => {
            bounds(
                name,
                schema,
                ("minItems", "maxItems"),
                items.len(),
                "items",
                problems,
            );
            if let Some(schema) = schema.get("items") {
                for (number, item) in items.iter().enumerate() {
                    look(
                        &format!("{name}[{number}]"),
                        schema,
                        item,
                        depth + 1,
                        problems,
                    );
                }
            }
        }
        Value::String(text) => {
            let length = text.chars().count();
            bounds(
                name,
                schema,
                ("minLength", "maxLength"),
                length,
                "characters",
                problems,
            );
        }
        Value::Number(number) => {
            let bound = |word| schema.get(word).and_then(Value::as_f64);
            let number = number.as_f64().unwrap_or_default();
            if bound("minimum").is_some_and(|least| number < least)
                || bound("maximum").is_some_and(|most| number > most)
            {
                problems.push(format!("{name} is out of bounds"));
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn look_at_fields(
    name: &str,
    schema: &Value,
    fields: &Map<String, Value>,
    depth: usize,
    problems: &mut Vec<String>,
) {
    let required = schema.get("required").and_then(Value::as_array);
    let missing = required.into_iter().flatten().filter_map(Value::as_str);
    for field in missing.filter(|field| !fields.contains_key(*field)) {
        problems.push(format!("{name} has no \"{field}\""));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (field, value) in fields {
        match properties.and_then(|properties| properties.get(field)) {
            Some(schema) => look(&format!("\"{field}\""), schema, value, depth + 1, problems),
            None if is_closed => problems.push(format!("{name} may not have \"{field}\"")),
            None => {}
        }
    }
}

fn bounds(
    name: &str,
    schema: &Value,
    (least, most): (&str, &str),
    size: usize,
    of: &str,
    problems: &mut Vec<String>,
) {
    let size = u64::try_from(size).unwrap_or(u64::MAX);
    let bound = |word| schema.get(word).and_then(Value::as_u64);
    if bound(least).is_some_and(|least| size < least) {
        problems.push(format!("{name} has too few {of}"));
    }
    if bound(most).is_some_and(|most| size > most) {
        problems.push(format!("{name} has too many {of}"));
    }
}

fn is_of(wanted: &Value, value: &Value) -> bool {
    match wanted {
        Value::Array(types) => types.iter().any(|wanted| is_of(wanted, value)),
        Value::String(wanted) => match wanted.as_str() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            "number" => value.is_number(),
            _ => true,
        },
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn form() -> Form {
        Form::of(Some(json!({
            "type": "object", "required": ["title", "rows"], "additionalProperties": false,
            "properties": {
                "title": {"type": "string", "minLength": 2, "maxLength": 5},
                "rows": {"type": "array", "minItems": 1, "maxItems": 2,
                         "items": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 9}}}},
                "mood": {"enum": ["good", "bad"]},
                "maybe": {"type": ["null", "number"]},
            },
        })))
    }

    #[test]
    fn each_word_of_the_schema_is_missed_alone() {
        let sound = json!({"title": "abc", "rows": [{"n": 1}], "mood": "good", "maybe": null});
        assert_eq!(form().problem(&sound), None);
        for (change, problem) in [
            (json!({"title": 5}), "\"title\" must be of type"),
            (json!({"title": "a"}), "too few characters"),
            (json!({"title": "abcdef"}), "too many characters"),
            (json!({"rows": []}), "too few items"),
            (
                json!({"rows": [{"n": 1}, {"n": 1}, {"n": 1}]}),
                "too many items",
            ),
            (json!({"rows": [{}]}), "\"rows\"[0] has no \"n\""),
            (json!({"rows": [{"n": 0}]}), "out of bounds"),
            (json!({"rows": [{"n": 10}]}), "out of bounds"),
            (json!({"rows": [{"n": 1.5}]}), "must be of type"),
            (json!({"mood": "odd"}), "must be one of"),
            (json!({"maybe": "x"}), "must be of type"),
            (json!({"more": 1}), "may not have \"more\""),
        ] {
            let mut broken = sound.clone();
            let changes = change.as_object().unwrap().clone();
            broken.as_object_mut().unwrap().extend(changes);
            let found = form().problem(&broken).unwrap_or_default();
            assert!(found.contains(problem), "{change}: {found}");
        }
        let found = form().problem(&json!({})).unwrap();
        assert!(
            found.contains("has no \"title\"; the result has no \"rows\""),
            "{found}"
        );
        assert!(form().problem(&json!([])).is_some());
        assert_eq!(Form::of(None).problem(&json!({"any": "thing"})), None);
    }

    #[test]
    fn a_last_word_counts_where_it_is_json_of_the_form() {
        let said = |text: &str| {
            let result = json!({"text": text}).as_object().unwrap().clone();
            form().last_word(result)
        };
        assert_eq!(
            said(r#"{"title": "abc", "rows": [{"n": 2}]}"#),
            Ok(json!({"title": "abc", "rows": [{"n": 2}]}))
        );
        let problem = said("Here it is.").unwrap_err();
        assert!(problem.contains("calling submit_result"), "{problem}");
        let any = json!({"text": "Here it is."}).as_object().unwrap().clone();
        assert!(Form::of(None).last_word(any).is_ok());
        assert!(Form::of(None).tool().is_none());
        assert_eq!(form().tool().unwrap().name, SUBMIT_RESULT);
    }
}

//! Converts JSON to a template's value and back, strictly: a value that JSON cannot express is an error and not a
//! silent `null`.
//!
//! The way into the template does not use serde: with serde_json's `arbitrary_precision`, which any crate of a build
//! may switch on for all, a number would arrive as a map.

use std::collections::BTreeMap;

use minijinja::Value as Jinja;
use minijinja::value::ValueKind;
use serde_json::{Map, Value};

use super::error::Error;

/// Lists in lists; deeper values cannot be stored or sent.
const MAX_DEPTH: usize = 64;
/// The size of an element besides its text, so that a million empty lists count.
const ELEMENT_BYTES: usize = 4;

/// Converts JSON for a template.
pub(super) fn to_jinja(value: &Value) -> Jinja {
    match value {
        Value::Null => Jinja::from(()),
        Value::Bool(flag) => Jinja::from(*flag),
        Value::String(text) => Jinja::from(text.as_str()),
        Value::Number(number) => number
            .as_i64()
            .map(Jinja::from)
            .or_else(|| number.as_u64().map(Jinja::from))
            .or_else(|| number.as_f64().map(Jinja::from))
            .unwrap_or_else(|| Jinja::from(number.to_string())),
        Value::Array(items) => items.iter().map(to_jinja).collect::<Vec<_>>().into(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), to_jinja(value)))
            .collect::<BTreeMap<_, _>>()
            .into(),
    }
}

/// Converts a value, taking its size out of `room`.
pub(super) fn from_jinja(value: &Jinja, room: &mut usize) -> Result<Value, Error> {
    convert(value, room, 0)
}

fn convert(value: &Jinja, room: &mut usize, depth: usize) -> Result<Value, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::Value(format!(
            "the value has more than {MAX_DEPTH} levels"
        )));
    }
    *room = room.checked_sub(ELEMENT_BYTES).ok_or(Error::TooLarge)?;
    match value.kind() {
        ValueKind::Undefined => Err(Error::Undefined("a value is missing".into())),
        ValueKind::None => Ok(Value::Null),
        ValueKind::Bool => Ok(Value::Bool(value.is_true())),
        ValueKind::Number => number(value),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            *room = room.checked_sub(text.len()).ok_or(Error::TooLarge)?;
            Ok(Value::String(text.to_owned()))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value
                .try_iter()
                .map_err(|error| Error::Value(error.to_string()))?;
            let items = items.map(|item| convert(&item, room, depth + 1));
            items.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        ValueKind::Map => map(value, room, depth),
        kind => Err(Error::Value(format!("a {kind} cannot become JSON"))),
    }
}

fn number(value: &Jinja) -> Result<Value, Error> {
    match serde_json::to_value(value) {
        Ok(Value::Number(number)) => Ok(Value::Number(number)),
        _ => Err(Error::Value(format!(
            "`{value}` is not a number that JSON can hold"
        ))),
    }
}

fn map(value: &Jinja, room: &mut usize, depth: usize) -> Result<Value, Error> {
    let mut fields = Map::new();
    for key in value
        .try_iter()
        .map_err(|error| Error::Value(error.to_string()))?
    {
        let name = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        *room = room.checked_sub(name.len()).ok_or(Error::TooLarge)?;
        let item = value
            .get_item(&key)
            .map_err(|error| Error::Value(error.to_string()))?;
        fields.insert(name, convert(&item, room, depth + 1)?);
    }
    Ok(Value::Object(fields))
}

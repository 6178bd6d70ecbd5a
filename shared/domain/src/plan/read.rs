//! Reads a plan's raw JSON, for the check and for the parser alike.

use serde_json::{Map, Value};

use crate::ids::is_step_key;
use crate::state::StepKind;

/// Returns the elements of `steps`; none where it is no list.
pub(super) fn steps_of(plan: &Value) -> &[Value] {
    plan.get("steps")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Returns a field that is present: an absent one and `null` are the same.
pub(super) fn present<'a>(object: Option<&'a Map<String, Value>>, name: &str) -> Option<&'a Value> {
    object?.get(name).filter(|value| !value.is_null())
}

/// Returns a JSON string with at least one character.
pub(super) fn text<'a>(object: Option<&'a Map<String, Value>>, name: &str) -> Option<&'a str> {
    present(object, name)?
        .as_str()
        .filter(|text| !text.is_empty())
}

/// Returns a JSON number without a fractional part; `3.0` counts, as it does in SQL.
pub(super) fn integer(value: &Value) -> Option<i64> {
    if let Some(integer) = value.as_i64() {
        return Some(integer);
    }
    let number = value.as_f64()?;
    // Beyond this, every float is whole and far outside every allowed range.
    if number.fract() != 0.0 || number.abs() > 1e15 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and small, checked above"
    )]
    Some(number as i64)
}

/// A step as far as its JSON can be read.
pub(super) struct Step<'a> {
    pub(super) fields: Option<&'a Map<String, Value>>,
    pub(super) key: Option<&'a str>,
    pub(super) kind: Option<StepKind>,
    pub(super) input: Option<&'a Map<String, Value>>,
    pub(super) depends_on: &'a [Value],
}

impl<'a> Step<'a> {
    pub(super) fn read(step: &'a Value) -> Self {
        let fields = step.as_object();
        let array = present(fields, "depends_on").and_then(Value::as_array);
        Self {
            fields,
            key: present(fields, "key").and_then(Value::as_str),
            kind: present(fields, "kind").and_then(planned_kind),
            input: present(fields, "input").and_then(Value::as_object),
            depends_on: array.map_or(&[], Vec::as_slice),
        }
    }

    pub(super) fn well_formed_key(&self) -> Option<&'a str> {
        self.key.filter(|key| is_step_key(key))
    }

    /// Returns the calls of an agent's procedure that are objects.
    pub(super) fn procedure(&self) -> impl Iterator<Item = &'a Map<String, Value>> {
        let calls = present(self.input, "procedure").and_then(Value::as_array);
        calls.into_iter().flatten().filter_map(Value::as_object)
    }
}

/// Returns the kind as a plan may name it.
pub(super) fn planned_kind(value: &Value) -> Option<StepKind> {
    let word = value.as_str()?;
    StepKind::ALL
        .iter()
        .copied()
        .find(|kind| kind.may_be_planned() && kind.as_str() == word)
}

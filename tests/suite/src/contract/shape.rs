//! Shape of a reply: names and types, and the few values that a caller branches on.
//!
//! Data of people and plans (inputs, results, contexts, rows) is no part of the contract; only its type is kept.

use serde_json::{Value, json};

use super::ids::{self, Ids};

/// Fields whose values decide a caller's next call.
const KEPT: &[&str] = &[
    "step_key", "kind", "verdict", "state", "first", "repeated", "held", "code", "decision",
];
/// Fields with data of people and plans.
const DATA: &[&str] = &[
    "input",
    "parameters",
    "result",
    "answer",
    "shown",
    "rows",
    "schema",
    "parameters_schema",
    "plan",
    "check",
    "config",
];
/// Arrays whose elements each count.
const LISTS: &[&str] = &["claimed", "outcomes"];

/// Returns the shape of a reply of this path.
#[must_use]
pub fn of(path: &str, reply: &Value) -> Value {
    match reply {
        Value::Array(items) => items
            .iter()
            .map(|item| within(path, "", item, false))
            .collect(),
        other => within(path, "", other, false),
    }
}

fn within(path: &str, key: &str, value: &Value, in_context: bool) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Object(fields) if is_data(key, value, in_context) && !fields.is_empty() => {
            json!("<object>")
        }
        Value::Object(fields) => {
            let in_context = in_context || key == "context";
            let shapes = fields
                .iter()
                .map(|(name, value)| (name.clone(), within(path, name, value, in_context)));
            Value::Object(shapes.collect())
        }
        Value::Array(_) if is_data(key, value, in_context) => json!("<array>"),
        Value::Array(items) if LISTS.contains(&key) => items
            .iter()
            .map(|item| within(path, key, item, in_context))
            .collect(),
        Value::Array(items) => items
            .iter()
            .take(1)
            .map(|item| within(path, key, item, in_context))
            .collect(),
        kept if KEPT.contains(&key) || ids::kind(path, key).is_some() || key == "lease_epoch" => {
            kept.clone()
        }
        Value::String(_) => json!("<string>"),
        Value::Number(_) => json!("<number>"),
        Value::Bool(_) => json!("<boolean>"),
    }
}

/// Returns true for a field with data. The results of dependencies are an object by step; the judge's list of all steps
/// is an array, and no data. A claimed step has its context in `context`; the one nested in it is the requester's.
fn is_data(key: &str, value: &Value, in_context: bool) -> bool {
    DATA.contains(&key) || (key == "steps" && value.is_object()) || (key == "context" && in_context)
}

/// Compares a reply with a recorded shape and learns the recorded ids. Returns missing and different fields as
/// sentences; new fields are allowed.
#[must_use]
pub fn differences(path: &str, recorded: &Value, present: &Value, ids: &mut Ids) -> Vec<String> {
    let mut found = Vec::new();
    compare(path, "", "reply", recorded, present, ids, &mut found);
    found
}

fn compare(
    path: &str,
    key: &str,
    place: &str,
    recorded: &Value,
    present: &Value,
    ids: &mut Ids,
    found: &mut Vec<String>,
) {
    match (recorded, present) {
        // It may be absent, so any value is accepted.
        (Value::Null, _) => {}
        (Value::String(kind), _) if kind.starts_with('<') => {
            if *kind != type_name(present) {
                found.push(format!("{place} was {kind} and is {}", type_name(present)));
            }
        }
        (Value::Object(fields), Value::Object(now)) => {
            if let Err(problem) = ids.learn_lease(recorded, present) {
                found.push(format!("{place}: {problem}"));
            }
            for (name, value) in fields {
                let place = format!("{place}.{name}");
                match now.get(name) {
                    Some(_) if name == "lease_epoch" => {}
                    Some(present) => compare(path, name, &place, value, present, ids, found),
                    None if value.is_null() => {}
                    None => found.push(format!("{place} is missing")),
                }
            }
        }
        (Value::Array(items), Value::Array(now)) => {
            compare_arrays(path, key, place, (items, now), ids, found);
        }
        _ => match ids::kind(path, key) {
            Some(kind) => {
                if let Err(problem) = ids.learn(kind, recorded, present) {
                    found.push(format!("{place}: {problem}"));
                }
            }
            None if recorded == present => {}
            None => found.push(format!("{place} was {recorded} and is {present}")),
        },
    }
}

fn compare_arrays(
    path: &str,
    key: &str,
    place: &str,
    (recorded, present): (&[Value], &[Value]),
    ids: &mut Ids,
    found: &mut Vec<String>,
) {
    let counts = LISTS.contains(&key) || key.is_empty();
    if counts && recorded.len() != present.len() {
        found.push(format!(
            "{place} had {} elements and has {}: {present:?}",
            recorded.len(),
            present.len()
        ));
        return;
    }
    if !counts && !recorded.is_empty() && present.is_empty() {
        found.push(format!("{place} had elements and has none"));
    }
    for (item, now) in in_order(recorded).into_iter().zip(in_order(present)) {
        compare(path, key, &format!("{place}[]"), item, now, ids, found);
    }
}

/// Sorts claimed steps by key, because the order of their runs is undefined.
fn in_order(items: &[Value]) -> Vec<&Value> {
    let mut items: Vec<&Value> = items.iter().collect();
    items.sort_by_key(|item| {
        item.get("step_key")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    });
    items
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "<boolean>",
        Value::Number(_) => "<number>",
        Value::String(_) => "<string>",
        Value::Array(_) => "<array>",
        Value::Object(_) => "<object>",
    }
}

//! A server's list of tools as it is recorded. Each entry leaves a trace: a tool, or a problem that people read.

use std::collections::HashSet;

use domain::json_schema::MAX_BYTES as MAX_SCHEMA_BYTES;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::egress::body::shortened;

/// Bytes of one tool's description, and of its name at its server.
const MAX_DESCRIPTION_BYTES: usize = 8 * 1024;
const MAX_NAME_BYTES: usize = 1_000;

/// Levels of a schema as JSON: not every reader reads deeper ones.
const MAX_SCHEMA_LEVELS: usize = 80;

/// Letters of a name that models and the database accept.
const MAX_ALIAS_LETTERS: usize = 64;

/// Returns the cursor of the next page; none at the end.
pub(super) fn next_cursor(cursor: Option<&Value>) -> Option<&Value> {
    let cursor = cursor?;
    let goes_on = match cursor {
        Value::String(text) => !text.is_empty(),
        cursor => cursor.is_number(),
    };
    goes_on.then_some(cursor)
}

/// Describes listed tools for the database: `[{"name", "original_name", "description", "parameters", "problem"}]`.
/// `name` is valid everywhere in Goalpost, the server's own name where possible. Otherwise it depends on the server's
/// name alone, so that it stays the same.
pub(super) fn describe(listed: &[Value]) -> Vec<Value> {
    let (plain, other): (Vec<&Value>, Vec<&Value>) = listed
        .iter()
        .partition(|tool| name_of(tool).is_ok_and(is_plain));
    let mut taken: HashSet<String> = HashSet::new();
    let mut tools: Vec<Value> = Vec::new();
    for tool in plain {
        let name = name_of(tool).unwrap_or_default();
        if taken.insert(name.to_owned()) {
            let is_twice = listed
                .iter()
                .any(|it| name_of(it) == Ok(name) && it != tool);
            tools.push(described(tool, name, name, is_twice.then(twice)));
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    for tool in other {
        let (original, problem) = match name_of(tool) {
            Ok(name) if seen.contains(&name) => continue,
            Ok(name) => {
                seen.push(name);
                let is_twice = listed
                    .iter()
                    .any(|it| name_of(it) == Ok(name) && it != tool);
                (name.to_owned(), is_twice.then(twice))
            }
            Err(problem) => (unnamed(tool), Some(problem)),
        };
        let mut names = (0_u32..).map(|round| alias(&original, round));
        if let Some(name) = names.find(|name| taken.insert(name.clone())) {
            tools.push(described(tool, &name, &original, problem));
        }
    }
    tools
}

/// Returns notes for people about tools: the name at the server where it differs, and the reason why one is unusable.
pub(super) fn notes(tools: &Value) -> Vec<String> {
    let mut notes = Vec::new();
    for tool in tools.as_array().into_iter().flatten() {
        let word = |name: &str| tool.get(name).and_then(Value::as_str);
        let (Some(name), Some(original)) = (word("name"), word("original_name")) else {
            continue;
        };
        if name != original {
            notes.push(format!("{name}: the server calls it {original}"));
        }
        if let Some(problem) = word("problem") {
            notes.push(format!("{name} cannot be used: {problem}"));
        }
    }
    notes
}

fn twice() -> String {
    "the server lists its name more than once, with different descriptions".to_owned()
}

fn described(tool: &Value, name: &str, original_name: &str, problem: Option<String>) -> Value {
    let description = match tool.get("description") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let parameters = match tool.get("inputSchema") {
        None | Some(Value::Null) => json!({"type": "object"}),
        Some(schema) => schema.clone(),
    };
    let problem = problem.or_else(|| problem_of(&description, &parameters));
    // The contents of an unusable tool need not be kept.
    let (description, parameters) = match &problem {
        Some(_) => (shortened(&description, 1_000).to_owned(), json!({})),
        None => (description, parameters),
    };
    json!({
        "name": name, "original_name": original_name, "description": description, "parameters": parameters,
        "problem": problem,
    })
}

fn problem_of(description: &str, parameters: &Value) -> Option<String> {
    if description.len() > MAX_DESCRIPTION_BYTES {
        return Some(format!(
            "its description has more than {MAX_DESCRIPTION_BYTES} bytes"
        ));
    }
    let problem = if !parameters.is_object() {
        "it is not a JSON object".to_owned()
    } else if parameters.to_string().len() > MAX_SCHEMA_BYTES {
        format!("it has more than {MAX_SCHEMA_BYTES} bytes")
    } else if is_deeper(parameters, MAX_SCHEMA_LEVELS) {
        format!("it is nested more than {MAX_SCHEMA_LEVELS} levels deep")
    } else {
        return None;
    };
    Some(format!("its schema cannot be used: {problem}"))
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    let Some(left) = levels.checked_sub(1) else {
        return value.is_object() || value.is_array();
    };
    match value {
        Value::Array(items) => items.iter().any(|item| is_deeper(item, left)),
        Value::Object(fields) => fields.values().any(|field| is_deeper(field, left)),
        _ => false,
    }
}

/// Returns the name that a server gives a tool.
///
/// # Errors
/// The reason why it has no usable name.
fn name_of(tool: &Value) -> Result<&str, String> {
    let Some(name) = tool.get("name") else {
        return Err("the server gives it no name".into());
    };
    let Some(name) = name.as_str() else {
        return Err("its name is not a text".into());
    };
    if name.trim().is_empty() {
        Err("its name is empty".into())
    } else if name.len() > MAX_NAME_BYTES {
        Err(format!("its name has more than {MAX_NAME_BYTES} bytes"))
    } else {
        Ok(name)
    }
}

/// Returns a description by which people recognise an entry without a name.
fn unnamed(tool: &Value) -> String {
    let given = tool.get("name").unwrap_or(tool);
    shortened(&given.to_string(), 200).to_owned()
}

fn is_of_alias(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.')
}

fn is_plain(name: &str) -> bool {
    name.len() <= MAX_ALIAS_LETTERS && name.chars().all(is_of_alias)
}

/// Returns the beginning of a name in plain letters, with a part of its hash; `round` varies the hash.
fn alias(name: &str, round: u32) -> String {
    let hash = Sha256::digest(format!("{name}\0{round}"));
    let hash: String = hash
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let plain = |letter| if is_of_alias(letter) { letter } else { '_' };
    let room = MAX_ALIAS_LETTERS
        .saturating_sub(hash.len())
        .saturating_sub(1);
    let start: String = name.chars().map(plain).take(room).collect();
    format!("{start}_{hash}")
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_and_others_become_stable() {
        let long = "x".repeat(65);
        let names = [
            "repo/search",
            "a:b",
            "with space",
            &long,
            "ünïcode",
            "plain-1.2",
        ];
        let listed: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        let mut turned = listed.clone();
        turned.reverse();
        let by_original = |tools: &[Value], name: &str| {
            let found = tools.iter().find(|tool| tool["original_name"] == name);
            found.unwrap()["name"].as_str().unwrap().to_owned()
        };
        let (first, second) = (describe(&listed), describe(&turned));
        for name in names {
            let alias = by_original(&first, name);
            assert!(is_plain(&alias), "{alias}");
            assert_eq!(alias, by_original(&second, name));
            assert_eq!(alias == name, name == "plain-1.2");
        }
        assert!(by_original(&first, "repo/search").starts_with("repo_search_"));
        assert!(
            first.iter().all(|tool| tool["problem"].is_null()),
            "{first:?}"
        );
    }

    #[test]
    fn colliding_aliases_become_different_names() {
        let taken = alias("a/b", 0);
        let tools = describe(&[
            json!({"name": "a/b"}),
            json!({"name": taken}),
            json!({"name": "a:b"}),
        ]);
        let names: HashSet<&str> = tools
            .iter()
            .filter_map(|tool| tool["name"].as_str())
            .collect();
        assert_eq!(names.len(), 3, "{tools:?}");
        assert_eq!(
            tools[0]["name"], tools[0]["original_name"],
            "the server's own name stays"
        );
    }

    #[test]
    fn entry_without_usable_name_lists_its_problem() {
        let long = "x".repeat(1_001);
        for (entry, problem) in [
            (json!({"name": ""}), "empty"),
            (json!({"name": "  "}), "empty"),
            (json!({"name": 5}), "not a text"),
            (json!({"name": null}), "not a text"),
            (json!({"description": "?"}), "no name"),
            (json!("echo"), "no name"),
            (json!(null), "no name"),
            (json!({"name": long}), "more than 1000 bytes"),
        ] {
            let tools = describe(&[entry.clone(), entry.clone(), json!({"name": "echo"})]);
            assert_eq!(tools[0]["name"], "echo");
            let found = tools[1]["problem"].as_str().unwrap_or_default();
            assert!(found.contains(problem), "{entry}: {found}");
            assert!(
                is_plain(tools[1]["name"].as_str().unwrap_or("/")),
                "{tools:?}"
            );
        }
    }

    #[test]
    fn conflicting_entries_of_one_name_are_unusable() {
        for name in ["echo", "a/b"] {
            let same = json!({"name": name, "description": "one"});
            let tools = describe(&[same.clone(), same.clone()]);
            assert_eq!((tools.len(), &tools[0]["problem"]), (1, &Value::Null));
            let tools = describe(&[same, json!({"name": name, "description": "two"})]);
            let problem = tools[0]["problem"].as_str().unwrap_or_default();
            assert!(
                tools.len() == 1 && problem.contains("more than once"),
                "{tools:?}"
            );
        }
    }

    #[test]
    fn schema_is_refused_for_size_depth_form() {
        let deep = (0..90).fold(json!({}), |inner, _| json!({"items": inner}));
        for (schema, is_usable) in [
            (
                json!({"properties": {"to": {"pattern": "^(?!\\.)(?!.*\\.\\.)"}}}),
                true,
            ),
            (json!({"unevaluatedProperties": false}), true),
            (json!(null), true),
            (json!([]), false),
            (json!(true), false),
            (json!({"description": "x".repeat(40_000)}), false),
            (deep, false),
        ] {
            let tools = describe(&[json!({"name": "echo", "inputSchema": schema})]);
            assert_eq!(
                tools[0]["problem"].is_null(),
                is_usable,
                "{:?}",
                tools[0]["problem"]
            );
            assert!(tools[0]["parameters"].is_object());
        }
    }

    #[test]
    fn list_ends_without_a_cursor() {
        assert_eq!(next_cursor(None), None);
        for cursor in [json!(""), json!(null), json!(false), json!({})] {
            assert_eq!(next_cursor(Some(&cursor)), None);
        }
        for cursor in [json!("2"), json!(2)] {
            assert_eq!(next_cursor(Some(&cursor)), Some(&cursor));
        }
    }
}

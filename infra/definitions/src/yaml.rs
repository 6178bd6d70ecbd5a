//! YAML files: read with all their mistakes named, and written in the order in which people read them.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use domain::nearest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The most bytes of a file.
const MAX_BYTES: u64 = 4_000_000;

/// A kind of definition: what it is called, and the fields that its files have.
pub(crate) struct Definition {
    /// Such as `runbook`.
    pub(crate) name: &'static str,
    /// Listed where a file has another one.
    pub(crate) fields: &'static [&'static str],
    /// Accepted without being listed.
    pub(crate) further_fields: &'static [&'static str],
}

impl Definition {
    /// Returns its name with an article, such as `an agent`.
    fn with_article(&self) -> String {
        let article = if self.name.starts_with('a') {
            "an"
        } else {
            "a"
        };
        format!("{article} {}", self.name)
    }
}

/// Reads a definition from a YAML file, or from the standard input for `-`.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, definition: &Definition) -> anyhow::Result<T> {
    let is_none = || format!("{} is not {}", path.display(), definition.with_article());
    let json = read_json(path)?;
    fields(&json, definition).with_context(is_none)?;
    serde_json::from_value(json).with_context(is_none)
}

/// Reads a YAML file, or the standard input for `-`, as JSON.
pub(crate) fn read_json(path: &Path) -> anyhow::Result<Value> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
    };
    read.with_context(|| format!("reading {}", path.display()))?;
    json(&text).with_context(|| format!("reading {}", path.display()))
}

/// Reads a definition from YAML.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, definition: &Definition) -> anyhow::Result<T> {
    let json = json(text)?;
    fields(&json, definition)?;
    Ok(serde_json::from_value(json)?)
}

/// Reads YAML as JSON.
pub(crate) fn json(text: &str) -> anyhow::Result<Value> {
    // First as YAML: a key that occurs twice is an error there.
    let yaml: serde_yaml_ng::Value = serde_yaml_ng::from_str(text)?;
    if has_unwritable_number(&yaml) {
        bail!("it has a number that JSON cannot write, such as .nan or .inf");
    }
    serde_json::to_value(&yaml).context("a key or number that JSON does not have")
}

/// Returns the fields of a definition; a field that it does not have is refused with the nearest one.
pub(crate) fn fields<'a>(
    json: &'a Value,
    definition: &Definition,
) -> anyhow::Result<&'a Map<String, Value>> {
    let Value::Object(fields) = json else {
        bail!(
            "it has no fields; a line such as `{}: …` begins one",
            definition.fields.first().unwrap_or(&"name")
        );
    };
    let known = || {
        definition
            .fields
            .iter()
            .chain(definition.further_fields)
            .copied()
    };
    if let Some(unknown) = fields
        .keys()
        .find(|name| known().all(|one| one != name.as_str()))
    {
        let near = nearest(unknown, known());
        bail!(
            "{} has a field {unknown:?};{} it has {}",
            definition.name,
            near.map_or_else(String::new, |near| format!(" did you mean {near}?")),
            definition.fields.join(", ")
        );
    }
    Ok(fields)
}

/// Returns true if a number is not finite: JSON would have null in its place.
fn has_unwritable_number(value: &serde_yaml_ng::Value) -> bool {
    use serde_yaml_ng::Value as Yaml;
    match value {
        Yaml::Number(number) => !number.is_finite(),
        Yaml::Sequence(items) => items.iter().any(has_unwritable_number),
        Yaml::Mapping(fields) => fields.values().any(has_unwritable_number),
        Yaml::Tagged(tagged) => has_unwritable_number(&tagged.value),
        _ => false,
    }
}

/// Writes a definition as YAML, with the fields in the order in which people read them.
///
/// # Errors
/// A value that YAML cannot write.
pub fn write(file: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_yaml_ng::to_string(&ordered(&serde_json::to_value(
        file,
    )?))?)
}

/// The order of fields in files; others follow by their names.
const ORDER: [&str; 52] = [
    "settings",
    "limits",
    "http_hosts",
    "webhook_hosts",
    "email_domains",
    "readable_schemas",
    "writable_tables",
    "policies",
    "rate_limits",
    "mcp_servers",
    "agents",
    "runbooks",
    "schedules",
    "secrets",
    "name",
    "version",
    "role",
    "model",
    "tools",
    "max_turns",
    "title",
    "key",
    "kind",
    "type",
    "tool",
    "agent",
    "description",
    "check",
    "goal_type",
    "examples",
    "requires_project_admin",
    "parameters",
    "budget",
    "plan",
    "summary",
    "criteria",
    "depends_on",
    "condition",
    "on_failure",
    "max_attempts",
    "timeout_seconds",
    "input",
    "instructions",
    "question",
    "arguments",
    "query",
    "required",
    "properties",
    "steps",
    "report",
    "body",
    "template",
];

fn ordered(value: &Value) -> serde_yaml_ng::Value {
    match value {
        Value::Object(fields) => {
            let rank = |name: &str| {
                ORDER
                    .iter()
                    .position(|one| *one == name)
                    .unwrap_or(ORDER.len())
            };
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| (rank(name), name.as_str()));
            let mapping: serde_yaml_ng::Mapping = fields
                .into_iter()
                .map(|(name, value)| (name.as_str().into(), ordered(value)))
                .collect();
            mapping.into()
        }
        Value::Array(items) => items.iter().map(ordered).collect::<Vec<_>>().into(),
        Value::String(text) => text.as_str().into(),
        Value::Bool(one) => (*one).into(),
        Value::Null => serde_yaml_ng::Value::Null,
        Value::Number(number) => written_number(number),
    }
}

/// Returns a number as YAML has it. Not by serde: with `arbitrary_precision` a number of serde_json serializes as a map.
fn written_number(number: &serde_json::Number) -> serde_yaml_ng::Value {
    let whole = number.as_i64().map(Into::into);
    whole
        .or_else(|| number.as_u64().map(Into::into))
        .or_else(|| number.as_f64().map(Into::into))
        .unwrap_or_default()
}

//! Runbooks as YAML files: those that people apply to a workspace, and the built-in ones in `supabase/runbooks`.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The most bytes of a file.
const MAX_BYTES: u64 = 4_000_000;

/// A runbook as people write it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunbookFile {
    /// A lower-case letter, then letters, digits, `-` or `_`.
    pub name: String,
    /// The version of a built-in runbook, from 1. The versions of a workspace are numbered when they are applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// A heading for people.
    pub title: String,
    /// What the runbook does, in sentences; matched with questions.
    pub description: String,
    /// The type of the goals that follow it; its name in snake case if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal_type: Option<String>,
    /// Questions that it answers.
    #[serde(default)]
    pub examples: Vec<String>,
    /// Permits the runbook to project admins alone; of built-in runbooks only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub requires_project_admin: bool,
    /// A JSON Schema of type object; empty if there are none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// `max_microusd` and `max_tokens`, where a request names none; of a workspace's runbooks only.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub budget: Map<String, Value>,
    /// `summary`, `criteria`, `steps` and `report`.
    pub plan: Value,
}

/// The fields of a file; any other is a mistake that would be lost.
const FIELDS: [&str; 8] = [
    "name",
    "title",
    "description",
    "goal_type",
    "examples",
    "parameters",
    "budget",
    "plan",
];

/// The further fields of a built-in runbook's file.
const BUILTIN_FIELDS: [&str; 2] = ["version", "requires_project_admin"];

impl RunbookFile {
    /// Returns the fields of the file that only a built-in runbook may have.
    #[must_use]
    pub fn builtin_fields(&self) -> Vec<&'static str> {
        let present = [self.version.is_some(), self.requires_project_admin];
        let fields = BUILTIN_FIELDS.into_iter().zip(present);
        fields
            .filter_map(|(field, is_present)| is_present.then_some(field))
            .collect()
    }

    /// Returns the file without the fields that only a built-in runbook may have: the form that the database checks.
    #[must_use]
    pub fn without_builtin_fields(&self) -> Self {
        Self {
            version: None,
            requires_project_admin: false,
            ..self.clone()
        }
    }

    /// Returns the file with the goal type that a runbook without one has.
    #[must_use]
    pub fn with_defaults(&self) -> Self {
        let goal_type = self
            .goal_type
            .clone()
            .or_else(|| Some(self.name.replace('-', "_")));
        Self {
            goal_type,
            ..self.clone()
        }
    }

    /// Returns the parameters with their schemas.
    pub fn properties(&self) -> impl Iterator<Item = (&String, &Value)> {
        let properties = self.parameters.get("properties").and_then(Value::as_object);
        properties.into_iter().flatten()
    }

    /// Returns true if the parameter is required.
    #[must_use]
    pub fn requires(&self, name: &str) -> bool {
        let required = self.parameters.get("required").and_then(Value::as_array);
        required.is_some_and(|names| names.iter().any(|one| one == name))
    }

    /// Returns the steps of the plan.
    pub fn steps(&self) -> impl Iterator<Item = &Value> {
        let steps = self.plan.get("steps").and_then(Value::as_array);
        steps.into_iter().flatten()
    }
}

/// Returns the type of a parameter for people.
#[must_use]
pub fn type_of(property: &Value) -> String {
    let text = |name: &str| {
        property
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    if let Some(choices) = property.get("enum").and_then(Value::as_array) {
        let choices: Vec<String> = choices
            .iter()
            .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
            .collect();
        return choices.join(" or ");
    }
    text("format")
        .or_else(|| text("type"))
        .unwrap_or_else(|| "any value".to_owned())
}

/// Reads a runbook from a YAML file, or from the standard input for `-`.
///
/// # Errors
/// The file cannot be read, is no YAML, or is no runbook: the message has the file's name.
pub fn read(path: &Path) -> anyhow::Result<RunbookFile> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
    };
    read.with_context(|| format!("reading {}", path.display()))?;
    parse(&text).with_context(|| format!("{} is not a runbook", path.display()))
}

/// Reads a runbook from YAML.
///
/// # Errors
/// The text is no YAML, has a field that runbooks do not have, or lacks one.
pub fn parse(text: &str) -> anyhow::Result<RunbookFile> {
    // First as YAML: a key that occurs twice is an error there.
    let yaml: serde_yaml_ng::Value = serde_yaml_ng::from_str(text)?;
    if has_unwritable_number(&yaml) {
        bail!("it has a number that JSON cannot write, such as .nan or .inf");
    }
    let json = serde_json::to_value(&yaml).context("a key or number that JSON does not have")?;
    let Value::Object(fields) = &json else {
        bail!("it has no fields; the first line is `name: …`");
    };
    let is_known = |name: &str| FIELDS.contains(&name) || BUILTIN_FIELDS.contains(&name);
    if let Some(unknown) = fields.keys().find(|name| !is_known(name)) {
        bail!(
            "it has a field {unknown:?}; a runbook has {}",
            FIELDS.join(", ")
        );
    }
    Ok(serde_json::from_value(json)?)
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

/// Writes a runbook as YAML, with the fields of plans and steps in the order in which people read them.
///
/// # Errors
/// A value that YAML cannot write.
pub fn write(file: &RunbookFile) -> anyhow::Result<String> {
    Ok(serde_yaml_ng::to_string(&ordered(&serde_json::to_value(
        file,
    )?))?)
}

/// The order of fields in files; others follow by their names.
const ORDER: [&str; 34] = [
    "name",
    "version",
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    const FILE: &str = "\
name: stale-orders
title: Stale orders
description: Lists open orders without a change.
examples: [Which orders are stale?]
parameters:
  type: object
  properties:
    days: {type: integer, minimum: 1}
plan:
  steps:
    - key: orders
      kind: tool
      input:
        tool: sql
        arguments:
          query: |
            select id
            from shop.orders
";

    #[test]
    fn written_file_reads_as_the_same_runbook() {
        let read = parse(FILE).unwrap();
        assert_eq!(
            read.plan["steps"][0]["input"]["arguments"]["query"],
            "select id\nfrom shop.orders\n"
        );
        let written = write(&read).unwrap();
        assert_eq!(parse(&written).unwrap(), read);
        assert!(
            written.starts_with("name: stale-orders\ntitle: Stale orders\n"),
            "{written}"
        );
        assert!(
            written.contains("query: |\n"),
            "queries stay readable: {written}"
        );
        assert!(written.contains("minimum: 1\n"), "{written}");
    }

    #[test]
    fn fields_of_built_in_runbooks_are_named() {
        assert!(parse(FILE).unwrap().builtin_fields().is_empty());
        let built_in = format!("{FILE}version: 2\nrequires_project_admin: true\n");
        let read = parse(&built_in).unwrap();
        assert_eq!(read.builtin_fields(), ["version", "requires_project_admin"]);
        assert_eq!(read.without_builtin_fields(), parse(FILE).unwrap());
        assert_eq!(parse(&write(&read).unwrap()).unwrap(), read);
    }

    #[track_caller]
    fn refused(text: &str, reason: &str) {
        let error = format!("{:#}", parse(text).unwrap_err());
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn mistakes_are_named() {
        refused("", "no fields");
        refused("[1, 2]", "no fields");
        refused("name: a\nname: b\n", "duplicate");
        refused("name: a\ntitle: t\ndescription: d\n", "plan");
        refused(
            "name: a\ntitle: t\ndescription: d\nplan: {}\nsteps: []\n",
            "\"steps\"; a runbook has name",
        );
        refused("name: [a\n", "line");
        refused("name: 3\ntitle: t\ndescription: d\nplan: {}\n", "string");
        refused(
            "name: a\ntitle: t\ndescription: d\nplan: {x: [.nan]}\n",
            "such as .nan",
        );
    }
}

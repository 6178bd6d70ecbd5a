//! Runbooks as YAML files.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The most bytes of a file.
const MAX_BYTES: u64 = 4_000_000;

/// A runbook as people write it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RunbookFile {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) goal_type: Option<String>,
    #[serde(default)]
    pub(super) examples: Vec<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) parameters: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) budget: Map<String, Value>,
    pub(super) plan: Value,
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

impl RunbookFile {
    /// Returns the file with the goal type that a runbook without one has.
    pub(super) fn with_defaults(&self) -> Self {
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
    pub(super) fn properties(&self) -> impl Iterator<Item = (&String, &Value)> {
        let properties = self.parameters.get("properties").and_then(Value::as_object);
        properties.into_iter().flatten()
    }

    pub(super) fn requires(&self, name: &str) -> bool {
        let required = self.parameters.get("required").and_then(Value::as_array);
        required.is_some_and(|names| names.iter().any(|one| one == name))
    }

    pub(super) fn steps(&self) -> impl Iterator<Item = &Value> {
        let steps = self.plan.get("steps").and_then(Value::as_array);
        steps.into_iter().flatten()
    }
}

/// Returns the type of a parameter for people.
pub(super) fn type_of(property: &Value) -> String {
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
pub(super) fn read(path: &Path) -> anyhow::Result<RunbookFile> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
    };
    read.with_context(|| format!("reading {}", path.display()))?;
    parse(&text).with_context(|| format!("{} is not a runbook", path.display()))
}

fn parse(text: &str) -> anyhow::Result<RunbookFile> {
    // First as YAML: a key that occurs twice is an error there.
    let yaml: serde_yaml_ng::Value = serde_yaml_ng::from_str(text)?;
    if has_unwritable_number(&yaml) {
        bail!("it has a number that JSON cannot write, such as .nan or .inf");
    }
    let json = serde_json::to_value(&yaml).context("a key or number that JSON does not have")?;
    let Value::Object(fields) = &json else {
        bail!("it has no fields; the first line is `name: …`");
    };
    if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
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
pub(super) fn write(file: &RunbookFile) -> anyhow::Result<String> {
    Ok(serde_yaml_ng::to_string(&ordered(&serde_json::to_value(
        file,
    )?))?)
}

/// The order of fields in files; others follow by their names.
const ORDER: [&str; 32] = [
    "name",
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
        Value::Number(number) => serde_yaml_ng::to_value(number).unwrap_or_default(),
    }
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

//! Runbooks as files: those that people apply to a workspace, and the built-in ones in `supabase/runbooks`.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::yaml::{self, Definition};

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

pub(crate) const RUNBOOK: Definition = Definition {
    name: "runbook",
    fields: &FIELDS,
    further_fields: &BUILTIN_FIELDS,
};

impl RunbookFile {
    /// Reads a runbook from a YAML file, or from the standard input for `-`.
    ///
    /// # Errors
    /// The file cannot be read, is no YAML, or is no runbook: the message has the file's name.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        yaml::read(path, &RUNBOOK)
    }

    /// Reads a runbook from YAML.
    ///
    /// # Errors
    /// The text is no YAML, has a field that runbooks do not have, or lacks one.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        yaml::parse(text, &RUNBOOK)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::write;

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
        let read = RunbookFile::parse(FILE).unwrap();
        assert_eq!(
            read.plan["steps"][0]["input"]["arguments"]["query"],
            "select id\nfrom shop.orders\n"
        );
        let written = write(&read).unwrap();
        assert_eq!(RunbookFile::parse(&written).unwrap(), read);
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
        assert!(
            RunbookFile::parse(FILE)
                .unwrap()
                .builtin_fields()
                .is_empty()
        );
        let built_in = format!("{FILE}version: 2\nrequires_project_admin: true\n");
        let read = RunbookFile::parse(&built_in).unwrap();
        assert_eq!(read.builtin_fields(), ["version", "requires_project_admin"]);
        assert_eq!(
            read.without_builtin_fields(),
            RunbookFile::parse(FILE).unwrap()
        );
        assert_eq!(RunbookFile::parse(&write(&read).unwrap()).unwrap(), read);
    }

    #[track_caller]
    fn refused(text: &str, reason: &str) {
        let error = format!("{:#}", RunbookFile::parse(text).unwrap_err());
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
            "\"steps\"; it has name",
        );
        refused("name: [a\n", "line");
        refused("name: 3\ntitle: t\ndescription: d\nplan: {}\n", "string");
        refused(
            "name: a\ntitle: t\ndescription: d\nplan: {x: [.nan]}\n",
            "such as .nan",
        );
    }
}

//! Agents as files.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::yaml::{self, Definition};

/// An agent as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentFile {
    /// A lower-case letter, then letters, digits, `-` or `_`. The name of a built-in agent replaces it in the workspace.
    pub name: String,
    /// The instructions that its model receives.
    pub role: String,
    /// The model that it calls; the one that the functions are configured with if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Tools by name; those of MCP servers as `mcp.<server>.<tool>`.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Model calls of one step, 1 to 100.
    #[serde(default = "default_max_turns")]
    pub max_turns: i32,
    /// The goals in which this version works; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal_type: Option<String>,
}

fn default_max_turns() -> i32 {
    8
}

pub(crate) const AGENT: Definition = Definition {
    name: "agent",
    fields: &["name", "role", "model", "tools", "max_turns", "goal_type"],
    further_fields: &[],
};

impl AgentFile {
    /// Reads an agent from a YAML file, or from the standard input for `-`.
    ///
    /// # Errors
    /// The file cannot be read, is no YAML, or is no agent: the message has the file's name.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        yaml::read(path, &AGENT)
    }

    /// Reads an agent from YAML.
    ///
    /// # Errors
    /// The text is no YAML, has a field that agents do not have, or lacks one.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        yaml::parse(text, &AGENT)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn written_file_reads_as_the_same_agent() {
        let text = "role: |\n  You file.\n  You sort.\nname: clerk\ntools: [sql]\n";
        let read = AgentFile::parse(text).unwrap();
        assert_eq!((read.max_turns, read.goal_type.as_deref()), (8, None));
        let written = crate::write(&read).unwrap();
        assert_eq!(
            written,
            "name: clerk\nrole: |\n  You file.\n  You sort.\ntools:\n- sql\nmax_turns: 8\n"
        );
        assert_eq!(AgentFile::parse(&written).unwrap(), read);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, reason) in [
            ("role: r\n", "name"),
            ("name: clerk\n", "role"),
            (
                "name: clerk\nrole: r\nturns: 3\n",
                "\"turns\"; did you mean max_turns? it has name, role",
            ),
            ("name: clerk\nrole: r\ntools: sql\n", "sequence"),
            ("name: clerk\nrole: r\nmax_turns: many\n", "i32"),
        ] {
            let error = format!("{:#}", AgentFile::parse(text).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
    }
}

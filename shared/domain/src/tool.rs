//! The description of a tool: the same shape in the database, in a model's context and in the registry.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The approval that a call requires. A row of the policy takes precedence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// None.
    #[default]
    Never,
    /// One for each call.
    Always,
    /// One if the step has read untrusted content.
    WhenTainted,
}

/// A tool that a step or an agent may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// The name by which plans call it; `mcp.<server>.<tool>` for one of an MCP server.
    pub name: String,
    /// Its effect, for people and models.
    #[serde(default)]
    pub description: String,
    /// JSON Schema of its arguments.
    #[serde(default)]
    pub parameters: Value,
    /// The fields of its result with the content of each, for plans and models; empty where they are not fixed
    /// beforehand.
    #[serde(default)]
    pub result: Map<String, Value>,
    /// Rises whenever the meaning of a call changes.
    #[serde(default = "first_version")]
    pub version: i32,
    /// True if the same call twice has the effect of one.
    #[serde(default)]
    pub idempotent: bool,
    /// True if a call changes or sends anything outside its own step.
    #[serde(default)]
    pub writes: bool,
    /// The time limit of one call.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u32,
    /// The approval that a call requires.
    #[serde(default)]
    pub approval: Approval,
    /// True if the result contains untrusted content: pages, mails, users' rows.
    #[serde(default)]
    pub returns_untrusted: bool,
    /// True if the call only changes rows: carried out by the database, or by the executor itself.
    #[serde(default)]
    pub control: bool,
    /// The most calls that one step may make, over all of its attempts.
    #[serde(default = "default_calls")]
    pub max_calls_per_step: u32,
}

impl Default for Tool {
    /// Returns a tool without effect, so that a description states only its differences.
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            parameters: Value::Null,
            result: Map::new(),
            version: first_version(),
            idempotent: false,
            writes: false,
            timeout_seconds: default_timeout(),
            approval: Approval::default(),
            returns_untrusted: false,
            control: false,
            max_calls_per_step: default_calls(),
        }
    }
}

fn first_version() -> i32 {
    1
}

fn default_timeout() -> u32 {
    30
}

fn default_calls() -> u32 {
    100
}

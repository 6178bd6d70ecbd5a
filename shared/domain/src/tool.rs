//! How a tool is described: the same shape in the database, in a model's context and in the registry.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Whether a person is asked before a call is made. What a row of the policy says goes before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// No.
    #[default]
    Never,
    /// Yes, each time.
    Always,
    /// If the step has read something that nobody vouches for.
    WhenTainted,
}

/// A tool that a step or an agent may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// The name by which plans call it; `mcp.<server>.<tool>` for one of an MCP server.
    pub name: String,
    /// What it does, for people and models.
    #[serde(default)]
    pub description: String,
    /// JSON Schema of its arguments.
    #[serde(default)]
    pub parameters: Value,
    /// The fields of its result with what each holds, for plans and models; empty where they are not known beforehand.
    #[serde(default)]
    pub result: Map<String, Value>,
    /// Rises whenever the meaning of a call changes.
    #[serde(default = "first_version")]
    pub version: i32,
    /// Whether the same call twice has the effect of one.
    #[serde(default)]
    pub idempotent: bool,
    /// Whether a call changes or sends anything outside its own step.
    #[serde(default)]
    pub writes: bool,
    /// How long one call may take.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u32,
    /// Whether a person is asked first.
    #[serde(default)]
    pub approval: Approval,
    /// Whether what comes back was written by somebody whom nobody here vouches for: pages, mails, users' rows.
    #[serde(default)]
    pub returns_untrusted: bool,
    /// Whether a call is a row and not an act: carried out by the database, or by the executor itself.
    #[serde(default)]
    pub control: bool,
    /// How many calls one step may make, over all of its tries.
    #[serde(default = "default_calls")]
    pub max_calls_per_step: u32,
}

impl Default for Tool {
    /// A tool that does nothing: for what describes one to say only what is different.
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

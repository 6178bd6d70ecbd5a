//! How a tool is described: the same shape in the database, in a model's context and in the registry.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A tool that a step or an agent may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// The name by which plans call it.
    pub name: String,
    /// What it does, for people and models.
    #[serde(default)]
    pub description: String,
    /// JSON Schema of its arguments.
    #[serde(default)]
    pub parameters: Value,
    /// Rises whenever the meaning of a call changes.
    #[serde(default = "first_version")]
    pub version: i32,
    /// Whether the same call twice has the effect of one.
    #[serde(default)]
    pub idempotent: bool,
    /// Whether a call changes anything outside its own step.
    #[serde(default)]
    pub writes: bool,
}

fn first_version() -> i32 {
    1
}

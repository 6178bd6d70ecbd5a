//! Typed inputs of steps, kind by kind. The executor reads a claimed step through these.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::state::words;

/// Input of a `tool` step, and one call of an agent's procedure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolInput {
    /// The tool's name.
    pub tool: String,
    /// Its arguments; strings in them may be templates (see [`crate::expression::render`]).
    pub arguments: Map<String, Value>,
}

/// Input of an `agent` step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentInput {
    /// The agent's instructions.
    pub instructions: String,
    /// Calls fixed beforehand, in order. Without a language model only these are made.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub procedure: Vec<ToolInput>,
    /// JSON Schema of the result, which is an object. The agent submits it by the tool `submit_result`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
}

/// Input of an `approval` step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalInput {
    /// The question to the person.
    pub question: String,
    /// Content that the person reads and may change; strings in it may hold paths. `{"tool", "arguments"}` also
    /// approves that call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Map<String, Value>>,
    /// The least role that may decide; the database has a default.
    #[serde(default)]
    pub required_role: Option<String>,
    /// Seconds until it expires; the database has a default.
    #[serde(default)]
    pub expires_after_seconds: Option<i64>,
    /// The effect of a rejection on the run.
    #[serde(default)]
    pub on_reject: Option<OnReject>,
}

words! {
    /// The effect of a rejected approval on its run.
    OnReject {
        /// The step fails.
        Fail = "fail",
        /// The step completes with the decision as its result; conditions on it decide what follows.
        Continue = "continue",
    }
}

/// Input of a `subgoal` step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubgoalInput {
    /// The sub-goal's title.
    pub title: String,
    /// The result that it is to reach.
    pub description: String,
    /// The kind of goal, for matching runbooks.
    #[serde(default)]
    pub goal_type: Option<String>,
}

fn null_is_empty<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<ToolInput>, D::Error> {
    Option::<Vec<ToolInput>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

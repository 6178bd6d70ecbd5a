//! A call of a tool, from its request to its result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::StepError;

/// A tool call that a model's answer or a plan requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCallRequest {
    /// The requester's name for it, unique in an answer.
    pub call_id: String,
    /// The tool.
    pub tool: String,
    /// A JSON object; a string where a model wrote something else, with that text.
    pub arguments: Value,
}

/// The state of a tool call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolCallState {
    /// It may be made.
    #[default]
    Intended,
    /// A person decides, or another step works for it.
    Waiting,
    /// Started by this worker, and not to be started again.
    Running,
    /// It has a result.
    Done,
    /// It has an error.
    Failed,
    /// It may not be made.
    Denied,
    /// It may have been made; a person decides.
    Unknown,
}

/// A tool call of a step, as the journal records it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolCall {
    /// Its number within the step, over all attempts; 0 for a call that is not recorded.
    pub number: i32,
    /// The turn whose answer requested it.
    pub turn_number: Option<i32>,
    /// The requester's name for it.
    pub call_id: Option<String>,
    /// The tool.
    pub tool: String,
    /// True if it may be made twice under its key.
    pub idempotent: bool,
    /// Its state.
    pub state: ToolCallState,
    /// The rule that allowed or denied it.
    pub rule: String,
    /// The key that identifies it to other systems.
    pub idempotency_key: String,
    /// The arguments that are sent, by every worker.
    pub arguments: Value,
    /// True if its tool has a rate limit: it takes a slot before it is made.
    pub limited: bool,
    /// True if a person changed the arguments.
    pub was_edited: bool,
    /// Its result.
    pub result: Option<Value>,
    /// The reason why it has no result.
    pub error: Option<StepError>,
}

impl ToolCall {
    /// Creates a call without a row in the journal: one that only reads, in a step that is that call.
    #[must_use]
    pub fn unrecorded(request: ToolCallRequest, idempotency_key: String) -> Self {
        Self {
            call_id: Some(request.call_id),
            tool: request.tool,
            arguments: request.arguments,
            idempotency_key,
            idempotent: true,
            ..Self::default()
        }
    }

    /// Returns true if the journal has a row of it.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.number != 0
    }

    /// Returns its result, or its error.
    ///
    /// # Errors
    /// The call's own; `call_not_made`, which another attempt may avoid, where it has neither.
    pub fn into_result(self) -> Result<Value, StepError> {
        match (self.state, self.error) {
            (ToolCallState::Done, _) => Ok(self.result.unwrap_or_default()),
            (_, Some(error)) => Err(error),
            (_, None) => Err(StepError::retryable(
                "call_not_made",
                "the call could not be made; it will be tried again",
            )),
        }
    }
}

/// The result of making a tool call, as it is sent to the database.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum ToolCallResult {
    /// Its result.
    #[serde(rename = "result")]
    Done(Value),
    /// An error; it is certain that the call changed nothing or will not be made again.
    #[serde(rename = "error")]
    Failed(StepError),
    /// An error; making the same call again later may help, so it stays open.
    #[serde(rename = "error")]
    Retry(StepError),
}

/// Results by the number of the call.
pub type ToolCallResults = BTreeMap<i32, ToolCallResult>;

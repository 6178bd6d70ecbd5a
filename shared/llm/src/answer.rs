//! Answers of models in no provider's terms.

use domain::{ToolCallRequest, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A model's answer. It holds all that is needed to continue the conversation later, with the same provider or another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The provider.
    pub provider: String,
    /// The model, as the provider names it.
    pub model: String,
    /// The text: the JSON of a structured answer, the reason of a refusal.
    #[serde(default)]
    pub text: String,
    /// Calls that the model requests.
    #[serde(default)]
    pub calls: Vec<ToolCallRequest>,
    /// Why the answer ended.
    pub stop: Stop,
    /// The provider's own content, where it must be sent back unchanged; no other provider reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native: Option<Value>,
    /// Tokens that the call used.
    pub usage: Usage,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The answer is complete.
    #[default]
    End,
    /// It waits for the results of its calls.
    Calls,
    /// It was cut off at the limit of tokens.
    Length,
    /// The model declines.
    Refusal,
    /// The provider's filter withheld it.
    Filter,
    /// The provider paused in the middle; sent back unchanged, it continues.
    Paused,
}

impl Answer {
    /// Returns true if its calls may be made: it ended by itself and the arguments of every call are an object. The calls
    /// of any other answer are requested again, so nothing is recorded of them.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.stop, Stop::End | Stop::Calls)
            && self.calls.iter().all(|call| call.arguments.is_object())
    }
}

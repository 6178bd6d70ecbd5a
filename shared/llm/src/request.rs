//! Model calls in no provider's terms, and who makes them.

use std::future::Future;

use domain::Tool;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::answer::Answer;
use crate::error::Error;

/// Makes the model calls of a task: at once, or through a journal that records each.
pub trait ModelCaller: Send {
    /// Makes a call, or returns the recorded answer.
    ///
    /// # Errors
    /// No answer came, or the caller was stopped before the call ([`crate::Kind::Interrupted`]).
    fn call(&mut self, request: Request) -> impl Future<Output = Result<Answer, Error>> + Send;
}

/// A model of a configured provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Candidate {
    /// `openai` or `anthropic`: which protocol and key.
    pub provider: String,
    /// As the provider names it.
    pub model: String,
}

/// One model call, in no provider's terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The task that it is for.
    pub purpose: Purpose,
    /// The model that the agent's row names; none: the configured default.
    pub model: Option<String>,
    /// Instructions for the whole conversation.
    pub system: String,
    /// The conversation so far, oldest first; the last message is not the model's.
    pub messages: Vec<Message>,
    /// Tools that the model may call.
    pub tools: Vec<Tool>,
    /// The JSON that the answer has to be; none: prose.
    pub output: Option<OutputSchema>,
    /// True if the answer has to end the work: no tool may be called any more. The tools stay listed, since the
    /// conversation names them.
    #[serde(default)]
    pub must_answer: bool,
    /// Tokens of the answer, reasoning included.
    pub max_output_tokens: u32,
}

/// The task that a model call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Assess a request.
    Assess,
    /// Plan a goal.
    Plan,
    /// A turn of an agent.
    Work,
    /// Judge criteria.
    Judge,
    /// Repair an answer that could not be parsed.
    Repair,
    /// Summarize a long conversation.
    Compact,
}

impl Purpose {
    /// The word that rows and requests hold.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assess => "assess",
            Self::Plan => "plan",
            Self::Work => "work",
            Self::Judge => "judge",
            Self::Repair => "repair",
            Self::Compact => "compact",
        }
    }
}

/// The form of a structured answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputSchema {
    /// Its name.
    pub name: String,
    /// JSON Schema of an object.
    pub schema: Value,
}

/// One message of a conversation, tagged by `role`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "a conversation has few messages, and half of them are answers"
)]
pub enum Message {
    /// From the user.
    User {
        /// Text; content from elsewhere is in delimited blocks.
        content: String,
    },
    /// From the model, unchanged.
    Assistant(Answer),
    /// Results of the calls of the message before, one for each.
    ToolResults {
        /// In the order of the calls.
        results: Vec<ToolResult>,
    },
}

/// The result of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The id of the call in the answer.
    pub call_id: String,
    /// The tool.
    pub name: String,
    /// Text; untrusted.
    pub content: String,
    /// True if the call failed.
    pub is_error: bool,
}

/// Parses a value first: serde's own parsing of tagged enums breaks numbers that serde_json keeps as text.
impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        #[derive(Deserialize)]
        struct User {
            content: String,
        }
        #[derive(Deserialize)]
        struct Results {
            results: Vec<ToolResult>,
        }
        let value = Value::deserialize(deserializer)?;
        let role = value.get("role").and_then(Value::as_str).map(str::to_owned);
        let message = match role.as_deref() {
            Some("user") => {
                serde_json::from_value::<User>(value).map(|User { content }| Self::User { content })
            }
            Some("assistant") => serde_json::from_value::<Answer>(value).map(Self::Assistant),
            Some("tool_results") => serde_json::from_value::<Results>(value)
                .map(|Results { results }| Self::ToolResults { results }),
            _ => {
                return Err(D::Error::custom(
                    "\"role\" must be user, assistant or tool_results",
                ));
            }
        };
        message.map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;

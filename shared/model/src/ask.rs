//! A question to a model and what came back, in no provider's words.
//!
//! A typed task makes [`Request`]s and gives them to an [`Ask`]; whoever implements it decides which provider answers
//! and what record is kept of it. An [`Answer`] holds all that is needed to continue the conversation later, with the
//! same provider or another, so a kept one may stand in for asking again.

use std::future::Future;

use domain::{Tool, ToolCallRequest, Usage};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::error::Error;

/// Where a task's questions go: a provider, through whatever keeps a record of them.
pub trait Ask: Send {
    /// Asks, or gives back what was answered before.
    ///
    /// # Errors
    /// No answer came, or the asker was stopped before it asked ([`crate::Kind::Interrupted`]).
    fn ask(&mut self, request: Request) -> impl Future<Output = Result<Answer, Error>> + Send;
}

/// Whom to ask: a model of a provider that is configured.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Candidate {
    /// `openai` or `anthropic`: which protocol and key.
    pub provider: String,
    /// As the provider names it.
    pub model: String,
}

/// One question to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What it is asked for.
    pub purpose: Purpose,
    /// What the agent's row asks for; none: the configured default.
    pub model: Option<String>,
    /// What holds for the whole conversation.
    pub system: String,
    /// What was said so far, oldest first; the last is not the model's.
    pub messages: Vec<Message>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// The JSON that is wanted instead of prose.
    pub output: Option<OutputSchema>,
    /// True if the answer has to end the work: no tool may be called any more. The tools stay listed, since the
    /// conversation names them.
    #[serde(default)]
    pub must_answer: bool,
    /// Tokens of the answer, reasoning included.
    pub max_output_tokens: u32,
}

/// What a question is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// How complex a request is.
    Assess,
    /// A goal into steps.
    Plan,
    /// A turn of an agent.
    Work,
    /// Whether criteria hold.
    Judge,
    /// An answer that could not be read, once more.
    Repair,
    /// A long conversation into a short summary.
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
    /// What the answer is called.
    pub name: String,
    /// JSON Schema of an object.
    pub schema: Value,
}

/// One message of a conversation, told apart by `role`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "a conversation has few messages, and half of them are answers"
)]
pub enum Message {
    /// Ours.
    User {
        /// Text; whatever did not come from us is in delimited blocks.
        content: String,
    },
    /// The model's, as it was.
    Assistant(Answer),
    /// What came of the calls of the message before; one for each of them.
    ToolResults {
        /// In the order of the calls.
        results: Vec<ToolResult>,
    },
}

/// What came of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call's id in the answer that asked for it.
    pub call_id: String,
    /// The tool.
    pub name: String,
    /// Text; untrusted.
    pub content: String,
    /// Whether the call failed.
    pub is_error: bool,
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Who answered.
    pub provider: String,
    /// Its model, as it names it.
    pub model: String,
    /// What it said; the JSON where JSON was wanted, the reason where it refused.
    #[serde(default)]
    pub text: String,
    /// What it wants called.
    #[serde(default)]
    pub calls: Vec<ToolCallRequest>,
    /// Why it ended.
    pub stop: Stop,
    /// The provider's own content, where it must be sent back unchanged; means something to that provider alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native: Option<Value>,
    /// What it used.
    pub usage: Usage,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// All is said.
    #[default]
    End,
    /// It waits for what comes of its calls.
    Calls,
    /// The limit of tokens cut it off.
    Length,
    /// The model declines.
    Refusal,
    /// The provider's filter held the answer back.
    Filter,
    /// The provider paused in the middle; sent back as it is, it goes on.
    Paused,
}

impl Answer {
    /// Whether its calls may be made: it ended by itself and the arguments of every call are an object. The calls of
    /// any other answer are asked for again, so nothing is recorded of them.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.stop, Stop::End | Stop::Calls)
            && self.calls.iter().all(|call| call.arguments.is_object())
    }
}

/// By way of a value: serde's own reading of tagged enums breaks numbers where serde_json keeps them as text.
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

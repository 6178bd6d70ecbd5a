//! Capabilities of a model's server, as far as they were learned from its refusals. The database keeps them by endpoint
//! and model and forgets them after some days, since servers change.

use serde::{Deserialize, Serialize};

/// The learned capabilities of a server and a model; a field without a value stands for the default of every server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// The strongest structured output that it supports; by schema if none was learned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_format: Option<OutputFormat>,
    /// The name of its field for the limit of an answer's tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_parameter: Option<LimitParameter>,
    /// Tokens that an answer may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u32>,
    /// Tokens that prompt and answer may have together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u32>,
    /// False if the model calls tools only while it does not reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasons_with_tools: Option<bool>,
}

/// A form of structured output, the strongest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// The server constrains the answer to a schema.
    #[default]
    JsonSchema,
    /// The server constrains the answer to JSON, or takes it as the arguments of a tool.
    JsonObject,
    /// The prompt alone requires JSON.
    Prompt,
}

impl OutputFormat {
    /// Returns the next weaker form.
    #[must_use]
    pub const fn weaker(self) -> Option<Self> {
        match self {
            Self::JsonSchema => Some(Self::JsonObject),
            Self::JsonObject => Some(Self::Prompt),
            Self::Prompt => None,
        }
    }
}

/// The name of the field with the limit of an answer's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitParameter {
    /// The older name, which most servers support.
    MaxTokens,
    /// The name for models that reason, which counts the reasoning.
    MaxCompletionTokens,
}

impl LimitParameter {
    /// Returns the name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }

    /// Returns the other name.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::MaxTokens => Self::MaxCompletionTokens,
            Self::MaxCompletionTokens => Self::MaxTokens,
        }
    }
}

impl Capabilities {
    /// Returns the tokens that an answer may have, of those that are wanted. A quarter of a small context is for the
    /// answer.
    #[must_use]
    pub fn output_tokens(&self, wanted: u32) -> u32 {
        let of_context = self.context_tokens.map_or(u32::MAX, |tokens| tokens / 4);
        let most = self.max_output_tokens.unwrap_or(u32::MAX);
        wanted.min(of_context).min(most).max(1)
    }
}

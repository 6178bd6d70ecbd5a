//! What the provider sends, as far as it is read. Everything else in a response is ignored.

use domain::Usage;
use serde::Deserialize;
use serde_json::Value;

use super::PROVIDER;
use crate::answer::{CallOrigin, ToolCall};
use crate::error::{Error, Kind};

#[derive(Deserialize)]
pub(super) struct Completion {
    #[serde(default)]
    pub(super) model: String,
    pub(super) choices: Vec<Choice>,
    #[serde(default)]
    pub(super) usage: Option<TokenUsage>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    pub(super) message: Message,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    pub(super) content: Option<String>,
    #[serde(default)]
    pub(super) refusal: Option<String>,
    #[serde(default)]
    pub(super) tool_calls: Option<Vec<WireCall>>,
}

#[derive(Deserialize)]
pub(super) struct WireCall {
    pub(super) function: WireFunction,
}

#[derive(Deserialize)]
pub(super) struct WireFunction {
    pub(super) name: String,
    /// JSON in a string, written by the model.
    #[serde(default)]
    pub(super) arguments: String,
}

#[derive(Deserialize)]
pub(super) struct TokenUsage {
    #[serde(default)]
    prompt_tokens: i64,
    #[serde(default)]
    completion_tokens: i64,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Failure {
    pub(super) error: FailureDetails,
}

#[derive(Deserialize)]
pub(super) struct FailureDetails {
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    pub(super) code: Option<Value>,
}

/// One answer of the model.
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) usage: Usage,
    calls: Vec<WireCall>,
}

impl Completion {
    /// The first choice, if it is whole.
    pub(super) fn reply(self, asked_model: &str) -> Result<Reply, Error> {
        let used = self.usage.as_ref();
        let cached = used.and_then(|used| used.prompt_tokens_details.as_ref()?.cached_tokens);
        let usage = Usage {
            provider: PROVIDER.into(),
            model: if self.model.is_empty() {
                asked_model.to_owned()
            } else {
                self.model
            },
            input_tokens: used.map_or(0, |used| used.prompt_tokens),
            output_tokens: used.map_or(0, |used| used.completion_tokens),
            cached_tokens: cached.unwrap_or(0),
            ..Usage::default()
        };
        let Some(choice) = self.choices.into_iter().next() else {
            return Err(failed(
                Kind::Malformed("the response has no choices".into()),
                usage,
            ));
        };
        if let Some(refusal) = choice.message.refusal.filter(|refusal| !refusal.is_empty()) {
            return Err(failed(Kind::Refused(refusal), usage));
        }
        match choice.finish_reason.as_deref() {
            Some("length") => return Err(failed(Kind::Truncated, usage)),
            Some("content_filter") => {
                return Err(failed(
                    Kind::Refused("the provider's content filter held the answer back".into()),
                    usage,
                ));
            }
            _ => {}
        }
        Ok(Reply {
            text: choice.message.content.unwrap_or_default(),
            usage,
            calls: choice.message.tool_calls.unwrap_or_default(),
        })
    }
}

/// An answer that was paid for and cannot be used.
fn failed(kind: Kind, usage: Usage) -> Error {
    Error {
        kind,
        usage: vec![usage],
    }
}

impl Reply {
    /// The calls that the model wants made.
    pub(super) fn calls(&self) -> Result<Vec<ToolCall>, Kind> {
        let call = |call: &WireCall| {
            let text = if call.function.arguments.trim().is_empty() {
                "{}"
            } else {
                &call.function.arguments
            };
            let arguments = serde_json::from_str::<Value>(text)
                .ok()
                .filter(Value::is_object);
            let name = call.function.name.clone();
            let arguments = arguments.ok_or_else(|| {
                Kind::Malformed(format!("the arguments of {name} are no JSON object"))
            })?;
            Ok(ToolCall {
                name,
                arguments,
                origin: CallOrigin::Model,
            })
        };
        self.calls.iter().map(call).collect()
    }
}

/// JSON out of a fenced block, which models without structured output like to put around it.
pub(super) fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text
        .strip_prefix("```")
        .and_then(|rest| rest.strip_suffix("```"))
    else {
        return text;
    };
    inner.strip_prefix("json").unwrap_or(inner).trim()
}

//! What the provider sends, as far as it is read. Everything else in a response is ignored, but what has to go back
//! unchanged is kept.

use domain::ToolCallRequest;
use domain::Usage;
use serde::Deserialize;
use serde_json::Value;

use crate::ask::{Answer, OutputSchema, Stop};
use crate::choose::ANTHROPIC;
use crate::error::Kind;
use crate::names::WireNames;

#[derive(Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    model: String,
    content: Vec<Value>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    stop_details: Option<StopDetails>,
    #[serde(default)]
    usage: Option<TokenUsage>,
}

#[derive(Deserialize)]
struct StopDetails {
    #[serde(default)]
    explanation: Option<String>,
}

#[derive(Deserialize)]
struct TokenUsage {
    #[serde(default)]
    input_tokens: i64,
    #[serde(default)]
    output_tokens: i64,
    #[serde(default)]
    cache_creation_input_tokens: Option<i64>,
    #[serde(default)]
    cache_read_input_tokens: Option<i64>,
    #[serde(default)]
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct OutputDetails {
    #[serde(default)]
    thinking_tokens: Option<i64>,
}

impl Message {
    /// `by_tool` is the structured answer that a call was to give.
    pub(super) fn answer(
        self,
        asked_model: &str,
        by_tool: Option<&OutputSchema>,
        names: &WireNames<'_>,
    ) -> Result<Answer, Kind> {
        let model = if self.model.is_empty() {
            asked_model.to_owned()
        } else {
            self.model
        };
        let usage = usage(self.usage, &model);
        let mut text = text(&self.content);
        let mut calls = calls(&self.content, names)?;
        let mut stop = match self.stop_reason.as_deref() {
            Some("max_tokens" | "model_context_window_exceeded") => Stop::Length,
            Some("refusal") => Stop::Refusal,
            Some("pause_turn") => Stop::Paused,
            _ if calls.is_empty() => Stop::End,
            _ => Stop::Calls,
        };
        let mut native = has_more(&self.content).then_some(Value::Array(self.content));
        if let Some(output) = by_tool {
            if let Some(given) = calls.iter().find(|call| call.tool == output.name) {
                text = given.arguments.to_string();
                // The call is the answer: nobody makes it, and it goes back as text.
                native = None;
            }
            calls.clear();
            if stop == Stop::Calls {
                stop = Stop::End;
            }
        }
        if stop == Stop::Refusal {
            let explanation = self.stop_details.and_then(|details| details.explanation);
            text = explanation.unwrap_or_default();
        }
        Ok(Answer {
            provider: ANTHROPIC.into(),
            model,
            text,
            calls,
            stop,
            native,
            usage,
        })
    }
}

fn kind(block: &Value) -> Option<&str> {
    block.get("type")?.as_str()
}

fn text(content: &[Value]) -> String {
    let texts = content
        .iter()
        .filter(|block| kind(block) == Some("text"))
        .filter_map(|block| block.get("text")?.as_str());
    texts.collect()
}

fn calls(content: &[Value], names: &WireNames<'_>) -> Result<Vec<ToolCallRequest>, Kind> {
    let call = |block: &Value| {
        let field = |name: &str| block.get(name)?.as_str().map(str::to_owned);
        let (Some(id), Some(name)) = (field("id"), field("name")) else {
            return Err(Kind::Malformed("a tool_use block has no id or name".into()));
        };
        Ok(ToolCallRequest {
            call_id: id,
            tool: names.ours(&name),
            arguments: block.get("input").cloned().unwrap_or_default(),
        })
    };
    let uses = content
        .iter()
        .filter(|block| kind(block) == Some("tool_use"));
    uses.map(call).collect()
}

/// Whether there is more than text and calls, from which alone the content can be rebuilt: thinking, above all.
fn has_more(content: &[Value]) -> bool {
    let known = |block: &Value| matches!(kind(block), Some("text" | "tool_use"));
    content.iter().any(|block| !known(block))
}

/// `input_tokens` leaves out what went into the cache and what came from it; ours has all of it.
fn usage(used: Option<TokenUsage>, model: &str) -> Usage {
    let mut usage = Usage {
        provider: ANTHROPIC.into(),
        model: model.to_owned(),
        ..Usage::default()
    };
    let Some(used) = used else {
        return usage;
    };
    let read = used.cache_read_input_tokens.unwrap_or(0).max(0);
    let written = used.cache_creation_input_tokens.unwrap_or(0).max(0);
    usage.input_tokens = used.input_tokens.max(0) + read + written;
    usage.cached_tokens = read;
    usage.cache_write_tokens = written;
    usage.output_tokens = used.output_tokens.max(0);
    let thinking = used
        .output_tokens_details
        .and_then(|details| details.thinking_tokens);
    usage.reasoning_tokens = thinking.unwrap_or(0).max(0);
    usage
}

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
use crate::usage::{Counts, count};

#[derive(Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    model: String,
    content: Vec<Value>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    stop_details: Option<StopDetails>,
}

#[derive(Deserialize)]
struct StopDetails {
    #[serde(default)]
    explanation: Option<String>,
}

impl Message {
    /// `by_tool` is the structured answer that a call was to give.
    pub(super) fn answer(
        self,
        asked_model: &str,
        by_tool: Option<&OutputSchema>,
        names: &WireNames<'_>,
        usage: Usage,
    ) -> Result<Answer, Kind> {
        let model = if self.model.is_empty() {
            asked_model.to_owned()
        } else {
            self.model
        };
        let usage = Usage {
            model: model.clone(),
            ..usage
        };
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

/// Reads the counts. `input_tokens` leaves out what went into the cache and what came from it; ours has all of it.
pub(super) fn counts(report: &Value) -> Counts {
    let cached = count(report, "cache_read_input_tokens");
    let cache_write = count(report, "cache_creation_input_tokens");
    let details = report.get("output_tokens_details");
    Counts {
        input: count(report, "input_tokens")
            .saturating_add(cached)
            .saturating_add(cache_write),
        output: count(report, "output_tokens"),
        cached,
        cache_write,
        reasoning: details.map_or(0, |details| count(details, "thinking_tokens")),
    }
}

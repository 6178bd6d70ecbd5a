//! What the provider sends, as far as it is read. Everything else in a response is ignored.

use domain::ToolCallRequest;
use domain::Usage;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::ask::{Answer, Stop};
use crate::choose::OPENAI;
use crate::error::Kind;
use crate::names::WireNames;
use crate::usage::{Counts, count};

#[derive(Deserialize)]
pub(super) struct Completion {
    #[serde(default)]
    model: String,
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    /// Text; parts with a text each from some compatible servers.
    #[serde(default)]
    content: Value,
    #[serde(default)]
    refusal: Option<String>,
    /// Read twice: for the calls, and for what has to come back with them.
    #[serde(default)]
    tool_calls: Option<Vec<Value>>,
    #[serde(default)]
    reasoning_content: Option<Value>,
    #[serde(default)]
    reasoning_details: Option<Value>,
}

#[derive(Deserialize)]
struct WireCall {
    #[serde(default)]
    id: Option<String>,
    function: WireFunction,
}

#[derive(Deserialize)]
struct WireFunction {
    name: String,
    /// JSON in a string, written by the model.
    #[serde(default)]
    arguments: Value,
}

impl Completion {
    /// The first choice; there is no second, since one was asked for.
    pub(super) fn answer(
        self,
        asked_model: &str,
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
        let Some(Choice {
            message,
            finish_reason,
        }) = self.choices.into_iter().next()
        else {
            return Err(Kind::Malformed("the response has no choices".into()));
        };
        let native = message.native();
        let calls = message.calls(names)?;
        let refusal = message.refusal.filter(|refusal| !refusal.is_empty());
        let stop = match finish_reason.as_deref() {
            _ if refusal.is_some() => Stop::Refusal,
            Some("length") => Stop::Length,
            Some("content_filter") => Stop::Filter,
            _ if calls.is_empty() => Stop::End,
            _ => Stop::Calls,
        };
        Ok(Answer {
            provider: OPENAI.into(),
            model,
            text: refusal.unwrap_or_else(|| text(&message.content)),
            calls,
            stop,
            native,
            usage,
        })
    }
}

impl Message {
    fn calls(&self, names: &WireNames<'_>) -> Result<Vec<ToolCallRequest>, Kind> {
        let mut calls: Vec<ToolCallRequest> = Vec::new();
        for (position, raw) in self.tool_calls.iter().flatten().enumerate() {
            let call: WireCall = serde_json::from_value(raw.clone())
                .map_err(|error| Kind::Malformed(format!("a tool call is none: {error}")))?;
            // Some compatible servers give no id, or one to all.
            let is_own =
                |id: &String| !id.is_empty() && calls.iter().all(|call| call.call_id != *id);
            let id = call.id.filter(is_own);
            calls.push(ToolCallRequest {
                call_id: id.unwrap_or_else(|| format!("call_{position}")),
                tool: names.ours(&call.function.name),
                arguments: arguments(call.function.arguments),
            });
        }
        Ok(calls)
    }

    /// What must come back with this answer, unchanged.
    fn native(&self) -> Option<Value> {
        let mut native = Map::new();
        let kept = [
            ("reasoning_content", &self.reasoning_content),
            ("reasoning_details", &self.reasoning_details),
        ];
        for (name, value) in kept {
            if let Some(value) = value.as_ref().filter(|value| !value.is_null()) {
                native.insert(name.into(), value.clone());
            }
        }
        let calls = self.tool_calls.as_ref();
        if let Some(calls) = calls.filter(|calls| calls.iter().any(has_extra)) {
            native.insert("tool_calls".into(), Value::Array(calls.clone()));
        }
        (!native.is_empty()).then_some(Value::Object(native))
    }
}

fn has_extra(call: &Value) -> bool {
    call.get("extra_content")
        .is_some_and(|extra| !extra.is_null())
}

/// An object, or the text that should have been one.
fn arguments(written: Value) -> Value {
    let text = match written {
        Value::String(text) => text,
        // Some compatible servers send the object itself.
        Value::Object(fields) => return Value::Object(fields),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    if text.trim().is_empty() {
        return Value::Object(Map::new());
    }
    let object = serde_json::from_str::<Value>(&text).ok();
    object
        .filter(Value::is_object)
        .unwrap_or(Value::String(text))
}

fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            texts.collect()
        }
        _ => String::new(),
    }
}

/// Reads the counts of a completion, or of embeddings.
pub(super) fn counts(report: &Value) -> Counts {
    let prompt = count(report, "prompt_tokens");
    // Servers that leave reasoning out of the completion still have it in the total.
    let rest = count(report, "total_tokens").saturating_sub(prompt);
    let detail = |of: &str, name: &str| report.get(of).map_or(0, |details| count(details, name));
    Counts {
        input: prompt,
        output: count(report, "completion_tokens").max(rest),
        cached: detail("prompt_tokens_details", "cached_tokens"),
        // From gpt-5.6 on, where writing to the cache has a price.
        cache_write: detail("prompt_tokens_details", "cache_write_tokens"),
        reasoning: detail("completion_tokens_details", "reasoning_tokens"),
    }
}

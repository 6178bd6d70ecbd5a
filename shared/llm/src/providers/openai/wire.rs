//! What the provider sends, as far as it is read. Everything else in a response is ignored, and no field has to be of
//! the reference's type where another type means the same.

use domain::{ToolCallRequest, Usage};
use serde_json::{Map, Value};

use crate::answer::{Answer, Stop};
use crate::call_ids;
use crate::error::Kind;
use crate::http::{self, Failure, refusal};
use crate::json_text;
use crate::protocol::{Asked, stop_of};
use crate::provider_names::OPENAI;
use crate::stop::{Ending, ending};
use crate::usage::{Counts, count};

/// Reads the first choice of a completion; there is no second, since one was asked for.
pub(super) fn answer(value: &Value, asked: &Asked<'_>, usage: Usage) -> Result<Answer, Failure> {
    let choices = match value.get("choices") {
        Some(Value::Array(choices)) => choices,
        _ => return Err(malformed("it has no list of choices").into()),
    };
    let Some(choice) = choices.first() else {
        return Err(Kind::Malformed("the response has no choices".into()).into());
    };
    if let Some(error) = refusal::late_error(choice) {
        return Err(http::late_failure(OPENAI, error, &http::no_headers()));
    }
    let Some(message @ Value::Object(_)) = choice.get("message") else {
        return Err(malformed("its first choice has no message").into());
    };
    let model = match value.get("model").and_then(Value::as_str) {
        None | Some("") => asked.model,
        Some(model) => model,
    };
    let raw = raw_calls(message);
    let refusal = message.get("refusal").and_then(Value::as_str);
    let refusal = refusal.filter(|refusal| !refusal.is_empty());
    let mut answer = Answer {
        provider: OPENAI.into(),
        model: model.to_owned(),
        text: refusal.map_or_else(|| text(message.get("content")), str::to_owned),
        calls: calls(&raw, asked)?,
        stop: Stop::End,
        native: native(message, &raw),
        usage: Usage {
            model: model.to_owned(),
            ..usage
        },
    };
    let reason = choice.get("finish_reason").and_then(Value::as_str);
    let ending = match refusal {
        Some(_) => Ending::Refusal,
        None => ending(reason),
    };
    answer.stop = stop_of(ending, &answer, asked, OPENAI)?;
    Ok(answer)
}

fn malformed(why: &str) -> Kind {
    Kind::Malformed(format!("the response is no chat completion: {why}"))
}

/// The calls as they came: a list, one alone, or the one of the older field.
fn raw_calls(message: &Value) -> Vec<Value> {
    match message.get("tool_calls") {
        Some(Value::Array(calls)) if !calls.is_empty() => calls
            .iter()
            .filter(|call| !call.is_null())
            .cloned()
            .collect(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => {
            let older = message.get("function_call").filter(|call| call.is_object());
            older.into_iter().cloned().collect()
        }
    }
}

fn calls(raw: &[Value], asked: &Asked<'_>) -> Result<Vec<ToolCallRequest>, Kind> {
    let ids = raw.iter().map(|call| match call.get("id")? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    });
    let ids = call_ids::made_unique(ids.collect());
    let calls = raw.iter().zip(ids).map(|(call, call_id)| {
        let function = call.get("function").filter(|function| function.is_object());
        let function = function.unwrap_or(call);
        let name = function.get("name").and_then(Value::as_str);
        let name = name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Kind::Malformed("a tool call has no name".into()))?;
        Ok(ToolCallRequest {
            call_id,
            tool: asked.names.ours(name),
            arguments: arguments(function.get("arguments")),
        })
    });
    calls.collect()
}

/// What must come back with this answer, unchanged.
fn native(message: &Value, calls: &[Value]) -> Option<Value> {
    let mut native = Map::new();
    for name in ["reasoning_content", "reasoning_details"] {
        if let Some(value) = message.get(name).filter(|value| !value.is_null()) {
            native.insert(name.into(), value.clone());
        }
    }
    let has_extra = |call: &Value| {
        call.get("extra_content")
            .is_some_and(|extra| !extra.is_null())
    };
    if calls.iter().any(has_extra) {
        native.insert("tool_calls".into(), Value::Array(calls.to_vec()));
    }
    (!native.is_empty()).then_some(Value::Object(native))
}

/// An object, or the text that should have been one.
pub(crate) fn arguments(written: Option<&Value>) -> Value {
    match written {
        None | Some(Value::Null) => Value::Object(Map::new()),
        // Some compatible servers send the object itself.
        Some(Value::Object(fields)) => Value::Object(fields.clone()),
        Some(Value::String(text)) if text.trim().is_empty() => Value::Object(Map::new()),
        Some(Value::String(text)) => {
            json_text::object(text).unwrap_or_else(|| Value::String(text.clone()))
        }
        Some(other) => Value::String(other.to_string()),
    }
}

/// Text; parts with a text each, of which thinking is none; JSON that was not put into a string.
fn text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(part).collect(),
        Some(object @ Value::Object(_)) => part(object).unwrap_or_else(|| object.to_string()),
        Some(other @ (Value::Number(_) | Value::Bool(_))) => other.to_string(),
        Some(Value::Null) | None => String::new(),
    }
}

fn part(part: &Value) -> Option<String> {
    let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind.contains("thinking") || kind.contains("reasoning") {
        return None;
    }
    let text = part.as_str().or_else(|| {
        let text = part.get("text")?;
        text.as_str().or_else(|| text.get("value")?.as_str())
    });
    text.map(str::to_owned)
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

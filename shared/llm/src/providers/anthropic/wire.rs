//! What the provider sends, as far as it is read. Everything else in a response is ignored, but what has to go back
//! unchanged is kept.

use domain::{ToolCallRequest, Usage};
use serde_json::{Value, json};

use super::output_form::by_tool;
use crate::answer::{Answer, Stop};
use crate::call_ids;
use crate::error::Kind;
use crate::protocol::{Asked, stop_of};
use crate::provider_names::ANTHROPIC;
use crate::providers::openai::arguments;
use crate::stop::{Ending, ending};
use crate::usage::{Counts, count};

/// Reads a message.
pub(super) fn answer(mut value: Value, asked: &Asked<'_>, usage: Usage) -> Result<Answer, Kind> {
    let content = match value.get_mut("content").map(Value::take) {
        Some(Value::Array(blocks)) => blocks,
        // Some compatible servers send the text itself.
        Some(Value::String(text)) => vec![json!({"type": "text", "text": text})],
        Some(one @ Value::Object(_)) => vec![one],
        Some(Value::Null) => Vec::new(),
        _ => {
            return Err(Kind::Malformed(
                "the response is no message: it has no list of content".into(),
            ));
        }
    };
    let word = |name: &str| value.get(name).and_then(Value::as_str);
    let model = match word("model") {
        None | Some("") => asked.model,
        Some(model) => model,
    };
    let mut answer = Answer {
        provider: ANTHROPIC.into(),
        model: model.to_owned(),
        text: text(&content),
        calls: calls(&content, asked)?,
        stop: Stop::End,
        native: has_more(&content).then_some(Value::Array(content)),
        usage: Usage {
            model: model.to_owned(),
            ..usage
        },
    };
    if let Some(output) = by_tool(asked.request, asked.known) {
        if let Some(given) = answer.calls.iter().find(|call| call.tool == output.name) {
            answer.text = given.arguments.to_string();
            // The call is the answer: it is not made, and goes back as text.
            answer.native = None;
        }
        answer.calls.clear();
    }
    let ending = ending(word("stop_reason"));
    if ending == Ending::Refusal {
        let explanation = value.pointer("/stop_details/explanation");
        let explanation = explanation.and_then(Value::as_str).unwrap_or_default();
        explanation.clone_into(&mut answer.text);
    }
    answer.stop = stop_of(ending, &answer, asked, ANTHROPIC)?;
    Ok(answer)
}

fn kind(block: &Value) -> Option<&str> {
    match block {
        Value::String(_) => Some("text"),
        block => block.get("type")?.as_str(),
    }
}

fn text(content: &[Value]) -> String {
    let texts = content
        .iter()
        .filter(|block| kind(block) == Some("text"))
        .filter_map(|block| block.as_str().or_else(|| block.get("text")?.as_str()));
    texts.collect()
}

fn calls(content: &[Value], asked: &Asked<'_>) -> Result<Vec<ToolCallRequest>, Kind> {
    let uses: Vec<&Value> = content
        .iter()
        .filter(|block| kind(block) == Some("tool_use"))
        .collect();
    let field = |block: &Value, name: &str| block.get(name)?.as_str().map(str::to_owned);
    let ids = uses.iter().map(|block| field(block, "id")).collect();
    let ids = call_ids::made_unique(ids);
    let calls = uses.iter().zip(ids).map(|(block, call_id)| {
        let name = field(block, "name").filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Kind::Malformed("a tool_use block has no name".into()))?;
        Ok(ToolCallRequest {
            call_id,
            tool: asked.names.ours(&name),
            arguments: arguments(block.get("input")),
        })
    });
    calls.collect()
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

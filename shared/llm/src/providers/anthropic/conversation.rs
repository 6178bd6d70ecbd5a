//! A conversation as Anthropic takes it: blocks of content, turns that alternate, ids of calls that are unique in it.

use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::call_ids::CallIds;
use crate::names::{WireNames, is_plain, plain};
use crate::provider_names::ANTHROPIC;
use crate::request::Message;

/// All messages; neighbours of one role become one, and what is empty is left out, since it is refused.
pub(super) fn messages(conversation: &[Message], names: &WireNames<'_>) -> Vec<Value> {
    // Others' ids may hold what this provider refuses: it takes letters, digits, `_` and `-`.
    let mut ids = CallIds::new(is_plain, replacement);
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in conversation {
        let (role, blocks) = match message {
            Message::User { content } if content.trim().is_empty() => continue,
            Message::User { content } => ("user", vec![json!({"type": "text", "text": content})]),
            Message::Assistant(answer) => ("assistant", answered(answer, names, &mut ids)),
            Message::ToolResults { results } => {
                let block = results.iter().map(|result| {
                    json!({
                        "type": "tool_result",
                        "tool_use_id": ids.of_result(&result.call_id),
                        "content": result.content,
                        "is_error": result.is_error,
                    })
                });
                ("user", block.collect())
            }
        };
        if blocks.is_empty() {
            continue;
        }
        match turns.last_mut() {
            Some((last, before)) if *last == role => before.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    let message = |(role, content)| json!({"role": role, "content": content});
    turns.into_iter().map(message).collect()
}

fn replacement(id: &str, number: usize) -> String {
    match number {
        1 => plain(id),
        _ => format!("{}_{number}", plain(id)),
    }
}

/// As it was where it was Anthropic's own and has parts that must not be touched; rebuilt otherwise.
fn answered(answer: &Answer, names: &WireNames<'_>, ids: &mut CallIds) -> Vec<Value> {
    let is_own = answer.provider == ANTHROPIC;
    let ids = ids.of_answer(answer, is_own);
    let native = answer.native.as_ref().filter(|_| is_own);
    if let Some(blocks) = native.and_then(Value::as_array) {
        return with_ids(blocks.clone(), ids);
    }
    let mut blocks = Vec::new();
    if !answer.text.trim().is_empty() {
        blocks.push(json!({"type": "text", "text": answer.text}));
    }
    for (call, id) in answer.calls.iter().zip(ids) {
        // The provider takes objects alone.
        let input = if call.arguments.is_object() {
            call.arguments.clone()
        } else {
            Value::Object(Map::new())
        };
        blocks.push(json!({
            "type": "tool_use",
            "id": id,
            "name": names.theirs(&call.tool),
            "input": input,
        }));
    }
    blocks
}

/// The provider's own blocks with the ids that the conversation has for its calls, in their order.
fn with_ids(mut blocks: Vec<Value>, ids: Vec<String>) -> Vec<Value> {
    let uses = blocks
        .iter_mut()
        .filter(|block| block.get("type") == Some(&json!("tool_use")));
    for (block, id) in uses.zip(ids) {
        if let Some(fields) = block.as_object_mut() {
            fields.insert("id".to_owned(), json!(id));
        }
    }
    blocks
}

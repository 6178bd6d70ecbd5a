//! A conversation as Anthropic takes it: blocks of content, turns that alternate, ids of calls that are unique in it.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::ask::{Answer, Message};
use crate::choose::ANTHROPIC;
use crate::names::{WireNames, plain};

/// All messages; neighbours of one role become one, and what is empty is left out, since it is refused.
pub(super) fn messages(said: &[Message], names: &WireNames<'_>) -> Vec<Value> {
    let mut ids = Ids::default();
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in said {
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

/// As it was where it was Anthropic's own and has parts that must not be touched; rebuilt otherwise.
fn answered(answer: &Answer, names: &WireNames<'_>, ids: &mut Ids) -> Vec<Value> {
    let native = answer
        .native
        .as_ref()
        .filter(|_| answer.provider == ANTHROPIC);
    if let Some(blocks) = native.and_then(Value::as_array) {
        ids.keep(answer);
        return blocks.clone();
    }
    ids.rename(answer);
    let mut blocks = Vec::new();
    if !answer.text.trim().is_empty() {
        blocks.push(json!({"type": "text", "text": answer.text}));
    }
    for call in &answer.calls {
        // The provider takes objects alone.
        let input = if call.arguments.is_object() {
            call.arguments.clone()
        } else {
            Value::Object(Map::new())
        };
        blocks.push(json!({
            "type": "tool_use",
            "id": ids.of_result(&call.call_id),
            "name": names.theirs(&call.tool),
            "input": input,
        }));
    }
    blocks
}

/// Ids as this provider takes them: letters, digits, `_` and `-`, none twice. Others' may be neither.
#[derive(Default)]
struct Ids {
    used: HashSet<String>,
    /// Of the last answer: theirs by ours.
    last: HashMap<String, String>,
}

impl Ids {
    fn keep(&mut self, answer: &Answer) {
        let own = |id: &String| (id.clone(), id.clone());
        self.last = answer.calls.iter().map(|call| own(&call.call_id)).collect();
        self.used.extend(self.last.keys().cloned());
    }

    fn rename(&mut self, answer: &Answer) {
        self.last.clear();
        for call in &answer.calls {
            let plain = plain(&call.call_id);
            let mut id = plain.clone();
            let mut number = 1;
            while id.is_empty() || self.used.contains(&id) {
                number += 1;
                id = format!("{plain}_{number}");
            }
            self.used.insert(id.clone());
            self.last.insert(call.call_id.clone(), id);
        }
    }

    fn of_result(&self, call_id: &str) -> String {
        let found = self.last.get(call_id);
        found.cloned().unwrap_or_else(|| plain(call_id))
    }
}

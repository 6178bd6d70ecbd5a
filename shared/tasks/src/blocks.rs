//! Blocks of data in prompts. Everything that does not come from this code goes into a delimited block, and the
//! instructions state that a block is material.

use domain::StepKind;
use llm::{Message, OutputSchema, Purpose, Request};
use serde_json::{Map, Value, json};

use crate::data_block::data;
use crate::inputs::{Asker, Goal, Table, Workspace};
use crate::{plan, results, tables};

/// Tokens of an answer, reasoning included. They are reserved before the call, so they are no more than most answers
/// need; one that is cut off is asked for once more with four times the room.
pub(crate) const ANSWER_TOKENS: u32 = 4_096;

/// Fills in the places of a prompt that are generated: how steps are written, and a worked example.
pub(crate) fn with_language(prompt: &str, example: &str, kinds: &[StepKind]) -> String {
    let example = format!("```json\n{}\n```", example.trim());
    prompt
        .replace("{plan_language}", &plan::describe(kinds))
        .replace("{example}", &example)
}

/// Joins blocks to one message of the user.
pub(crate) fn user_message(blocks: &[(&str, Value)]) -> Message {
    let blocks: Vec<String> = blocks
        .iter()
        .map(|(name, value)| data(name, value))
        .collect();
    Message::User {
        content: blocks.join("\n\n"),
    }
}

/// Renders the tables of a task as one block.
pub(crate) fn tables(
    tables: &[Table],
    more: u32,
    readable_schemas: &[String],
) -> (&'static str, Value) {
    let described = tables::render(tables, more, readable_schemas);
    ("tables", Value::String(described))
}

/// Renders what holds for the workspace; `may_use` states which tools its lists are for.
pub(crate) fn workspace(
    workspace: &Workspace,
    may_use: impl Fn(&str) -> bool,
) -> (&'static str, Value) {
    let lists = [
        ("webhook_hosts", "webhook", &workspace.webhook_hosts),
        ("http_hosts", "http", &workspace.http_hosts),
        ("email_domains", "email", &workspace.email_domains),
        ("writable_tables", "table_write", &workspace.writable_tables),
    ];
    let mut fields = Map::new();
    if !workspace.time_zone.is_empty() {
        fields.insert("time_zone".to_owned(), json!(workspace.time_zone));
    }
    if let Some(currency) = &workspace.currency {
        fields.insert("currency".to_owned(), json!(currency));
    }
    for (name, tool, list) in lists {
        if may_use(tool) && !list.is_empty() {
            fields.insert(name.to_owned(), json!(list));
        }
    }
    ("workspace", Value::Object(fields))
}

/// Renders who asked.
pub(crate) fn asker(asker: &Asker) -> (&'static str, Value) {
    let fields = [("name", &asker.name), ("role", &asker.role)];
    let known = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))));
    ("who asks", Value::Object(known.collect()))
}

/// Renders the time: in the workspace's zone, and as queries see it.
pub(crate) fn now(local: &str, now: &str) -> (&'static str, Value) {
    let text = match (local, now) {
        ("", now) => now.to_owned(),
        (local, now) => format!("{local}; {now}"),
    };
    ("now", Value::String(text))
}

/// Returns true if a block of this content states nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Describes a goal by what it asks for.
pub(crate) fn described_goal(goal: &Goal) -> Value {
    let mut described = json!({"title": goal.title, "description": goal.description});
    if let Some(fields) = described.as_object_mut() {
        if !goal.criteria.is_empty() {
            fields.insert("criteria".to_owned(), json!(goal.criteria));
        }
        if goal.depth > 0 {
            fields.insert("depth".to_owned(), json!(goal.depth));
        }
    }
    described
}

/// Returns what the asker gave with the request, or what a sub-goal was given, shortened as results are.
pub(crate) fn inputs_of(goal: &Goal) -> Value {
    match &goal.context {
        Value::Object(inputs) => results::of_steps(inputs),
        _ => Value::Null,
    }
}

/// Blocks that are there, in the order in which they change: what is the same for every question of a workspace comes
/// first, so that a provider's cache holds the beginning, and the time comes last.
pub(crate) fn present(blocks: Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
    let mut blocks = blocks;
    // A message always has its last part: providers refuse an empty one.
    let last = blocks.pop();
    blocks.retain(|(_, value)| !is_empty(value));
    blocks.extend(last);
    blocks
}

/// Builds a model call whose answer is JSON of a schema.
pub(crate) fn structured(
    purpose: Purpose,
    system: &str,
    blocks: &[(&str, Value)],
    (name, schema): (&str, Value),
) -> Request {
    Request {
        purpose,
        model: None,
        system: system.to_owned(),
        messages: vec![user_message(blocks)],
        tools: Vec::new(),
        output: Some(OutputSchema {
            name: name.to_owned(),
            schema,
        }),
        must_answer: false,
        max_output_tokens: ANSWER_TOKENS,
    }
}

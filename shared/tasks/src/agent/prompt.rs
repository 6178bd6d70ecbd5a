//! The model call of an agent's turn: the task first, then the conversation so far, with the notes to the agent in
//! between. Early turns may be sent as a summary; the rows keep the original.

use serde_json::{Value, json};

use llm::{Message, Purpose, Request, ToolResult};

use super::{PastTurn, WorkTask};
use crate::blocks::{
    ANSWER_TOKENS, asker, described_goal, inputs_of, now, present, tables, user_message, workspace,
};
use crate::results;
use crate::tables::render_values;

const WORK: &str = include_str!("../../prompts/work.md");
const COMPACT: &str = include_str!("../../prompts/compact.md");

/// Tokens of a summary, reasoning included.
const SUMMARY_TOKENS: u32 = 4_000;

/// The next turn.
pub(crate) fn request(task: &WorkTask) -> Request {
    let allowed = |name: &String| {
        task.agent
            .as_ref()
            .is_none_or(|agent| agent.tools.contains(name))
    };
    let tools = task.tools.iter().filter(|tool| allowed(&tool.name));
    Request {
        purpose: Purpose::Work,
        model: wanted(task),
        system: system(task),
        messages: messages(task),
        tools: tools.cloned().collect(),
        output: None,
        must_answer: task.must_answer,
        max_output_tokens: ANSWER_TOKENS,
    }
}

/// What holds for the whole conversation: how a result is given depends on whether the step has a schema for it.
fn system(task: &WorkTask) -> String {
    let submits = task.tools.iter().any(|tool| tool.name == SUBMIT_RESULT);
    let (result, turns) = match submits {
        true => (
            "call `submit_result` with it, and nothing more",
            task.max_turns,
        ),
        false => (
            "reply with it as Markdown and call nothing more",
            task.max_turns,
        ),
    };
    let turns = turns.map_or_else(String::new, |turns| format!(" You have {turns} turns."));
    WORK.replace("{result}", result).replace("{turns}", &turns)
}

/// The tool that ends a step whose result has a schema.
const SUBMIT_RESULT: &str = "submit_result";

/// The first `turns` turns of the work as a short text, to go on from.
pub(crate) fn compact(task: &WorkTask, turns: usize) -> Request {
    let begun = task.turns.iter().take(turns).cloned().collect();
    let notes = task.notes.iter().filter(|(after, _)| *after < turns);
    let task = WorkTask {
        turns: begun,
        notes: notes.cloned().collect(),
        ..task.clone()
    };
    let conversation = messages(&task);
    Request {
        purpose: Purpose::Compact,
        model: wanted(&task),
        system: COMPACT.to_owned(),
        messages: vec![user_message(&[("work so far", as_data(&conversation))])],
        tools: Vec::new(),
        output: None,
        must_answer: false,
        max_output_tokens: SUMMARY_TOKENS,
    }
}

/// Bytes of the conversation that the next turn would carry.
pub(crate) fn conversation_bytes(task: &WorkTask) -> usize {
    serde_json::to_string(&messages(task)).map_or(0, |text| text.len())
}

fn wanted(task: &WorkTask) -> Option<String> {
    task.agent.as_ref().and_then(|agent| agent.model.clone())
}

fn messages(task: &WorkTask) -> Vec<Message> {
    let mut messages = vec![first(task)];
    let summarized_turns = summarized(task);
    for (number, turn) in task.turns.iter().enumerate() {
        if number >= summarized_turns {
            go_on(&mut messages);
            messages.extend(replay_turn(turn));
        }
        append_notes(task, number + 1, summarized_turns, &mut messages);
    }
    go_on(&mut messages);
    messages
}

/// The model's own last words would be continued, not answered.
fn go_on(messages: &mut Vec<Message>) {
    if let Some(Message::Assistant(_)) = messages.last() {
        messages.push(Message::User {
            content: "Go on.".to_owned(),
        });
    }
}

/// Returns how many turns the summary covers.
fn summarized(task: &WorkTask) -> usize {
    task.summary
        .as_ref()
        .map_or(0, |(turns, _)| (*turns).min(task.turns.len()))
}

/// Builds the first message: the task, its material, and notes before the first turn that is sent in full.
fn first(task: &WorkTask) -> Message {
    let role = task.agent.as_ref().map(|agent| agent.role.clone());
    let may_use = |tool: &str| task.tools.iter().any(|one| one.name == tool);
    let mut blocks = vec![
        ("your role", json!(role)),
        workspace(&task.workspace, may_use),
    ];
    if !task.tables.is_empty() {
        blocks.push(tables(
            &task.tables,
            task.more_tables,
            &task.readable_schemas,
        ));
    }
    let goal = task.goal.as_ref().map(described_goal);
    let values = render_values(&task.common_values);
    blocks.extend([
        ("rows and common values of tables", Value::String(values)),
        ("what is remembered", json!(task.memories)),
        ("lessons of earlier work", json!(task.lessons)),
        asker(&task.asker),
        ("question", json!(task.question)),
        ("goal", json!(goal)),
        (
            "inputs of the goal",
            json!(task.goal.as_ref().map(inputs_of)),
        ),
        ("parameters", task.parameters.clone()),
        ("results of earlier steps", results::of_steps(&task.steps)),
        (
            "earlier steps that failed",
            Value::Object(task.failed_steps.clone()),
        ),
        ("instructions of the step", json!(task.instructions)),
    ]);
    if let Some((_, summary)) = &task.summary {
        blocks.push(("summary of your turns so far", json!(summary)));
    }
    blocks.push(now(&task.local_now, &task.now));
    let blocks = present(blocks);
    let mut first = vec![user_message(&blocks)];
    if summarized(task) == 0 {
        append_notes(task, 0, 0, &mut first);
    }
    let texts = first.into_iter().filter_map(|message| match message {
        Message::User { content } => Some(content),
        Message::Assistant(_) | Message::ToolResults { .. } => None,
    });
    Message::User {
        content: texts.collect::<Vec<_>>().join("\n\n"),
    }
}

/// Appends the notes after so many turns; the summary contains those that it covers.
fn append_notes(
    task: &WorkTask,
    after: usize,
    summarized_turns: usize,
    messages: &mut Vec<Message>,
) {
    if after < summarized_turns {
        return;
    }
    let is_last = after == task.turns.len();
    let notes = task
        .notes
        .iter()
        .filter(|(turns, _)| *turns == after || (is_last && *turns > after))
        .filter(|(_, note)| !note.trim().is_empty());
    messages.extend(notes.map(|(_, note)| Message::User {
        content: note.clone(),
    }));
}

/// Returns the messages of a turn that was taken; every call has a result, or providers refuse the conversation.
fn replay_turn(turn: &PastTurn) -> Vec<Message> {
    let results: Vec<ToolResult> = turn
        .answer
        .calls
        .iter()
        .enumerate()
        .map(|(position, asked)| {
            // By its place: the journal keeps an answer's calls in their order, and ids may be cut or used twice.
            let made = turn.calls.get(position);
            ToolResult {
                call_id: asked.call_id.clone(),
                name: asked.tool.clone(),
                content: made.map_or_else(results::not_made, results::of_call),
                is_error: made.is_none_or(|call| call.result.is_none()),
            }
        })
        .collect();
    let mut messages = vec![Message::Assistant(turn.answer.clone())];
    if !results.is_empty() {
        messages.push(Message::ToolResults { results });
    }
    messages
}

/// Renders a conversation as material, without a provider's own parts.
fn as_data(messages: &[Message]) -> Value {
    let rendered = messages.iter().map(|message| match message {
        Message::User { content } => json!({"user": content}),
        Message::Assistant(answer) => json!({
            "assistant": answer.text,
            "called": answer.calls.iter().map(|call| json!({"tool": call.tool, "arguments": call.arguments})).collect::<Vec<_>>(),
        }),
        Message::ToolResults { results } => json!({
            "results": results.iter().map(|result| json!({"tool": result.name, "failed": result.is_error, "content": result.content})).collect::<Vec<_>>(),
        }),
    });
    Value::Array(rendered.collect())
}

#[cfg(test)]
mod tests;

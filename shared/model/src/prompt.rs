//! Tasks to questions. Whatever did not come from us goes into a delimited data block, and the instructions say that
//! everything inside is material.

use serde_json::{Value, json};

use crate::ask::{Message, OutputSchema, Purpose, Request};
use crate::task::{Assess, JudgeTask, PlanTask, RunbookMatch, RunbookOffer, Table};
use crate::{results, tables};

const ASSESS: &str = include_str!("../prompts/assess.md");
const PLAN: &str = include_str!("../prompts/plan.md");
const JUDGE: &str = include_str!("../prompts/judge.md");

/// Tokens of an answer, reasoning included. A plan is the longest thing that is asked for.
/// Both are reserved before the call, so they are no larger than most answers need; one that is cut off is asked for once
/// more with four times the room.
pub(crate) const PLAN_TOKENS: u32 = 8_192;
pub(crate) const ANSWER_TOKENS: u32 = 4_096;

/// A text as it is, anything else as JSON, between tags. No tag is left in it, so nothing inside can end the block.
pub(crate) fn data(name: &str, value: &Value) -> String {
    let content = match value {
        Value::String(text) => without_tags(text),
        value => value.to_string().replace('<', "\\u003c"),
    };
    format!("<data name=\"{name}\">\n{content}\n</data>")
}

/// Escapes each `<` that may open or close a tag; one before a space or a digit compares.
fn without_tags(text: &str) -> String {
    let mut pieces = text.split('<');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let compares =
            piece.starts_with([' ', '=']) || piece.starts_with(|c: char| c.is_ascii_digit());
        plain.push_str(if compares { "<" } else { "\\u003c" });
        plain.push_str(piece);
    }
    plain
}

/// Blocks as one message of ours.
pub(crate) fn told(blocks: &[(&str, Value)]) -> Message {
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

/// Describes candidate runbooks by purpose, not by plan: the choice is of what is done, not of how.
fn offered_runbooks(runbooks: &[RunbookMatch]) -> Value {
    let described = runbooks.iter().map(|one| {
        json!({
            "name": one.name, "title": one.title, "purpose": one.description,
            "score": one.score, "reasons": one.reasons, "may_not_be_used": one.refusal,
        })
    });
    described.collect()
}

/// The same for a plan; those that the asker may not use are left out.
fn offered_plans(runbooks: &[RunbookOffer]) -> Value {
    let allowed = runbooks.iter().filter(|one| one.allowed);
    allowed
        .map(|one| {
            json!({
                "name": one.name, "title": one.title, "purpose": one.description,
                "score": one.score, "reasons": one.reasons,
            })
        })
        .collect()
}

pub(crate) fn assess(task: &Assess) -> Request {
    let blocks = vec![
        ("question", json!(task.question)),
        ("context", task.context.clone()),
        ("runbooks", offered_runbooks(&task.runbooks)),
        ("tools", json!(task.tools)),
        tables(&task.tables, task.more_tables, &task.readable_schemas),
        ("now", json!(task.now)),
    ];
    structured(
        Purpose::Assess,
        ASSESS,
        &blocks,
        ("assessment", assessment_schema()),
    )
}

pub(crate) fn plan(task: &PlanTask) -> Request {
    let mut blocks = vec![
        ("goal", json!(task.goal)),
        ("question", json!(task.question)),
        ("runbooks", offered_plans(&task.runbooks)),
        ("agents", json!(task.agents)),
        ("tools", json!(task.tools)),
        tables(&task.tables, task.more_tables, &task.readable_schemas),
        ("limits", json!(task.limits)),
        ("now", json!(task.now)),
    ];
    if !task.memories.is_empty() {
        blocks.push(("what is remembered of earlier work", json!(task.memories)));
    }
    if let Some(previous) = &task.previous {
        // Keys are unique in a run, so a revision needs new ones.
        blocks.push((
            "what the last plan came to; use other step keys",
            last_plan(previous),
        ));
    }
    if let Some(rejected) = &task.rejected {
        blocks.push(("your refused plan", rejected.clone()));
    }
    if !task.problems.is_empty() {
        blocks.push(("problems of your refused plan", json!(task.problems)));
    }
    let request = structured(Purpose::Plan, PLAN, &blocks, ("plan", plan_schema()));
    Request {
        max_output_tokens: PLAN_TOKENS,
        ..request
    }
}

/// Describes the last plan's end, with results as other prompts show them.
fn last_plan(previous: &Value) -> Value {
    let Value::Object(fields) = previous else {
        return previous.clone();
    };
    let shown = fields.iter().map(|(name, value)| match name.as_str() {
        "steps" => (name.clone(), results::of_ended_steps(value)),
        _ => (name.clone(), value.clone()),
    });
    Value::Object(shown.collect())
}

pub(crate) fn judge(task: &JudgeTask) -> Request {
    let blocks = [
        ("goal", json!(task.goal)),
        ("question", json!(task.question)),
        ("criteria", json!(task.criteria)),
        ("steps", results::of_ended_steps(&json!(task.steps))),
    ];
    structured(
        Purpose::Judge,
        JUDGE,
        &blocks,
        ("verdicts", verdicts_schema()),
    )
}

fn structured(
    purpose: Purpose,
    system: &str,
    blocks: &[(&str, Value)],
    (name, schema): (&str, Value),
) -> Request {
    Request {
        purpose,
        model: None,
        system: system.to_owned(),
        messages: vec![told(blocks)],
        tools: Vec::new(),
        output: Some(OutputSchema {
            name: name.to_owned(),
            schema,
        }),
        max_output_tokens: ANSWER_TOKENS,
    }
}

fn assessment_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "decision": {"type": "string", "enum": ["answer", "steps", "runbook", "goal"]},
            "text": {"type": "string"},
            "steps": {"type": "array", "items": {"type": "object"}},
            "runbook": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "parameters": {"type": "object"}},
                "required": ["name"]
            },
            "goal": {
                "type": "object",
                "properties": {"title": {"type": "string"}, "description": {"type": "string"}, "goal_type": {"type": "string"}},
                "required": ["title", "description"]
            },
            "score": {"type": "number"},
            "reasons": {"type": "array", "items": {"type": "string"}}
        },
        "required": ["decision", "score", "reasons"]
    })
}

fn plan_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "runbook": {"type": ["string", "null"]},
            "summary": {"type": "string"},
            "criteria": {"type": "array", "items": {
                "type": "object",
                "properties": {"description": {"type": "string"}, "check": {"type": ["string", "null"]}},
                "required": ["description"]
            }},
            "steps": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "key": {"type": "string"},
                    "kind": {"type": "string", "enum": ["agent", "tool", "approval", "subgoal"]},
                    "agent": {"type": ["string", "null"]},
                    "title": {"type": "string"},
                    "depends_on": {"type": "array", "items": {"type": "string"}},
                    "input": {"type": "object"},
                    "condition": {"type": ["object", "null"]},
                    "on_failure": {"type": "string", "enum": ["fail", "continue"]}
                },
                "required": ["key", "kind", "title", "depends_on", "input"]
            }},
            "report": {
                "type": ["object", "null"],
                "properties": {"title": {"type": "string"}, "body": {"type": "string"}},
                "required": ["title", "body"]
            }
        },
        "required": []
    })
}

/// Closed in every object, so that providers can hold a model to it.
fn verdicts_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "verdicts": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "number": {"type": "integer"},
                    "verdict": {"type": "string", "enum": ["met", "unmet", "unknown"]},
                    "evidence": {"type": "string"}
                },
                "required": ["number", "verdict", "evidence"],
                "additionalProperties": false
            }}
        },
        "required": ["verdicts"],
        "additionalProperties": false
    })
}

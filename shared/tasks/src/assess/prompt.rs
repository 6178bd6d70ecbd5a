//! The model call of an assessment: its blocks and the schema of its answer.

use domain::StepKind;
use llm::{Purpose, Request};
use serde_json::{Value, json};

use super::{Assess, RunbookMatch};
use crate::blocks::{asker, now, present, structured, tables, with_language, workspace};
use crate::inputs::Fit;
use crate::{plan, signatures};

const PROMPT: &str = include_str!("../../prompts/assess.md");
const EXAMPLE: &str = include_str!("../../prompts/assess_example.json");

/// The kinds of steps that an assessment may ask for.
const KINDS: &[StepKind] = &[StepKind::Tool];

pub(crate) fn request(task: &Assess) -> Request {
    let blocks = present(vec![
        ("tools", Value::String(signatures::of(&task.tools))),
        workspace(&task.workspace, |_| true),
        tables(&task.tables, task.more_tables, &task.readable_schemas),
        ("runbooks", offered_runbooks(&task.runbooks)),
        ("what is remembered of earlier work", json!(task.memories)),
        asker(&task.asker),
        ("context", task.context.clone()),
        ("question", json!(task.question)),
        now(&task.local_now, &task.now),
    ]);
    structured(
        Purpose::Assess,
        &with_language(PROMPT, EXAMPLE, KINDS),
        &blocks,
        ("assessment", schema()),
    )
}

/// Describes candidate runbooks by purpose, not by plan: the choice is of what is done, not of how.
fn offered_runbooks(runbooks: &[RunbookMatch]) -> Value {
    let near = runbooks.iter().filter(|one| one.fit != Fit::None);
    let described = near.map(|one| {
        let mut described = json!({
            "name": one.name, "title": one.title, "purpose": one.description, "parameters": one.parameters.get("properties"),
            "score": one.score, "reasons": one.reasons,
        });
        if let (Some(refusal), Some(fields)) = (&one.refusal, described.as_object_mut()) {
            fields.insert("may_not_be_used".to_owned(), json!(refusal));
        }
        described
    });
    described.collect()
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "decision": {"type": "string", "enum": ["answer", "steps", "runbook", "goal"]},
            "text": {"type": "string"},
            "steps": {"type": "array", "items": plan::step_schema(KINDS)},
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

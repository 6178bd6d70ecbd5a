//! Tasks to questions. Whatever did not come from us goes into a delimited data block, and the instructions say that
//! everything inside is material.

use domain::StepKind;
use serde_json::{Value, json};

use crate::ask::{Message, OutputSchema, Purpose, Request};
use crate::plan_language;
use crate::task::{Assess, JudgeTask, PlanTask, RunbookMatch, RunbookOffer};

const ASSESS: &str = include_str!("../prompts/assess.md");
const ASSESS_EXAMPLE: &str = include_str!("../prompts/assess_example.json");
const PLAN: &str = include_str!("../prompts/plan.md");
const PLAN_EXAMPLE: &str = include_str!("../prompts/plan_example.json");
const JUDGE: &str = include_str!("../prompts/judge.md");

/// Tokens of an answer, reasoning included. A plan is the longest thing that is asked for.
/// Both are reserved before the call, so they are no larger than most answers need; one that is cut off is asked for once
/// more with four times the room.
pub(crate) const PLAN_TOKENS: u32 = 8_192;
pub(crate) const ANSWER_TOKENS: u32 = 4_096;

/// The kinds of steps that an assessment may ask for, and a plan.
const ASSESS_KINDS: &[StepKind] = &[StepKind::Tool];
const PLAN_KINDS: &[StepKind] = &[
    StepKind::Tool,
    StepKind::Agent,
    StepKind::Approval,
    StepKind::Subgoal,
];

/// Fills in the places of a prompt that are generated: how steps are written, and a worked example.
fn with_language(prompt: &str, example: &str, kinds: &[StepKind]) -> String {
    let example = format!("```json\n{}\n```", example.trim());
    prompt
        .replace("{plan_language}", &plan_language::describe(kinds))
        .replace("{example}", &example)
}

/// JSON between tags. No `<` is left in it, so nothing inside can end the block.
pub(crate) fn data(name: &str, value: &Value) -> String {
    format!(
        "<data name=\"{name}\">\n{}\n</data>",
        value.to_string().replace('<', "\\u003c")
    )
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

/// States how many tables are left out of the block `tables`, if any are.
fn more_tables(count: u32) -> Option<(&'static str, Value)> {
    (count > 0).then(|| {
        let sentence =
            format!("and {count} more; a table that is not listed may still be read by its name");
        ("tables that are not listed", json!(sentence))
    })
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
    let mut blocks = vec![
        ("question", json!(task.question)),
        ("context", task.context.clone()),
        ("runbooks", offered_runbooks(&task.runbooks)),
        ("tools", plan_language::describe_tools(&task.tools)),
        ("tables", json!(task.tables)),
        ("now", json!(task.now)),
    ];
    blocks.extend(more_tables(task.more_tables));
    structured(
        Purpose::Assess,
        &with_language(ASSESS, ASSESS_EXAMPLE, ASSESS_KINDS),
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
        ("tools", plan_language::describe_tools(&task.tools)),
        ("tables", json!(task.tables)),
        ("limits", json!(task.limits)),
        ("now", json!(task.now)),
    ];
    blocks.extend(more_tables(task.more_tables));
    if !task.memories.is_empty() {
        blocks.push(("what is remembered of earlier work", json!(task.memories)));
    }
    if let Some(previous) = &task.previous {
        blocks.push(("last plan", previous.clone()));
    }
    let system = with_language(PLAN, PLAN_EXAMPLE, PLAN_KINDS);
    let request = structured(Purpose::Plan, &system, &blocks, ("plan", plan_schema()));
    Request {
        max_output_tokens: PLAN_TOKENS,
        ..request
    }
}

pub(crate) fn judge(task: &JudgeTask) -> Request {
    let blocks = [
        ("goal", json!(task.goal)),
        ("question", json!(task.question)),
        ("steps", json!(task.steps)),
        ("report", json!(task.report)),
        ("criteria", json!(task.criteria)),
        ("now", json!(task.now)),
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
        must_answer: false,
        max_output_tokens: ANSWER_TOKENS,
    }
}

fn assessment_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "decision": {"type": "string", "enum": ["answer", "steps", "runbook", "goal"]},
            "text": {"type": "string"},
            "steps": {"type": "array", "items": plan_language::step_schema(ASSESS_KINDS)},
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
            "steps": {"type": "array", "items": plan_language::step_schema(PLAN_KINDS)},
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

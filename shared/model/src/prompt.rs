//! Tasks to questions. Whatever did not come from us goes into a delimited data block, and the instructions say that
//! everything inside is material.

use domain::StepKind;
use serde_json::{Map, Value, json};

use crate::ask::{Message, OutputSchema, Purpose, Request};
use crate::task::{
    Asker, Assess, Goal, JudgeTask, PlanTask, RunbookMatch, RunbookOffer, Table, Workspace,
};
use crate::{plan_language, results, signatures, tables};

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

/// The least score of a runbook that is offered: below it they share a word by chance.
const MIN_SCORE: f64 = 0.2;

/// Describes candidate runbooks by purpose, not by plan: the choice is of what is done, not of how.
fn offered_runbooks(runbooks: &[RunbookMatch]) -> Value {
    let near = runbooks.iter().filter(|one| one.score >= MIN_SCORE);
    let described = near.map(|one| {
        let mut described = json!({
            "name": one.name, "title": one.title, "purpose": one.description, "parameters": one.parameters,
            "score": one.score, "reasons": one.reasons,
        });
        if let (Some(refusal), Some(fields)) = (&one.refusal, described.as_object_mut()) {
            fields.insert("may_not_be_used".to_owned(), json!(refusal));
        }
        described
    });
    described.collect()
}

/// The same for a plan; those that the asker may not use are left out.
fn offered_plans(runbooks: &[RunbookOffer]) -> Value {
    let allowed = runbooks
        .iter()
        .filter(|one| one.allowed && one.score >= MIN_SCORE);
    allowed
        .map(|one| {
            json!({
                "name": one.name, "title": one.title, "purpose": one.description,
                "score": one.score, "reasons": one.reasons,
            })
        })
        .collect()
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

pub(crate) fn assess(task: &Assess) -> Request {
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
        &with_language(ASSESS, ASSESS_EXAMPLE, ASSESS_KINDS),
        &blocks,
        ("assessment", assessment_schema()),
    )
}

pub(crate) fn plan(task: &PlanTask) -> Request {
    let is_below = task.goal.depth > 0;
    // A sub-goal has its own title and description; the whole question would have it planned again.
    let question = match is_below || task.question == task.goal.description {
        true => Value::Null,
        false => json!(task.question),
    };
    let mut blocks = vec![
        ("tools", Value::String(signatures::of(&task.tools))),
        ("agents", json!(task.agents)),
        ("limits", json!(task.limits)),
        workspace(&task.workspace, |_| true),
        tables(&task.tables, task.more_tables, &task.readable_schemas),
        ("runbooks", offered_plans(&task.runbooks)),
        ("what is remembered of earlier work", json!(task.memories)),
        asker(&task.asker),
        ("question", question),
        ("goals above, from the first", json!(task.goals_above)),
        ("goal", described_goal(&task.goal)),
        (
            "inputs of the goal, in templates goal.context",
            inputs_of(&task.goal),
        ),
    ];
    if let Some(previous) = &task.previous {
        blocks.push(("last plan", last_plan(previous)));
    }
    blocks.push(now(&task.local_now, &task.now));
    let blocks = present(blocks);
    let system = with_language(PLAN, PLAN_EXAMPLE, PLAN_KINDS);
    let request = structured(Purpose::Plan, &system, &blocks, ("plan", plan_schema()));
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
    let blocks = present(vec![
        ("goal", described_goal(&task.goal)),
        ("question", json!(task.question)),
        ("inputs of the goal", inputs_of(&task.goal)),
        ("steps", results::of_ended_steps(&json!(task.steps))),
        ("report", json!(task.report)),
        ("criteria", json!(task.criteria)),
        ("now", json!(task.now)),
    ]);
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
            "impossible": {"type": ["string", "null"]},
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

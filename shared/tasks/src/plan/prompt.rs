//! The model call of a planning task: its blocks and the schema of its answer.

use domain::StepKind;
use llm::{Purpose, Request};
use serde_json::{Value, json};

use super::{PlanTask, RunbookOffer, language};
use crate::blocks::{
    asker, described_goal, inputs_of, now, present, structured, tables, with_language, workspace,
};
use crate::inputs::Fit;
use crate::{results, signatures};

const PROMPT: &str = include_str!("../../prompts/plan.md");
const EXAMPLE: &str = include_str!("../../prompts/plan_example.json");

/// Tokens of an answer, reasoning included: a plan is the longest answer of all tasks.
const PLAN_TOKENS: u32 = 8_192;

/// The kinds of steps that a plan may have.
const KINDS: &[StepKind] = &[
    StepKind::Tool,
    StepKind::Agent,
    StepKind::Approval,
    StepKind::Subgoal,
];

pub(crate) fn request(task: &PlanTask) -> Request {
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
    let system = with_language(PROMPT, EXAMPLE, KINDS);
    let request = structured(Purpose::Plan, &system, &blocks, ("plan", schema()));
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

/// Bytes of a runbook's plan that is shown: a longer one costs more than it helps.
const PLAN_BYTES: usize = 6_000;

/// Describes candidate runbooks by purpose, the best one with its plan, to start from; those that the asker may not use
/// are left out.
fn offered_plans(runbooks: &[RunbookOffer]) -> Value {
    let allowed = runbooks
        .iter()
        .filter(|one| one.allowed && one.fit != Fit::None);
    allowed
        .enumerate()
        .map(|(place, one)| {
            let mut described = json!({
                "name": one.name, "title": one.title, "purpose": one.description,
                "score": one.score, "reasons": one.reasons,
            });
            let is_shown = place == 0 && one.plan.to_string().len() <= PLAN_BYTES;
            if let Some(fields) = described.as_object_mut().filter(|_| is_shown) {
                fields.insert("plan".to_owned(), one.plan.clone());
            }
            described
        })
        .collect()
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "runbook": {"type": ["string", "null"]},
            "impossible": {"type": ["string", "null"]},
            "summary": {"type": "string"},
            "criteria": {"type": "array", "items": {
                "type": "object",
                "properties": {"description": {"type": "string"}, "check": {"type": ["string", "object", "null"]}},
                "required": ["description"]
            }},
            "steps": {"type": "array", "items": language::step_schema(KINDS)},
            "report": {
                "type": ["object", "null"],
                "properties": {"title": {"type": "string"}, "body": {"type": "string"}},
                "required": ["title", "body"]
            }
        },
        "required": []
    })
}

//! Shapes as the JSON of model answers.

use serde_json::{Value, json};

use super::predict::effect_name;
use super::shape::{Criterion, Goal, Plan, Step, Way, Work};
use super::webhook_body::WebhookBody;

/// Model name in answers and bookings.
pub(super) const MODEL: &str = "scripted";
/// Agent that the harness adds to its workspace.
pub(super) const AGENT: &str = "chaos";
/// Maximum that a plan may give a step: faults take some of them, but never the last.
pub(super) const MAX_ATTEMPTS: u32 = 20;

/// Returns the question of a goal.
pub(super) fn question(seed: u64, number: u64) -> String {
    format!("Carry out g{number}, seed {seed}")
}

/// Returns the assessment of a goal's question.
pub(super) fn assessment(goal: &Goal, effect_url: &str) -> Value {
    let mut assessment = match &goal.way {
        Way::Answer => json!({"decision": "answer", "text": format!("g{} is done.", goal.number)}),
        Way::Steps(all) => json!({"decision": "steps", "steps": steps(all, effect_url)}),
        Way::Planned(plan) => json!({
            "decision": "goal",
            "goal": {"title": plan.name, "description": "A goal of a chaos run."},
        }),
    };
    if let Some(fields) = assessment.as_object_mut() {
        fields.insert("score".into(), json!(0.5));
        fields.insert("reasons".into(), json!(["as the shape says"]));
    }
    assessment
}

/// Returns a plan, the first or the second.
#[must_use]
pub fn plan(plan: &Plan, is_second: bool, effect_url: &str) -> Value {
    let criteria = match &plan.criterion {
        Criterion::None => json!([]),
        Criterion::Checked(key) => {
            json!([{"description": "It was taken", "check": format!("steps.{key}.status == 200")}])
        }
        Criterion::Judged => json!(["It was done"]),
    };
    let all = if is_second { &plan.again } else { &plan.steps };
    json!({
        "summary": format!("The steps of {}", plan.name),
        "criteria": criteria,
        "steps": steps(all, effect_url),
    })
}

/// Returns a plan that fails every check.
pub(super) fn bad_plan() -> Value {
    json!({"summary": "Not a plan", "steps": [
        {"key": "a", "kind": "tool", "title": "a", "depends_on": ["nowhere"], "input": {"tool": "crystal_ball", "arguments": {}}},
    ]})
}

/// Returns the calls of an agent's first turn.
pub(super) fn agent_calls(key: &str, calls: u32, effect_url: &str) -> Vec<Value> {
    let call = |number: u32| {
        let body = WebhookBody {
            effect: effect_name(key, number),
            ..WebhookBody::default()
        };
        let arguments = json!({"url": effect_url, "body": body});
        json!({
            "id": format!("call_{number}"), "type": "function",
            "function": {"name": "webhook", "arguments": arguments.to_string()},
        })
    };
    (1..=calls).map(call).collect()
}

fn steps(all: &[Step], effect_url: &str) -> Vec<Value> {
    all.iter().map(|one| step(one, effect_url)).collect()
}

fn step(step: &Step, effect_url: &str) -> Value {
    let key = &step.key;
    let mut sent = WebhookBody {
        effect: effect_name(key, 1),
        ..WebhookBody::default()
    };
    let (kind, input) = match &step.work {
        Work::Effect { refusals, pause_ms } => {
            (sent.refusals, sent.pause_ms) = (*refusals, *pause_ms);
            ("tool", webhook(effect_url, &sent))
        }
        Work::RejectedEffect => {
            sent.is_rejected = true;
            ("tool", webhook(effect_url, &sent))
        }
        Work::Sum => ("tool", sum("17 + 25")),
        Work::BadSum => ("tool", sum("1 / 0")),
        // The model receives the key and looks up the rest.
        Work::Agent { .. } => ("agent", json!({"instructions": key})),
        Work::Approval {
            fails_if_rejected, ..
        } => {
            let on_reject = if *fails_if_rejected {
                "fail"
            } else {
                "continue"
            };
            (
                "approval",
                json!({"question": format!("May {key} go on?"), "on_reject": on_reject}),
            )
        }
        Work::Subgoal(plan) => (
            "subgoal",
            json!({"title": plan.name, "description": "A sub-goal of a chaos run."}),
        ),
    };
    let condition = step.only_if_approved.as_ref();
    json!({
        "key": key, "kind": kind, "title": key, "depends_on": step.depends_on, "input": input,
        "agent": (kind == "agent").then_some(AGENT),
        "condition": condition.map(|approval| json!({approval: {"decision": "approved"}})),
        "on_failure": if step.may_fail { "continue" } else { "fail" },
        "max_attempts": MAX_ATTEMPTS,
    })
}

fn webhook(effect_url: &str, sent: &WebhookBody) -> Value {
    json!({"tool": "webhook", "arguments": {"url": effect_url, "body": sent}})
}

fn sum(expression: &str) -> Value {
    json!({"tool": "calculate", "arguments": {"expression": expression}})
}

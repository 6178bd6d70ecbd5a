//! The rules for one step and its kind.

use serde_json::{Map, Value};

use super::problems::Problems;
use crate::nearest::suggestion;
use crate::plan::read::{Step, integer, present, text};
use crate::plan::{Catalogue, ProblemCode};
use crate::state::StepKind;

const NEEDS_CALL: &str = "input.tool must be a text and input.arguments an object";

const NEEDS_PROCEDURE: &str =
    "input.procedure must be an array of {\"tool\": text, \"arguments\": object}";

fn is_call(call: Option<&Map<String, Value>>) -> bool {
    text(call, "tool").is_some() && present(call, "arguments").is_some_and(Value::is_object)
}

pub(super) fn check_kind_and_agent(
    step: &Step<'_>,
    catalogue: &Catalogue,
    problems: &mut Problems,
) {
    let Some(kind) = step.kind else {
        let message = "the kind must be agent, tool, approval or subgoal";
        problems.add(ProblemCode::UnknownKind, Some(step), message);
        return;
    };
    if kind != StepKind::Agent {
        if present(step.fields, "agent").is_some() {
            let message = format!("a step of kind {kind} has no agent; remove it");
            problems.add(ProblemCode::AgentOnOtherKind, Some(step), message);
        }
        return;
    }
    let Some(agent) = text(step.fields, "agent") else {
        let message = "a step of kind agent needs the name of an agent";
        problems.add(ProblemCode::MissingAgent, Some(step), message);
        return;
    };
    if !catalogue.agents.contains_key(agent) {
        let message = format!(
            "there is no agent `{agent}`{}; {}",
            suggestion(agent, catalogue.agents.keys().map(String::as_str)),
            one_of(catalogue.agents.keys())
        );
        problems.add(ProblemCode::UnknownAgent, Some(step), message);
    }
}

pub(super) fn check_input(step: &Step<'_>, problems: &mut Problems) {
    let mut need = |holds: bool, message: &str| {
        if !holds {
            problems.add(ProblemCode::MissingInput, Some(step), message);
        }
    };
    let has = |name| text(step.input, name).is_some();
    match step.kind {
        Some(StepKind::Tool) => need(is_call(step.input), NEEDS_CALL),
        Some(StepKind::Agent) => {
            need(has("instructions"), "input.instructions must be a text");
            if let Some(procedure) = present(step.input, "procedure") {
                let calls = procedure.as_array();
                let sound = calls.is_some_and(|calls| calls.iter().all(|c| is_call(c.as_object())));
                need(sound, NEEDS_PROCEDURE);
            }
        }
        Some(StepKind::Approval) => {
            need(has("question"), "input.question must be a text");
            let content = present(step.input, "content");
            need(
                content.is_none_or(Value::is_object),
                "input.content must be an object",
            );
        }
        Some(StepKind::Subgoal) => {
            need(has("title"), "input.title must be a text");
            need(has("description"), "input.description must be a text");
        }
        _ => {}
    }
}

pub(super) fn check_tools(step: &Step<'_>, catalogue: &Catalogue, problems: &mut Problems) {
    let mut unknown = |tool: &str| {
        let message = format!(
            "there is no tool `{tool}`{}; {}",
            suggestion(tool, catalogue.tools.keys().map(String::as_str)),
            one_of(catalogue.tools.keys())
        );
        problems.add(ProblemCode::UnknownTool, Some(step), message);
    };
    match step.kind {
        Some(StepKind::Tool) => {
            if let Some(tool) =
                text(step.input, "tool").filter(|t| !catalogue.tools.contains_key(*t))
            {
                unknown(tool);
            }
        }
        Some(StepKind::Agent) => {
            let named: Vec<&str> = step
                .procedure()
                .filter_map(|call| text(Some(call), "tool"))
                .collect();
            for tool in named
                .iter()
                .filter(|tool| !catalogue.tools.contains_key(**tool))
            {
                unknown(tool);
            }
            let agent = text(step.fields, "agent").unwrap_or_default();
            let Some(allowed) = catalogue.agents.get(agent) else {
                return;
            };
            let exist = named
                .iter()
                .filter(|tool| catalogue.tools.contains_key(**tool));
            for tool in exist.filter(|tool| !allowed.contains(**tool)) {
                let message = format!(
                    "agent `{agent}` may not use `{tool}`; {}",
                    one_of(allowed.iter())
                );
                problems.add(ProblemCode::ToolNotAllowedForAgent, Some(step), message);
            }
        }
        _ => {}
    }
}

/// Returns "use one of a, b", for a message with the next action.
fn one_of<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() {
        "none is available".into()
    } else {
        format!("use one of {}", names.join(", "))
    }
}

pub(super) fn check_condition(step: &Step<'_>, problems: &mut Problems) {
    let Some(condition) = present(step.fields, "condition") else {
        return;
    };
    let Some(condition) = condition.as_object() else {
        let message = "condition must be an object: dependency key to the JSON its result contains";
        problems.add(ProblemCode::BadCondition, Some(step), message);
        return;
    };
    for key in condition.keys() {
        if !step
            .depends_on
            .iter()
            .any(|dependency| dependency.as_str() == Some(key))
        {
            let message = format!("condition names `{key}`, which is not in depends_on");
            problems.add(ProblemCode::BadCondition, Some(step), message);
        }
    }
}

pub(super) fn check_numbers(step: &Step<'_>, problems: &mut Problems) {
    let on_failure = present(step.fields, "on_failure");
    if on_failure.is_some_and(|value| !matches!(value.as_str(), Some("fail" | "continue"))) {
        let message = "on_failure must be \"fail\" or \"continue\"";
        problems.add(ProblemCode::BadOnFailure, Some(step), message);
    }
    let out_of = |name, range: std::ops::RangeInclusive<i64>| {
        let value = present(step.fields, name);
        value.is_some_and(|value| !integer(value).is_some_and(|number| range.contains(&number)))
    };
    if out_of("max_attempts", 1..=20) {
        let message = "max_attempts must be an integer from 1 to 20";
        problems.add(ProblemCode::BadAttempts, Some(step), message);
    }
    if out_of("timeout_seconds", 1..=86_400) {
        let message = "timeout_seconds must be an integer from 1 to 86400";
        problems.add(ProblemCode::BadTimeout, Some(step), message);
    }
}

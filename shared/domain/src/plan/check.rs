//! The rules for a plan, one small function per group of them; the table is at the top of [`super`].
//!
//! The rules read raw JSON, not a typed plan, because SQL does too and both must reach the same verdict.

mod problems;
mod step;

use std::collections::BTreeSet;

use serde_json::Value;

use super::graph::{Graph, Order};
use super::read::{Step, present, steps_of};
use super::{Catalogue, CriterionCheck, Limits, Problem, ProblemCode};
use crate::ids::is_reserved;
use crate::nearest::suggestion;
use problems::Problems;

/// Finds every problem of a plan; an empty list means that it may run.
#[must_use]
pub fn check(plan: &Value, limits: &Limits, catalogue: &Catalogue) -> Vec<Problem> {
    let steps: Vec<Step<'_>> = steps_of(plan).iter().map(Step::read).collect();
    let mut problems = Problems::default();
    check_size(plan, steps.len(), limits, &mut problems);
    check_keys(&steps, catalogue, &mut problems);
    check_dependencies(&steps, catalogue, &mut problems);
    for step in &steps {
        step::check_kind_and_agent(step, catalogue, &mut problems);
        step::check_input(step, &mut problems);
        step::check_tools(step, catalogue, &mut problems);
        step::check_condition(step, &mut problems);
        step::check_numbers(step, &mut problems);
    }
    check_criteria(plan, &mut problems);
    check_graph(&steps, limits, &mut problems);
    problems.0
}

/// Checks the shape of each criterion's check.
fn check_criteria(plan: &Value, problems: &mut Problems) {
    let criteria = plan.get("criteria").and_then(Value::as_array);
    let checks = criteria
        .into_iter()
        .flatten()
        .filter_map(|criterion| criterion.as_object()?.get("check"));
    for message in checks.filter_map(|check| CriterionCheck::read(check).err()) {
        problems.add(ProblemCode::BadCheck, None, message);
    }
}

fn check_size(plan: &Value, step_count: usize, limits: &Limits, problems: &mut Problems) {
    if step_count == 0 {
        problems.add(
            ProblemCode::EmptyPlan,
            None,
            "the plan has no steps; give it at least one",
        );
    }
    if step_count > limits.max_steps {
        let message = format!(
            "{step_count} steps; at most {} are allowed",
            limits.max_steps
        );
        problems.add(ProblemCode::TooManySteps, None, message);
    }
    let bytes = jsonb_text_length(plan);
    if bytes > limits.max_plan_bytes {
        let message = format!(
            "{bytes} bytes; at most {} are allowed",
            limits.max_plan_bytes
        );
        problems.add(ProblemCode::TooLarge, None, message);
    }
}

/// Returns the bytes of a value as `jsonb` prints it: compact JSON with a space after each colon and comma.
fn jsonb_text_length(value: &Value) -> usize {
    value.to_string().len() + separators(value)
}

fn separators(value: &Value) -> usize {
    match value {
        Value::Array(items) => {
            items.len().saturating_sub(1) + items.iter().map(separators).sum::<usize>()
        }
        Value::Object(fields) => {
            let own = fields.len() + fields.len().saturating_sub(1);
            own + fields.values().map(separators).sum::<usize>()
        }
        _ => 0,
    }
}

fn check_keys(steps: &[Step<'_>], catalogue: &Catalogue, problems: &mut Problems) {
    let mut seen: BTreeSet<&str> = catalogue.taken_keys.iter().map(String::as_str).collect();
    for step in steps {
        if step.key.is_some_and(is_reserved) {
            let message = "this key belongs to the engine; choose another";
            problems.add(ProblemCode::ReservedKey, Some(step), message);
        }
        let Some(key) = step.well_formed_key() else {
            let message =
                "a key is a lower-case letter, then at most 62 lower-case letters, digits or _";
            problems.add(ProblemCode::BadKey, Some(step), message);
            continue;
        };
        if !seen.insert(key) {
            let message = "another step of this run has this key; keys are unique in a run";
            problems.add(ProblemCode::DuplicateKey, Some(step), message);
        }
    }
}

fn check_dependencies(steps: &[Step<'_>], catalogue: &Catalogue, problems: &mut Problems) {
    let own = steps.iter().filter_map(Step::well_formed_key);
    let earlier = catalogue.completed_keys.iter().map(String::as_str);
    let known: BTreeSet<&str> = own.chain(earlier).collect();
    for step in steps {
        if present(step.fields, "depends_on").is_some_and(|value| !value.is_array()) {
            let message = "depends_on must be an array of step keys";
            problems.add(ProblemCode::UnknownDependency, Some(step), message);
        }
        let mut seen = BTreeSet::new();
        for dependency in step.depends_on {
            let Some(name) = dependency.as_str() else {
                let message = "depends_on must hold step keys, which are strings";
                problems.add(ProblemCode::UnknownDependency, Some(step), message);
                continue;
            };
            if step.key == Some(name) {
                let message = "the step depends on itself; remove that dependency";
                problems.add(ProblemCode::SelfDependency, Some(step), message);
            } else if !known.contains(name) {
                let near = suggestion(name, known.iter().copied());
                let message = format!("`{name}` is no step of this plan{near}");
                problems.add(ProblemCode::UnknownDependency, Some(step), message);
            }
            if !seen.insert(name) {
                let message = format!("`{name}` is named twice in depends_on");
                problems.add(ProblemCode::DuplicateDependency, Some(step), message);
            }
        }
    }
}

fn check_graph(steps: &[Step<'_>], limits: &Limits, problems: &mut Problems) {
    if !problems.are_sound() {
        return;
    }
    let position = |name: &str| steps.iter().position(|step| step.key == Some(name));
    let edges = steps.iter().map(|step| {
        let names: BTreeSet<&str> = step.depends_on.iter().filter_map(Value::as_str).collect();
        names.into_iter().filter_map(position).collect()
    });
    let graph = Graph::new(edges.collect());
    for (step, dependents) in steps.iter().zip(graph.fan_out()) {
        if dependents > limits.max_fan_out {
            let message = format!(
                "{dependents} steps depend on it; at most {} may",
                limits.max_fan_out
            );
            problems.add(ProblemCode::TooMuchFanOut, Some(step), message);
        }
    }
    match graph.order() {
        Order::Cyclic(stuck) => {
            let keys: Vec<&str> = stuck
                .iter()
                .filter_map(|at| steps.get(*at))
                .filter_map(|step| step.key)
                .collect();
            let message = format!("these steps wait for each other: {}", keys.join(", "));
            problems.add(ProblemCode::Cycle, None, message);
        }
        Order::Acyclic { depth } if depth > limits.max_depth => {
            let message = format!(
                "the longest chain has {depth} steps; at most {} may",
                limits.max_depth
            );
            problems.add(ProblemCode::TooDeep, None, message);
        }
        Order::Acyclic { .. } => {}
    }
}

//! Leaves out what an agent read without need: a detour must not become part of a runbook, nor keep runs apart.

use serde_json::Value;

use super::align::split;
use super::parameters::{has_value, text_of};
use crate::evidence::{Call, Run, Step};

/// Returns a run without the reading calls of its agents whose results occur neither in a later call nor in the text of
/// the step. If none occurs, all stay: the agent may have drawn its conclusion from them.
pub(crate) fn without_detours(run: &Run) -> Run {
    let mut run = run.clone();
    let question = run.question.clone();
    for step in run.steps.iter_mut().filter(|step| step.kind == "agent") {
        let needed: Vec<bool> = (0..step.calls.len())
            .map(|place| is_needed(step, place, &question))
            .collect();
        if step
            .calls
            .iter()
            .zip(&needed)
            .any(|(call, needed)| *needed && !call.writes)
        {
            let mut needed = needed.into_iter();
            step.calls.retain(|_| needed.next().unwrap_or(true));
        }
    }
    run
}

/// Returns true if a call writes, or its result has a value that is used later and not a word of the question.
fn is_needed(step: &Step, place: usize, question: &str) -> bool {
    let Some(Call {
        result: Some(result),
        writes: false,
        ..
    }) = step.calls.get(place)
    else {
        return true;
    };
    let later = step.calls.iter().skip(place + 1);
    let later = later.flat_map(|call| leaves(&call.arguments));
    later.chain(leaves(&step.result)).any(|used| {
        split(&used).iter().any(|token| {
            let value = token.trim_matches(['"', '\'']);
            !value.is_empty() && !question.contains(value) && has_value(result, value)
        })
    })
}

/// The texts and numbers of a value.
fn leaves(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(leaves).collect(),
        Value::Object(fields) => fields.values().flat_map(leaves).collect(),
        Value::String(_) | Value::Number(_) => vec![text_of(value)],
        Value::Bool(_) | Value::Null => Vec::new(),
    }
}

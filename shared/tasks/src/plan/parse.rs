//! Parses a model's answer to a planning task. An error is a sentence that the model can mend it by.

use serde_json::Value;

use super::{PlanTask, RunbookOffer};
use crate::conversation::no_such_runbook;

/// A model's answer to a planning task.
#[derive(Debug)]
pub(crate) enum PlanAnswer<'a> {
    /// A plan of its own; whether it is a good one is for the check to decide.
    Plan(Value),
    /// One of the offered runbooks, as it is.
    Runbook(&'a RunbookOffer),
    /// No plan can reach the goal, for this reason.
    Impossible(String),
}

pub(crate) fn plan<'a>(value: &Value, task: &'a PlanTask) -> Result<PlanAnswer<'a>, String> {
    if let Some(reason) = value
        .get("impossible")
        .and_then(Value::as_str)
        .filter(|reason| !reason.trim().is_empty())
    {
        return Ok(PlanAnswer::Impossible(reason.to_owned()));
    }
    if let Some(name) = value.get("runbook").and_then(Value::as_str) {
        let mut runbooks = task.runbooks.iter();
        let found = runbooks.find(|runbook| runbook.name == name && runbook.allowed);
        return found.map(PlanAnswer::Runbook).ok_or_else(|| {
            let allowed = task.runbooks.iter().filter(|runbook| runbook.allowed);
            let names: Vec<&str> = allowed.map(|one| one.name.as_str()).collect();
            no_such_runbook(name, &names)
        });
    }
    let has_steps = value.get("steps").is_some_and(Value::is_array);
    has_steps
        .then(|| PlanAnswer::Plan(value.clone()))
        .ok_or_else(|| "there is no array \"steps\", and no \"runbook\"".to_owned())
}

//! Tasks without a language model: the same task always gets the same answer, at no cost.
//!
//! Results are computed from runbooks and the catalogue of question forms; what neither covers is refused with the names
//! of runbooks that are near.

pub mod catalogue;
pub mod rule;

use domain::CriterionVerdict;
use domain::plan::ToolInput;
use serde_json::{Map, Value, json};

use crate::agent::WorkTask;
use crate::assess::{Assess, Assessment};
use crate::error::Error;
use crate::judge::{JudgeTask, Judgement};
use crate::plan::{PlanTask, Planned};
use catalogue::DeterministicPlan;

pub(crate) fn assess(task: &Assess) -> Result<Assessment, Error> {
    if let Some(assessment) = rule::assess_without_model(task) {
        return Ok(assessment);
    }
    if let Some(statement) = catalogue::changing_statement(&task.question) {
        return Err(Error::StatementNotRun(statement));
    }
    let near = task.runbooks.iter();
    let near: Vec<String> = near
        .map(|one| described(&one.name, &one.uncovered))
        .collect();
    let is_none_near = near.is_empty();
    Err(not_covered(if is_none_near {
        task.runbook_names.clone()
    } else {
        near
    }))
}

/// Names a runbook with the words of the question that it does not cover.
fn described(name: &str, uncovered: &[String]) -> String {
    match uncovered {
        [] => name.to_owned(),
        words => format!("{name} (does not cover: {})", words.join(", ")),
    }
}

pub(crate) fn plan(task: &PlanTask) -> Result<Planned, Error> {
    let runbooks = || {
        let runbooks = task.runbooks.iter();
        runbooks
            .map(|one| described(&one.name, &one.uncovered))
            .collect()
    };
    // The same rules would give the same plan again.
    if task.revision > 1 || task.previous.is_some() {
        return Err(not_covered(runbooks()));
    }
    if let Some(planned) = rule::plan_without_model(task)? {
        return Ok(planned);
    }
    let Some(covered) = catalogue::plan_for(&task.goal.description, &task.tools, &task.tables)
    else {
        return Err(not_covered(runbooks()));
    };
    let reasons = vec![covered.reason.to_owned()];
    Ok(Planned {
        plan: plan_of(task, &covered),
        runbook_id: None,
        parameters: Map::new(),
        reasons,
        model: None,
    })
}

fn plan_of(task: &PlanTask, covered: &DeterministicPlan) -> Value {
    let last = covered
        .steps
        .last()
        .and_then(|step| step.get("key")?.as_str())
        .unwrap_or_default();
    let body = format!("{{{{ steps.{last}.text }}}}");
    json!({
        "summary": task.goal.title,
        "criteria": [],
        "report": {"title": task.goal.title, "body": body},
        "steps": covered.steps,
    })
}

/// Returns the calls that answer instructions of one of the forms that one tool answers.
pub(crate) fn procedure(task: &WorkTask) -> Result<Vec<ToolInput>, Error> {
    let allowed = |name: &str| match &task.agent {
        Some(agent) => agent.tools.iter().any(|tool| tool == name),
        None => true,
    };
    let tools: Vec<_> = task
        .tools
        .iter()
        .filter(|tool| allowed(&tool.name))
        .cloned()
        .collect();
    let covered = catalogue::plan_for(&task.instructions, &tools, &task.tables);
    let Some(covered) = covered else {
        return Err(not_covered(Vec::new()));
    };
    Ok(procedure_of(&covered))
}

/// The covering steps as calls of one step, which see each other as `results` and not as `steps`.
fn procedure_of(covered: &DeterministicPlan) -> Vec<ToolInput> {
    let mut procedure: Vec<ToolInput> = Vec::new();
    let keys: Vec<&str> = covered
        .steps
        .iter()
        .filter_map(|step| step.get("key")?.as_str())
        .collect();
    for step in &covered.steps {
        let call = step
            .get("input")
            .and_then(|input| serde_json::from_value(input.clone()).ok());
        let Some(mut call): Option<ToolInput> = call else {
            continue;
        };
        if let Some(Value::String(template)) = call.arguments.get_mut("template") {
            for (position, key) in keys.iter().enumerate() {
                *template =
                    template.replace(&format!("steps.{key}"), &format!("results[{position}]"));
            }
        }
        procedure.push(call);
    }
    procedure
}

pub(crate) fn judge(task: &JudgeTask) -> Judgement {
    let evidence = "no language model is configured to judge this; a person can, from the report";
    let verdicts = task
        .criteria
        .iter()
        .map(|criterion| CriterionVerdict::undecided(criterion.number, evidence));
    Judgement {
        verdicts: verdicts.collect(),
        contradictions: Vec::new(),
    }
}

fn not_covered(runbooks: Vec<String>) -> Error {
    Error::NoLanguageModel { runbooks }
}

#[cfg(test)]
mod tests;

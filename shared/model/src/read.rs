//! Answers to what the tasks give back. Each says what is wrong in words that a model can mend it by.

use domain::{CriterionVerdict, Verdict};
use serde_json::Value;

use crate::answer::{Assessment, Decision, NewGoal, Turn};
use crate::ask::Answer;
use crate::task::{Assess, JudgeTask, PlanTask, RunbookOffer};
use crate::{rule, written_calls};

pub(crate) fn assessment(value: &Value, task: &Assess) -> Result<Assessment, String> {
    let decision = match value.get("decision").and_then(Value::as_str) {
        Some("answer") => {
            let text = value
                .get("text")
                .and_then(Value::as_str)
                .filter(|text| !text.trim().is_empty());
            Decision::Answer {
                text: text.ok_or("\"answer\" needs a \"text\"")?.to_owned(),
            }
        }
        Some("steps") => {
            let steps = value
                .get("steps")
                .and_then(Value::as_array)
                .filter(|steps| !steps.is_empty());
            let steps = steps.ok_or("\"steps\" needs \"steps\"")?.clone();
            if steps
                .iter()
                .any(|step| step.get("kind").is_some_and(|kind| kind != "tool"))
            {
                return Err("\"steps\" are of kind tool; whatever needs an agent, a person or a sub-goal is a \"goal\"".into());
            }
            answers_with_text(&steps, task)?;
            Decision::Steps { steps }
        }
        Some("goal") => {
            let goal = value.get("goal").cloned().unwrap_or_default();
            let goal: NewGoal =
                serde_json::from_value(goal).map_err(|error| format!("\"goal\": {error}"))?;
            Decision::Goal { goal }
        }
        Some("runbook") => Decision::Goal {
            goal: runbook_goal(value.get("runbook"), task)?,
        },
        _ => return Err("\"decision\" must be answer, steps, runbook or goal".into()),
    };
    let (own_score, mut reasons) = rule::complexity(&task.question);
    let score = value
        .get("score")
        .and_then(Value::as_f64)
        .unwrap_or(own_score)
        .clamp(0.0, 1.0);
    let given = value
        .get("reasons")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    reasons.extend(given.filter_map(Value::as_str).map(str::to_owned).take(5));
    Ok(Assessment {
        decision,
        score,
        reasons,
        model: None,
    })
}

/// Checks that the last step gives a text, which is what the asker reads.
fn answers_with_text(steps: &[Value], task: &Assess) -> Result<(), String> {
    let last = steps
        .last()
        .and_then(|step| step.pointer("/input/tool")?.as_str());
    let tool = last.and_then(|name| task.tools.iter().find(|tool| tool.name == name));
    match tool {
        Some(tool) if !tool.result.is_empty() && !tool.result.contains_key("text") => Err(format!(
            "the last step is the answer and {} gives no text; end with a `template` step that depends on it and says the answer in a sentence or a table",
            tool.name
        )),
        _ => Ok(()),
    }
}

/// Returns the goal of the runbook that an assessment names.
fn runbook_goal(named: Option<&Value>, task: &Assess) -> Result<NewGoal, String> {
    let name = named.and_then(|named| named.get("name")?.as_str());
    let name = name.ok_or("\"runbook\" needs \"runbook\": {\"name\", \"parameters\"}")?;
    let mut runbooks = task.runbooks.iter();
    let Some(runbook) = runbooks.find(|runbook| runbook.name == name) else {
        let names: Vec<&str> = task.runbooks.iter().map(|one| one.name.as_str()).collect();
        return Err(no_such_runbook(name, &names));
    };
    if let Some(refusal) = &runbook.refusal {
        return Err(format!(
            "the asker may not use the runbook {name} ({refusal}); answer so, or decide otherwise"
        ));
    }
    let parameters = named.and_then(|named| named.get("parameters")).cloned();
    let parameters =
        parameters.filter(|given| given.as_object().is_some_and(|map| !map.is_empty()));
    if let Some(Value::Object(given)) = &parameters
        && let Some(unknown) = given
            .keys()
            .find(|name| !runbook.parameters.contains(*name))
    {
        let known = match runbook.parameters.as_slice() {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        return Err(format!(
            "the runbook {name} has no parameter {unknown:?} (it has {known}), so that it cannot be limited in that way; decide otherwise"
        ));
    }
    Ok(rule::goal_of(
        runbook,
        &task.question,
        parameters.unwrap_or_default(),
    ))
}

fn no_such_runbook(name: &str, names: &[&str]) -> String {
    match names {
        [] => format!("there is no runbook {name:?}, nor any other for this question"),
        names => format!(
            "there is no runbook {name:?}; listed are: {}",
            names.join(", ")
        ),
    }
}

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

/// One verdict for each criterion that was asked about; what the model left out is unknown.
pub(crate) fn verdicts(value: &Value, task: &JudgeTask) -> Result<Vec<CriterionVerdict>, String> {
    let list = value
        .get("verdicts")
        .cloned()
        .ok_or("there is no array \"verdicts\"")?;
    let list = list.as_array().ok_or("\"verdicts\" is no array")?;
    let given: Vec<CriterionVerdict> = list.iter().map(verdict).collect::<Result<_, _>>()?;
    let verdict_on = |number: i32| {
        let found = given
            .iter()
            .find(|verdict| verdict.number == number)
            .cloned();
        found.unwrap_or_else(|| CriterionVerdict {
            number,
            verdict: Verdict::Unknown,
            evidence: "the model gave no verdict".into(),
        })
    };
    Ok(task
        .criteria
        .iter()
        .map(|criterion| verdict_on(criterion.number))
        .collect())
}

/// Reads a verdict whose number may have a fraction of zero or be in a string.
fn verdict(given: &Value) -> Result<CriterionVerdict, String> {
    let mut given = given.clone();
    let number = match given.get("number") {
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(number) => number.as_f64(),
        None => None,
    };
    let whole = number.filter(|number| number.fract() == 0.0 && number.abs() < 1e6);
    if let (Some(whole), Some(fields)) = (whole, given.as_object_mut()) {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below a million")]
        let whole = whole as i32;
        fields.insert("number".to_owned(), whole.into());
        fields.retain(|_, value| !value.is_null());
    }
    serde_json::from_value(given).map_err(|error| error.to_string())
}

/// The calls that an agent wants made, or its last word.
pub(crate) fn turn(answer: &Answer) -> Result<Turn, String> {
    if let Some(call) = answer.calls.iter().find(|call| !call.arguments.is_object()) {
        return Err(format!(
            "Nothing was called: the arguments of your call to {} are no JSON object. Make all calls of that turn again, each with one JSON object as its arguments.",
            call.tool
        ));
    }
    if !answer.calls.is_empty() {
        return Ok(Turn::Calls {
            answer: answer.clone(),
        });
    }
    if written_calls::is_unread_call(&answer.text) {
        return Err("Nothing was called: your call is written as text, or names a tool that you do not have. Call one of your tools, or reply with the result.".into());
    }
    if answer.text.trim().is_empty() {
        return Err("You said nothing. Call a tool, or reply with the result.".into());
    }
    Ok(Turn::Done {
        result: rule::result_of(None, Some(answer.text.clone())),
        answer: answer.clone(),
    })
}

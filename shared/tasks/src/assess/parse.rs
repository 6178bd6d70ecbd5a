//! Parses a model's answer to an assessment. An error is a sentence that the model can mend it by.

use serde_json::Value;

use super::{Assess, Assessment, Decision, NewGoal};
use crate::conversation::no_such_runbook;
use crate::deterministic::rule;

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
    let properties = runbook.parameters.get("properties");
    let properties = properties.and_then(Value::as_object);
    let parameters = named.and_then(|named| named.get("parameters")).cloned();
    let parameters =
        parameters.filter(|given| given.as_object().is_some_and(|map| !map.is_empty()));
    if let Some(Value::Object(given)) = &parameters
        && let Some(unknown) = given
            .keys()
            .find(|name| !properties.is_some_and(|known| known.contains_key(*name)))
    {
        let known: Vec<&str> = properties
            .into_iter()
            .flat_map(|known| known.keys().map(String::as_str))
            .collect();
        let known = match known.as_slice() {
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

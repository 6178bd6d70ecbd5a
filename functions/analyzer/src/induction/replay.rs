//! Verifies a draft against the runs: it must make the same calls with the same arguments, and give the same texts.
//!
//! No call is made. A call whose arguments equal the journal's has the journal's result; a call that would differ, or a
//! text that would, refuses the draft.

use domain::expression;
use serde_json::{Map, Value, json};
use tasks::Table;

use super::align::split;
use super::build::{Draft, Origin};
use crate::evidence::{Run, Step};

/// Replays a draft on one of its runs; returns the number of calls that were compared.
///
/// # Errors
/// What differs, as a sentence without values.
pub(crate) fn replay(
    draft: &Draft<'_>,
    run: &Run,
    place: usize,
    tables: &[Table],
) -> Result<usize, String> {
    let parameters = draft.parameters.values(place, tables);
    let missing = draft.parameters.schema();
    let required = missing
        .get("required")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    if parameters.len() < required {
        return Err("a parameter is not found in the question".to_owned());
    }
    let mut steps = Map::new();
    let mut compared = 0;
    let planned = draft
        .plan
        .get("steps")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    for (step, (key, origin)) in planned.iter().zip(&draft.origins) {
        let names = json!({"parameters": parameters, "steps": steps, "question": run.question,
                           "goal": {"title": run.title, "description": run.question}});
        let input = step.get("input").cloned().unwrap_or_default();
        let result = match *origin {
            Origin::Call { step, call } => {
                let made = worked(run, step).and_then(|step| step.calls.get(call));
                let made = made.ok_or("a call is missing")?;
                let arguments =
                    expression::render(input.get("arguments").unwrap_or(&Value::Null), &names);
                if arguments.map_err(|_| "the arguments of a call cannot be filled in")?
                    != made.arguments
                {
                    return Err(format!("the arguments of {} differ", made.tool));
                }
                compared += 1;
                made.result.clone().unwrap_or(Value::Null)
            }
            Origin::Text { step } => {
                let template = input
                    .pointer("/arguments/template")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let text = expression::render_report(template, &names)
                    .map_err(|_| "the text cannot be filled in")?;
                let given_text = worked(run, step)
                    .map(|step| step.result.clone())
                    .unwrap_or_default();
                if !is_same_text(
                    &text,
                    given_text
                        .get("text")
                        .and_then(Value::as_str)
                        .unwrap_or_default(),
                ) {
                    return Err("the text of a step differs".to_owned());
                }
                json!({"text": text})
            }
            Origin::Step { step } => {
                let worked = worked(run, step).ok_or("a step is missing")?;
                compared += compare_kept(worked, &input, &names)?;
                worked.result.clone()
            }
        };
        steps.insert(key.clone(), result);
    }
    Ok(compared)
}

/// Compares the call of a tool step that stays.
fn compare_kept(worked: &Step, input: &Value, names: &Value) -> Result<usize, String> {
    let [call] = worked.calls.as_slice() else {
        return Ok(0);
    };
    if worked.kind != "tool" {
        return Ok(0);
    }
    let given = input.get("arguments").unwrap_or(&Value::Null);
    if call.tool == "template" {
        // Its journal contains all names of the step: the text is compared instead.
        let template = given
            .get("template")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let text = expression::render_report(template, names)
            .map_err(|_| "a template cannot be filled in")?;
        let given_text = worked
            .result
            .get("text")
            .and_then(Value::as_str)
            .unwrap_or_default();
        return if is_same_text(&text, given_text) {
            Ok(1)
        } else {
            Err("the text of a template differs".to_owned())
        };
    }
    let arguments = expression::render(given, names)
        .map_err(|_| "the arguments of a call cannot be filled in")?;
    if arguments == call.arguments {
        Ok(1)
    } else {
        Err(format!("the arguments of {} differ", call.tool))
    }
}

/// Returns the step of a run at a place of its plan.
fn worked(run: &Run, place: usize) -> Option<&Step> {
    let key = run
        .plan
        .get("steps")?
        .as_array()?
        .get(place)?
        .get("key")?
        .as_str()?;
    run.steps.iter().find(|step| step.key == key)
}

/// Compares texts without regard to white space.
fn is_same_text(left: &str, right: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        split(text)
            .iter()
            .filter(|token| !token.trim().is_empty())
            .map(|token| (*token).to_owned())
            .collect()
    };
    words(left) == words(right)
}

//! Parses a model's verdicts. An error is a sentence that the model can mend it by.

use domain::{Contradiction, CriterionVerdict, DecidedBy, Verdict};
use serde_json::Value;

use super::{JudgeTask, Judgement};

/// Contradictions that are kept.
const MAX_CONTRADICTIONS: usize = 20;

/// The most characters of a contradiction's text.
const MAX_DIFFERENCE_CHARS: usize = 1_000;

/// One verdict for each criterion that was asked about; what the model left out is unknown.
pub(crate) fn judgement(value: &Value, task: &JudgeTask) -> Result<Judgement, String> {
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
        let verdict = found
            .unwrap_or_else(|| CriterionVerdict::undecided(number, "the model gave no verdict"));
        CriterionVerdict {
            decided_by: Some(DecidedBy::Model),
            ..verdict
        }
    };
    Ok(Judgement {
        verdicts: task
            .criteria
            .iter()
            .map(|criterion| verdict_on(criterion.number))
            .collect(),
        contradictions: contradictions(value, task),
    })
}

/// Returns what the model has to mend: verdicts that rest on no step of the goal. None if all name one.
pub(crate) fn unfounded(judgement: &Judgement, task: &JudgeTask) -> Option<String> {
    let numbers: Vec<String> = judgement
        .verdicts
        .iter()
        .filter(|verdict| !is_founded(verdict, task))
        .map(|verdict| verdict.number.to_string())
        .collect();
    let steps: Vec<&str> = task.steps.iter().map(|step| step.key.as_str()).collect();
    (!numbers.is_empty()).then(|| {
        format!(
            "The verdicts on {} name no step of the goal. `step` is the key of the step whose result the evidence quotes: {}. \
             Where no step shows it, the verdict is \"unknown\". Reply with the whole JSON object again and nothing else.",
            numbers.join(", "),
            steps.join(", ")
        )
    })
}

/// Replaces verdicts that rest on no step of the goal with `unknown`.
pub(crate) fn founded(mut judgement: Judgement, task: &JudgeTask) -> Judgement {
    for verdict in &mut judgement.verdicts {
        if !is_founded(verdict, task) {
            verdict.evidence = format!(
                "the model names no step for its verdict \"{}\": {}",
                verdict.verdict, verdict.evidence
            );
            verdict.verdict = Verdict::Unknown;
            verdict.step = None;
        }
    }
    judgement
}

fn is_founded(verdict: &CriterionVerdict, task: &JudgeTask) -> bool {
    let names_step = verdict
        .step
        .as_ref()
        .is_some_and(|key| task.steps.iter().any(|step| step.key == *key));
    verdict.verdict == Verdict::Unknown || names_step
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
    if let Some(fields) = given.as_object_mut() {
        if let Some(whole) = whole {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below a million")]
            let whole = whole as i32;
            fields.insert("number".to_owned(), whole.into());
        }
        let step = fields.get("step").and_then(Value::as_str).map(step_key);
        fields.insert("step".to_owned(), step.into());
        // Not the model's to give.
        fields.remove("decided_by");
        fields.retain(|_, value| !value.is_null());
    }
    serde_json::from_value(given).map_err(|error| error.to_string())
}

/// Returns the key in a name that models write as `steps.rank` or in backticks.
fn step_key(name: &str) -> String {
    let name = name.trim().trim_matches('`');
    name.strip_prefix("steps.").unwrap_or(name).to_owned()
}

/// Reads the contradictions between at least two steps of the goal; others are left out, since no verdict rests on them.
fn contradictions(value: &Value, task: &JudgeTask) -> Vec<Contradiction> {
    let list = value.get("contradictions").and_then(Value::as_array);
    let read = list.into_iter().flatten().filter_map(|given| {
        let difference = given.get("difference")?.as_str()?.trim();
        let named = given.get("steps")?.as_array()?.iter();
        let mut steps: Vec<String> = named.filter_map(Value::as_str).map(step_key).collect();
        steps.retain(|key| task.steps.iter().any(|step| step.key == *key));
        steps.sort_unstable();
        steps.dedup();
        (steps.len() > 1 && !difference.is_empty()).then(|| Contradiction {
            steps,
            difference: difference.chars().take(MAX_DIFFERENCE_CHARS).collect(),
        })
    });
    read.take(MAX_CONTRADICTIONS).collect()
}

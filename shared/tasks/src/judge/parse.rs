//! Parses a model's verdicts. An error is a sentence that the model can mend it by.

use domain::{CriterionVerdict, Verdict};
use serde_json::Value;

use super::JudgeTask;

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

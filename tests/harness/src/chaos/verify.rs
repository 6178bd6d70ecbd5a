//! Compares the rows and the receiver of webhooks after a run with the prediction of each goal.
//!
//! It checks goals that have ended, and reports the others as open. Invariants that hold for all rows are checked in
//! [`crate::oracle`].

mod effects;
mod found;

use super::generate::generate;
use super::predict::{Certainty, End, Prediction, RunPrediction, StepPrediction, predict};
use super::rows::{Rows, RunRow, StepRow};
use super::settings::Settings;
use super::world::Effects;
pub use found::EffectCounts;
pub(super) use found::Found;

use effects::{by_name, check_effects};

/// Run to be verified, as far as it got.
pub(super) struct VerifiedRun<'a> {
    pub(super) settings: &'a Settings,
    /// Goals that were requested, from the first.
    pub(super) asked: u64,
    /// True if the run was stopped early: open goals are then no violation.
    pub(super) was_interrupted: bool,
    /// Answers that the model gave.
    pub(super) model_answers: u64,
}

/// Compares rows and effects with the predictions.
pub(super) fn verify(ran: &VerifiedRun<'_>, rows: &Rows, effects: &Effects) -> Found {
    let (settings, seed) = (ran.settings, ran.settings.seed);
    let mut found = Found::default();
    let arrived = by_name(effects, rows, &mut found);
    for number in 1..=ran.asked {
        let prediction = predict(&generate(seed, number));
        let Some(request) = rows.requests.get(&number) else {
            if !ran.was_interrupted {
                found.add(number, "was asked, and there is no request of it");
            }
            continue;
        };
        if !request.has_ended {
            if !ran.was_interrupted {
                found.add(
                    number,
                    &format!("has not ended: request {} is {}", request.id, request.state),
                );
            }
            continue;
        }
        if settings.may_wear_out() && is_worn_out(number, rows) {
            found.worn_out += 1;
            continue;
        }
        let state = if prediction.is_answered {
            "answered"
        } else {
            "failed"
        };
        if request.state != state {
            found.add(
                number,
                &format!(
                    "should be {state}, and request {} is {}",
                    request.id, request.state
                ),
            );
        }
        check_runs(number, &prediction, rows, &mut found);
        check_effects(number, &prediction, &arrived, &mut found);
    }
    for (name, _) in arrived {
        let number = super::shape::goal_number(name).unwrap_or(0);
        let is_known = predict(&generate(seed, number)).effects.contains_key(name);
        if !is_known {
            found.add(
                number,
                &format!("has the effect {name}, which none of its steps is about"),
            );
        }
    }
    if !ran.was_interrupted && ran.asked < settings.goals {
        let left = settings.goals - ran.asked;
        let sentence =
            format!("{left} goals could not be requested, because no goal ended any more");
        found.violations.push(sentence);
    }
    found.violations.extend(effects.unreadable.iter().cloned());
    check_ledger(rows, ran.model_answers, &mut found);
    found
}

/// Errors of attempts that are independent of the step: its worker was lost, or the worker lost the database.
const OUTSIDE_ERRORS: [&str; 2] = ["lease_expired", "database_unavailable"];

/// Returns true if a step failed because its last attempt was taken from outside.
fn is_worn_out(number: u64, rows: &Rows) -> bool {
    let mut runs = rows.runs.iter().filter(|((of, _), _)| *of == number);
    runs.any(|(_, run)| {
        run.steps.values().any(|step| {
            let code = step.error_code.as_deref().unwrap_or_default();
            let is_outside = OUTSIDE_ERRORS.contains(&code);
            step.state == "failed" && is_outside && step.attempt == step.max_attempts
        })
    })
}

fn check_runs(number: u64, prediction: &Prediction, rows: &Rows, found: &mut Found) {
    for expected in &prediction.runs {
        let name = expected.goal.as_deref().unwrap_or("the request");
        let run = rows.runs.get(&(number, expected.goal.clone()));
        match (run, expected.certainty) {
            (None, Certainty::Certain) => found.add(number, &format!("has no run of {name}")),
            (None, Certainty::Possible) => {}
            (Some(run), _) => check_run(number, name, expected, run, found),
        }
    }
    let is_expected = |name: &Option<String>| prediction.runs.iter().any(|run| run.goal == *name);
    let runs = rows.runs.keys().filter(|(of, _)| *of == number);
    for (_, name) in runs.filter(|(_, name)| !is_expected(name)) {
        found.add(
            number,
            &format!("has a run of {name:?}, which should not be"),
        );
    }
}

fn check_run(number: u64, name: &str, expected: &RunPrediction, run: &RunRow, found: &mut Found) {
    if !fits(expected.end, expected.certainty, &run.state) {
        let end = expected.end.as_str();
        found.add(
            number,
            &format!(
                "should have the run of {name} {end}, and run {} is {}",
                run.id, run.state
            ),
        );
    }
    for (key, step) in &expected.steps {
        match (run.steps.get(key), step.certainty) {
            (None, Certainty::Certain) => {
                found.add(number, &format!("has no step {key} in the run of {name}"));
            }
            (None, Certainty::Possible) => {}
            (Some(row), _) => check_step(number, key, step, row, found),
        }
    }
    for key in run
        .steps
        .keys()
        .filter(|key| !expected.steps.contains_key(*key))
    {
        found.add(
            number,
            &format!("has the step {key} in the run of {name}, which should not be"),
        );
    }
}

fn check_step(number: u64, key: &str, expected: &StepPrediction, row: &StepRow, found: &mut Found) {
    if !fits(expected.end, expected.certainty, &row.state) {
        let end = expected.end.as_str();
        let why = row.error_code.as_deref().unwrap_or("no error");
        let history = row.history.as_deref().unwrap_or("no attempts");
        let sentence = format!(
            "should have the step {key} {end}, and it is {} ({why}, attempt {}; attempts: {history})",
            row.state, row.attempt
        );
        found.add(number, &sentence);
        return;
    }
    let is_worked = matches!(row.state.as_str(), "completed" | "failed");
    if is_worked && row.booked_calls != i64::from(expected.model_calls) {
        found.add(
            number,
            &format!(
                "should have {} answers of the model in the journal of step {key}, and has {}",
                expected.model_calls, row.booked_calls
            ),
        );
    }
}

fn fits(end: End, certainty: Certainty, state: &str) -> bool {
    let may_be_cancelled = certainty == Certainty::Possible;
    state == end.as_str() || (may_be_cancelled && state == End::Cancelled.as_str())
}

fn check_ledger(rows: &Rows, model_answers: u64, found: &mut Found) {
    let booked = u64::try_from(rows.booked_calls).unwrap_or(u64::MAX);
    if booked > model_answers {
        let sentence =
            format!("{booked} answers of the model are booked, and it gave only {model_answers}");
        found.violations.push(sentence);
    }
    if rows.odd_bookings > 0 {
        let sentence = format!(
            "{} answers of the model are booked with other tokens than they had",
            rows.odd_bookings
        );
        found.violations.push(sentence);
    }
}

#[cfg(test)]
mod tests;

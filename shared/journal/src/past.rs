//! The rows of an opened journal, sorted: answers of this attempt, to be replayed in their order, and the work of earlier
//! attempts with their failures.
//!
//! An attempt that was lost (its worker died, or its invocation ended) continues where it was. One that failed does not:
//! its answers led to the failure. Of an agent's step the calls that were made stay made, and the conversation continues
//! from them with a reflection on the failure.

use std::collections::VecDeque;

use domain::ToolCall;
use llm::{Answer, Purpose};
use store::{FailedAttempt, JournalRows, TurnRow};
use tasks::PastTurn;

/// The most failures that an agent is sent.
const MAX_REFLECTIONS: usize = 3;

/// A recorded answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answered {
    pub(crate) number: i32,
    pub(crate) attempt: i32,
    pub(crate) purpose: String,
    pub(crate) answer: Answer,
}

/// The text on an attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reflection {
    /// The number of past turns that it follows.
    pub after: usize,
    /// The failure, for the model.
    pub text: String,
}

/// The earlier work of an agent's step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PastWork {
    /// The text that replaces all earlier turns.
    pub summary: Option<String>,
    /// Turns of failed attempts whose calls were made.
    pub turns: Vec<PastTurn>,
    /// The failures of those attempts.
    pub reflections: Vec<Reflection>,
    /// Turns of the present attempt that the summary covers.
    pub turns_summed_up: usize,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Past {
    summary: Option<String>,
    answered: Vec<Answered>,
    failures: Vec<FailedAttempt>,
    turns_summed_up: usize,
}

/// Sorts the rows into past work and this attempt's answers.
pub(crate) fn sort(rows: &JournalRows) -> (Past, VecDeque<Answered>) {
    let failures: Vec<FailedAttempt> = rows
        .failures
        .iter()
        .filter(|failure| {
            !failure
                .error
                .as_ref()
                .is_some_and(|error| error.keeps_answers)
        })
        .cloned()
        .collect();
    let began_after = failures.iter().map(|failure| failure.attempt).max();
    let is_of_this_attempt = |attempt: i32| began_after.is_none_or(|last| attempt > last);
    let is_answered = |turn: &&TurnRow| turn.state == "answered";
    let summary = rows
        .turns
        .iter()
        .filter(is_answered)
        .rfind(|turn| turn.purpose == Purpose::Compact.as_str());
    let summed_up = summary.map_or(0, |turn| turn.number);
    let is_work = |turn: &&TurnRow| turn.purpose == Purpose::Work.as_str();
    let turns_summed_up = rows
        .turns
        .iter()
        .filter(is_answered)
        .filter(is_work)
        .filter(|turn| turn.number < summed_up && is_of_this_attempt(turn.attempt))
        .count();
    let answered = rows.turns.iter().filter(|turn| turn.number > summed_up);
    let (now, before): (Vec<Answered>, Vec<Answered>) = answered
        .filter_map(read)
        .partition(|answered| is_of_this_attempt(answered.attempt));
    let past = Past {
        summary: summary.and_then(read).map(|turn| turn.answer.text),
        answered: before,
        failures,
        turns_summed_up,
    };
    (past, now.into())
}

/// Reads a recorded answer. One that this version cannot read is requested again.
fn read(turn: &TurnRow) -> Option<Answered> {
    let answer = serde_json::from_value(turn.answer.clone()?).ok()?;
    Some(Answered {
        number: turn.number,
        attempt: turn.attempt,
        purpose: turn.purpose.clone(),
        answer,
    })
}

/// Returns the number of this attempt's latest model calls in a row without an answer.
pub(crate) fn failed_in_a_row(turns: &[TurnRow], attempt: i32) -> u32 {
    let newest = turns.iter().rev();
    let failed = newest.take_while(|turn| turn.state != "answered" && turn.attempt == attempt);
    u32::try_from(failed.count()).unwrap_or(u32::MAX)
}

impl Past {
    pub(crate) fn take_work(&mut self, calls: &[ToolCall]) -> PastWork {
        let past = std::mem::take(self);
        let of_turn = |number: i32| -> Vec<ToolCall> {
            let of_turn = calls.iter().filter(|call| call.turn_number == Some(number));
            of_turn.cloned().collect()
        };
        let turns: Vec<(i32, PastTurn)> = past
            .answered
            .into_iter()
            .map(|turn| {
                let calls = of_turn(turn.number);
                let answer = turn.answer;
                (turn.attempt, PastTurn { answer, calls })
            })
            // The answer that led to the failure, without a call: the reflection covers it.
            .filter(|(_, turn)| !turn.calls.is_empty())
            .collect();
        let newest = past.failures.iter().rev().take(MAX_REFLECTIONS).rev();
        let reflections = newest
            .map(|failure| Reflection {
                after: turns
                    .iter()
                    .filter(|(attempt, _)| *attempt <= failure.attempt)
                    .count(),
                text: reflection(failure),
            })
            .collect();
        PastWork {
            summary: past.summary,
            turns: turns.into_iter().map(|(_, turn)| turn).collect(),
            reflections,
            turns_summed_up: past.turns_summed_up,
        }
    }
}

fn reflection(failure: &FailedAttempt) -> String {
    let reason = failure
        .error
        .as_ref()
        .map_or("no reason is known", |error| error.message.as_str());
    format!(
        "Try {} of this step did not succeed: {reason}\nWhat was called before that stays done: go on from it, and find \
         another way to the result.",
        failure.attempt
    )
}

#[cfg(test)]
#[path = "past_tests.rs"]
mod tests;

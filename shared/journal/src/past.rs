//! What the journal knows when it is opened, sorted: answers of this try, to be given out again in their order; what
//! earlier tries did; and what became of them.
//!
//! The one thing to know: a try that was lost (its worker died, or its invocation ended) goes on where it was, and one
//! that failed does not: its answers led to the failure. Of an agent's step the calls that were made stay made, and the
//! conversation goes on from them with a word about what went wrong.

use std::collections::VecDeque;

use domain::ToolCall;
use llm::{Answer, Purpose};
use store::{FailedAttempt, JournalRows, TurnRow};
use tasks::PastTurn;

/// The most failures that an agent is sent.
const MAX_REFLECTIONS: usize = 3;

/// An answer that is there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answered {
    pub(crate) number: i32,
    pub(crate) attempt: i32,
    pub(crate) purpose: String,
    pub(crate) answer: Answer,
}

/// A word about a try that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reflection {
    /// After so many of the past turns.
    pub after: usize,
    /// What went wrong.
    pub text: String,
}

/// What an agent's step did before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PastWork {
    /// What stands for all that came before.
    pub summary: Option<String>,
    /// Turns of tries that failed, whose calls were made.
    pub turns: Vec<PastTurn>,
    /// What became of those tries.
    pub reflections: Vec<Reflection>,
    /// Turns of the present try that the summary covers.
    pub turns_summed_up: usize,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Past {
    summary: Option<String>,
    answered: Vec<Answered>,
    failures: Vec<FailedAttempt>,
    turns_summed_up: usize,
}

/// Sorts what was read: what is past, and what this try has been answered since its beginning.
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
    let is_of_this_try = |attempt: i32| began_after.is_none_or(|last| attempt > last);
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
        .filter(|turn| turn.number < summed_up && is_of_this_try(turn.attempt))
        .count();
    let answered = rows.turns.iter().filter(|turn| turn.number > summed_up);
    let (now, before): (Vec<Answered>, Vec<Answered>) = answered
        .filter_map(read)
        .partition(|answered| is_of_this_try(answered.attempt));
    let past = Past {
        summary: summary.and_then(read).map(|turn| turn.answer.text),
        answered: before,
        failures,
        turns_summed_up,
    };
    (past, now.into())
}

/// An answer that this version cannot read is asked for again.
fn read(turn: &TurnRow) -> Option<Answered> {
    let answer = serde_json::from_value(turn.answer.clone()?).ok()?;
    Some(Answered {
        number: turn.number,
        attempt: turn.attempt,
        purpose: turn.purpose.clone(),
        answer,
    })
}

/// Questions of this try in a row that brought nothing, up to now.
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

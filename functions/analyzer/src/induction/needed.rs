//! Leaves out what an agent read without need: a detour must not become part of a runbook, nor keep runs apart.

use super::align::split;
use super::parameters::{has_value, texts};
use crate::evidence::{Run, Step};

/// Returns a run without the reading calls of its agents whose results occur neither in a later call nor in the text of
/// the step. If none occurs, all stay: the agent may have drawn its conclusion from them. In a step that writes all
/// stay, too: what was read before a write decides if a person is asked about it (taint).
pub(crate) fn without_detours(run: &Run) -> Run {
    let mut run = run.clone();
    let question = run.question.clone();
    let only_reads = |step: &&mut Step| step.calls.iter().all(|call| !call.writes);
    let agents = run.steps.iter_mut().filter(|step| step.kind == "agent");
    for step in agents.filter(only_reads) {
        let needed: Vec<bool> = (0..step.calls.len())
            .map(|place| is_needed(step, place, &question))
            .collect();
        if needed.contains(&true) {
            let mut needed = needed.into_iter();
            step.calls.retain(|_| needed.next().unwrap_or(true));
        }
    }
    run
}

/// Returns true if a call's result is too large to compare, or has a value that is used later and not a word of the
/// question.
fn is_needed(step: &Step, place: usize, question: &str) -> bool {
    let Some(result) = step.calls.get(place).and_then(|call| call.result.as_ref()) else {
        return true;
    };
    let later = step.calls.iter().skip(place + 1);
    let later = later.flat_map(|call| texts(&call.arguments));
    later.chain(texts(&step.result)).any(|used| {
        split(&used).iter().any(|token| {
            let value = token.trim_matches(['"', '\'']);
            !value.is_empty() && !has_word(question, value) && has_value(result, value)
        })
    })
}

/// Returns true if a text contains a word that is not a part of another one: "2" is no word of "2026".
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, _)| {
        let before = text.get(..start).and_then(|text| text.chars().next_back());
        let after = text
            .get(start + word.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

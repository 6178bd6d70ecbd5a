//! Verification of the receiver: the effects, their keys, and the predicted necessity.

use std::collections::{BTreeMap, BTreeSet};

use super::found::Found;
use crate::chaos::predict::{Necessity, Prediction};
use crate::chaos::rows::Rows;
use crate::chaos::shape::goal_number;
use crate::chaos::world::{Effect, Effects};

/// Groups the arrivals by the name of the effect, with the problems of their keys.
pub(super) fn by_name<'a>(
    effects: &'a Effects,
    rows: &Rows,
    found: &mut Found,
) -> BTreeMap<&'a str, Vec<&'a Effect>> {
    let run_ids: BTreeMap<i64, u64> = rows
        .runs
        .iter()
        .map(|((number, _), run)| (run.id, *number))
        .collect();
    let mut arrived: BTreeMap<&str, Vec<&Effect>> = BTreeMap::new();
    for (key, effect) in effects.iter() {
        let names: BTreeSet<&str> = effect.names.iter().map(String::as_str).collect();
        if names.len() > 1 {
            found.violations.push(format!(
                "the idempotency key {key} arrived with several effects: {names:?}"
            ));
        }
        for name in names {
            let number = goal_number(name).unwrap_or(0);
            if !is_key_of(key, name, number, &run_ids) {
                found.add(
                    number,
                    &format!("has the effect {name} under the key {key}, which is not its step's"),
                );
            }
            arrived.entry(name).or_default().push(effect);
        }
        found.effects.done += u64::from(effect.is_done);
        found.effects.arrivals += u64::from(effect.arrivals);
        found.effects.repeated += u64::from(effect.repeats);
    }
    for (name, under) in arrived.iter().filter(|(_, under)| under.len() > 1) {
        let number = goal_number(name).unwrap_or(0);
        let sentence = format!(
            "has the effect {name} under {} idempotency keys",
            under.len()
        );
        found.add(number, &sentence);
    }
    arrived
}

/// Returns true for `workspace/run/step` or `workspace/run/step/call` of a run of that goal.
fn is_key_of(key: &str, name: &str, number: u64, run_ids: &BTreeMap<i64, u64>) -> bool {
    let mut parts = key.split('/');
    let run_id = parts.nth(1).and_then(|run_id| run_id.parse().ok());
    let step_key = parts.next();
    run_id.and_then(|run_id: i64| run_ids.get(&run_id)) == Some(&number)
        && step_key == name.split('/').next()
}

pub(super) fn check_effects(
    number: u64,
    prediction: &Prediction,
    arrived: &BTreeMap<&str, Vec<&Effect>>,
    found: &mut Found,
) {
    for (name, necessity) in &prediction.effects {
        let effects = arrived.get(name.as_str());
        let is_done = effects.is_some_and(|effects| effects.iter().any(|effect| effect.is_done));
        found.effects.required += u64::from(*necessity == Necessity::Must);
        match (necessity, effects) {
            (Necessity::Must, _) if !is_done => {
                found.add(number, &format!("lacks the effect {name}"));
            }
            (Necessity::Refused, Some(effects)) if is_done => {
                let sender = sender(effects);
                found.add(
                    number,
                    &format!("has the effect {name}, which was refused{sender}"),
                );
            }
            (Necessity::Never, Some(effects)) => {
                let sender = sender(effects);
                let sentence =
                    format!("has the effect {name} of a step that should never have begun{sender}");
                found.add(number, &sentence);
            }
            _ => {}
        }
    }
}

/// Returns the known senders of an effect.
fn sender(effects: &[&Effect]) -> String {
    let senders = effects.iter().flat_map(|effect| &effect.senders);
    let senders: Vec<&str> = senders.map(String::as_str).collect();
    if senders.is_empty() {
        return String::new();
    }
    format!(" (sent by the sandbox {})", senders.join(", "))
}

//! Claims: workers that claim the same steps at once, sweeps that reclaim expired leases, and late outcomes. A step
//! belongs to one worker at a time, its epoch rises with each claim, and one outcome counts.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use serde_json::{Value, json};

use super::chance::Chance;
use super::facts::Facts;
use super::lane::{Lane, Raced, Racer, Start};
use super::rpc::{self, LONG_LEASE_SECONDS, Lease, SHORT_LEASE_SECONDS};
use super::session::{Call, Reply};
use super::tree::{Tree, tool_step};
use super::trial::{Judged, Trial, claimed, count};

/// Advance of the clock that lets leases expire.
const LATER: &str = "31 seconds";
/// Rounds until everything has ended; more than the attempts of a step.
const MOST_ROUNDS: usize = 6;

/// Creates goals with one to three ready steps, which are not due until a trial makes its own steps due.
pub(super) async fn shapes(lane: &Lane) -> anyhow::Result<Vec<Tree>> {
    let mut shapes = Vec::new();
    for size in 1..=3 {
        let steps: Vec<Value> = (0..size)
            .map(|number| tool_step(&format!("s{number}"), &[]))
            .collect();
        let request_id = lane.goal(&json!({"steps": steps})).await?;
        shapes.push(lane.tree(request_id, Vec::new()).await?);
    }
    Ok(shapes)
}

/// Races claims; after the leases have expired races sweeps, late outcomes, heartbeats and new claims; then lets every
/// worker report.
pub(super) async fn run(lane: &Lane, tree: &Tree, chance: &mut Chance) -> anyhow::Result<Trial> {
    let due = format!(
        "update goalpost.steps set run_after = goalpost_private.clock() - interval '1 second'
          where run_id = {} and state = 'ready'",
        tree.run_id()
    );
    lane.admin.run(&due).await?;
    let mut trial = Trial::default();
    let workers = chance.between(2, 6);
    let claims = (0..workers).map(|number| {
        let call = rpc::claim_as(number, chance.between(1, 2), false);
        start(number, call, chance)
    });
    let claims = claims.collect();
    race(lane, claims, chance, &mut trial).await?;

    // The leases of one worker end in any order.
    for (_, lease) in holders(&trial) {
        if chance.once_in(3) {
            alone(lane, rpc::heartbeat(&[lease]), &mut trial).await?;
        }
    }
    lane.set_clock(LATER).await?;
    let second = contest(&trial, chance);
    race(lane, second, chance, &mut trial).await?;
    let third = reports(&trial, chance);
    race(lane, third, chance, &mut trial).await?;
    drain(lane, &mut trial).await?;
    lane.set_clock("0").await?;
    Ok(trial)
}

async fn race(
    lane: &Lane,
    mut starts: Vec<Start>,
    chance: &mut Chance,
    trial: &mut Trial,
) -> anyhow::Result<()> {
    chance.shuffle(&mut starts);
    let raced = lane.race(&starts).await?;
    trial.rounds.push((starts, raced));
    Ok(())
}

fn start(number: usize, call: Call, chance: &mut Chance) -> Start {
    Start {
        racer: Racer::Worker(number),
        head_start: chance.head_start(),
        calls: vec![call],
    }
}

fn claim(chance: &mut Chance) -> Call {
    rpc::claim(&["tool"], chance.between(1, 2), SHORT_LEASE_SECONDS)
}

fn done(lease: &Lease) -> Value {
    lease.completed(&json!({"text": "done"}))
}

/// Returns the calls after the leases have expired: late outcomes, heartbeats, repeated claims after a lost answer, one
/// or both sweeps, and new claims.
fn contest(trial: &Trial, chance: &mut Chance) -> Vec<Start> {
    let mut starts = vec![Start {
        racer: Racer::Sweep,
        head_start: chance.head_start(),
        calls: vec![rpc::sweep_inside()],
    }];
    let mut worker = 0;
    let mut next = || {
        worker += 1;
        worker - 1
    };
    if chance.once_in(2) {
        starts.push(start(next(), rpc::sweep_outside(), chance));
    }
    for (holder, lease) in holders(trial) {
        let call = match chance.between(1, 4) {
            1 => continue,
            2 => rpc::heartbeat(&[lease]),
            3 => rpc::claim_as(holder, chance.between(1, 3), true),
            _ => rpc::finish(&[done(&lease)], chance.between(0, 2), SHORT_LEASE_SECONDS),
        };
        starts.push(start(next(), call, chance));
    }
    for _ in 0..chance.between(1, 2) {
        starts.push(start(next(), claim(chance), chance));
    }
    starts
}

/// Returns the leases handed out in the first round, with their workers.
fn holders(trial: &Trial) -> Vec<(usize, Lease)> {
    let Some((starts, raced)) = trial.rounds.first() else {
        return Vec::new();
    };
    let of_worker = |(start, _, reply): (&Start, &Call, &Reply)| match start.racer {
        Racer::Worker(number) => claimed(reply)
            .into_iter()
            .map(|lease| (number, lease))
            .collect(),
        _ => Vec::new(),
    };
    raced.answered(starts).flat_map(of_worker).collect()
}

/// Returns concurrent reports of completion by every worker that was ever handed a step.
fn reports(trial: &Trial, chance: &mut Chance) -> Vec<Start> {
    let leases: BTreeSet<Lease> = trial.handed_out().into_iter().flatten().collect();
    let mut starts: Vec<Start> = leases
        .into_iter()
        .enumerate()
        .map(|(number, lease)| {
            start(
                number,
                rpc::finish(&[done(&lease)], 0, SHORT_LEASE_SECONDS),
                chance,
            )
        })
        .collect();
    starts.push(Start {
        racer: Racer::Sweep,
        head_start: chance.head_start(),
        calls: vec![rpc::sweep_inside()],
    });
    starts
}

/// Completes the remaining steps with one worker.
async fn drain(lane: &Lane, trial: &mut Trial) -> anyhow::Result<()> {
    for _ in 0..MOST_ROUNDS {
        let claimed = alone(lane, rpc::claim(&["tool"], 10, LONG_LEASE_SECONDS), trial).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        let outcomes: Vec<Value> = claimed.iter().map(done).collect();
        alone(lane, rpc::finish(&outcomes, 0, LONG_LEASE_SECONDS), trial).await?;
    }
    bail!("after {MOST_ROUNDS} rounds there is still something to claim")
}

/// Makes a call without a race and returns the leases that it hands out.
async fn alone(lane: &Lane, call: Call, trial: &mut Trial) -> anyhow::Result<Vec<Lease>> {
    let reply = lane.worker()?.call(&call).await;
    let starts = vec![Start {
        racer: Racer::Worker(0),
        head_start: 0,
        calls: vec![call],
    }];
    let handed_out = claimed(&reply);
    trial.rounds.push((
        starts,
        Raced {
            replies: vec![vec![reply]],
            waited: false,
        },
    ));
    Ok(handed_out)
}

/// Returns the epochs of each step, round by round. A repeated reply to the same worker counts as one claim.
fn hands(tree: &Tree, trial: &Trial) -> BTreeMap<String, Vec<Vec<i64>>> {
    let mut hands: BTreeMap<String, Vec<Vec<i64>>> = BTreeMap::new();
    let mut known: BTreeSet<(String, Lease)> = BTreeSet::new();
    for (starts, raced) in &trial.rounds {
        let mut of_round: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for again in [false, true] {
            let calls = raced.answered(starts);
            for (_, call, reply) in calls.filter(|(_, call, _)| is_repeated(call) == again) {
                let worker = call.argument.get("worker").and_then(Value::as_str);
                for lease in claimed(reply) {
                    let is_new =
                        known.insert((worker.unwrap_or_default().to_owned(), lease.clone()));
                    if lease.run_id == tree.run_id() && (is_new || !again) {
                        of_round
                            .entry(lease.step_key)
                            .or_default()
                            .push(lease.lease_epoch);
                    }
                }
            }
        }
        for (key, epochs) in of_round {
            hands.entry(key).or_default().push(epochs);
        }
    }
    hands
}

fn is_repeated(call: &Call) -> bool {
    call.argument.get("holding").is_some_and(Value::is_array)
}

/// Requires for each step: rising epochs, one outcome, by the last claim, and a recorded attempt for each claim.
pub(super) fn judge(tree: &Tree, trial: &Trial, facts: &Facts) -> Judged {
    let mut judged = Judged {
        violations: trial.refusals(&[]),
        ..Judged::default()
    };
    let verdicts = trial.verdicts();
    let hands = hands(tree, trial);
    let steps = facts
        .steps
        .iter()
        .filter(|step| step.run_id == tree.run_id() && step.key.starts_with('s'));
    for step in steps {
        let rounds = hands.get(&step.key).map(Vec::as_slice).unwrap_or_default();
        for epochs in rounds {
            judged.holds(epochs.len() == 1, || {
                format!(
                    "{} was handed out {} times at once: {epochs:?}",
                    step.key,
                    epochs.len()
                )
            });
        }
        let epochs: Vec<i64> = rounds.iter().flatten().copied().collect();
        judged.holds(epochs.is_sorted_by(|one, next| one < next), || {
            format!("the epochs of {} do not rise: {epochs:?}", step.key)
        });
        let of = |epoch: &i64| Lease {
            run_id: step.run_id,
            step_key: step.key.clone(),
            lease_epoch: *epoch,
        };
        let counted: Vec<i64> = epochs
            .iter()
            .filter(|epoch| {
                verdicts
                    .get(&of(epoch))
                    .is_some_and(|verdicts| count(verdicts, "accepted") > 0)
            })
            .copied()
            .collect();
        let times: usize = epochs
            .iter()
            .filter_map(|epoch| verdicts.get(&of(epoch)))
            .map(|verdicts| count(verdicts, "accepted"))
            .sum();
        judged.holds(times == 1 && counted.last() == epochs.last(), || {
            format!(
                "{}: epochs {epochs:?}, outcomes that counted {counted:?}",
                step.key
            )
        });
        judged.holds(step.state == "completed", || {
            format!("{} is {}", step.key, step.state)
        });
        let lost = facts.attempts(step.run_id, &step.key, "lost");
        let completed = facts.attempts(step.run_id, &step.key, "completed");
        judged.holds(completed == 1 && lost + completed == epochs.len(), || {
            format!(
                "{}: {} claims, {lost} lost and {completed} completed attempts",
                step.key,
                epochs.len()
            )
        });
        judged.won.push(match lost {
            0 => "kept by the first worker".to_owned(),
            1 => "taken back once".to_owned(),
            _ => "taken back more than once".to_owned(),
        });
    }
    judged
}

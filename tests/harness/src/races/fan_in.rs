//! Fan-in: several workers report the parents of one step at the same instant; the step becomes ready once.

use serde_json::{Value, json};

use super::chance::Chance;
use super::facts::Facts;
use super::lane::{Lane, MOST_RACERS, Racer, Start};
use super::rpc::{self, LONG_LEASE_SECONDS, Lease};
use super::tree::{Tree, tool_step};
use super::trial::{Judged, Trial, count};

/// Numbers of parents; small ones more than once, because these conflict most.
const PARENTS: [usize; 12] = [2, 2, 2, 3, 3, 4, 5, 6, 8, 16, 32, 64];
const CHILD: &str = "child";

/// Creates one tree for each number of parents, all of them claimed.
pub(super) async fn shapes(lane: &Lane) -> anyhow::Result<Vec<Tree>> {
    let mut shapes: Vec<Tree> = Vec::new();
    for (number, parents) in PARENTS.into_iter().enumerate() {
        let same = number
            .checked_sub(1)
            .filter(|before| PARENTS.get(*before) == Some(&parents));
        if let Some(tree) = same.and_then(|before| shapes.get(before).cloned()) {
            shapes.push(tree);
            continue;
        }
        let keys: Vec<String> = (0..parents).map(|number| format!("p{number:02}")).collect();
        let mut steps: Vec<Value> = keys.iter().map(|key| tool_step(key, &[])).collect();
        steps.push(tool_step(CHILD, &keys));
        let request_id = lane.goal(&json!({"steps": steps})).await?;
        let leases = lane.take(&["tool"]).await?;
        shapes.push(lane.tree(request_id, leases).await?);
    }
    Ok(shapes)
}

/// Races two to eight workers that report all parents between them, in one call or several each, some of them twice.
pub(super) async fn run(lane: &Lane, tree: &Tree, chance: &mut Chance) -> anyhow::Result<Trial> {
    let workers = chance.between(2, MOST_RACERS.min(tree.leases.len().max(2)));
    let mut shares: Vec<Vec<Lease>> = vec![Vec::new(); workers];
    let mut leases = tree.leases.clone();
    chance.shuffle(&mut leases);
    for (number, lease) in leases.into_iter().enumerate() {
        // A lost answer is requested again, by any worker.
        let times = 1 + usize::from(chance.once_in(8));
        for time in 0..times {
            if let Some(share) = shares.get_mut((number + time) % workers) {
                share.push(lease.clone());
            }
        }
    }
    let mut starts = Vec::new();
    for (number, share) in shares.into_iter().enumerate() {
        let at_once = if chance.once_in(2) {
            share.len()
        } else {
            chance.between(1, 3)
        };
        let calls = share.chunks(at_once.max(1)).map(|leases| {
            let outcomes: Vec<Value> = leases
                .iter()
                .map(|lease| lease.completed(&json!({"text": "done"})))
                .collect();
            rpc::finish(
                &outcomes,
                chance.one_of(&[0, 0, 2, 10], 0),
                LONG_LEASE_SECONDS,
            )
        });
        starts.push(Start {
            racer: Racer::Worker(number),
            calls: calls.collect(),
            head_start: chance.head_start(),
        });
    }
    chance.shuffle(&mut starts);
    let raced = lane.race(&starts).await?;
    // An unclaimed child keeps its state until the trial is judged: no later trial may claim it.
    let not_due = format!(
        "update goalpost.steps set run_after = '2100-01-01' where run_id = {} and state = 'ready'",
        tree.run_id()
    );
    lane.admin.run(&not_due).await?;
    Ok(Trial::of(starts, raced))
}

/// Requires that each parent counts once, and that the child is ready, or handed out exactly once.
pub(super) fn judge(tree: &Tree, trial: &Trial, facts: &Facts) -> Judged {
    let mut judged = Judged {
        violations: trial.refusals(&[]),
        ..Judged::default()
    };
    let verdicts = trial.verdicts();
    for lease in &tree.leases {
        let verdicts = verdicts.get(lease).map(Vec::as_slice).unwrap_or_default();
        let once = count(verdicts, "accepted") == 1
            && count(verdicts, "accepted") + count(verdicts, "repeated") == verdicts.len();
        judged.holds(once, || {
            format!("{} was judged {verdicts:?}", lease.step_key)
        });
        let state = facts.leased(lease);
        judged.holds(state == "completed", || {
            format!("{} is {state}", lease.step_key)
        });
    }
    let child = facts.find(tree.run_id(), CHILD);
    let (state, epoch) = child.map_or(("gone", 0), |step| (step.state.as_str(), step.lease_epoch));
    let handed_out = trial.handed_out().into_iter().flatten();
    let times = handed_out
        .filter(|lease| lease.run_id == tree.run_id() && lease.step_key == CHILD)
        .count();
    judged.holds(
        matches!((state, times, epoch), ("ready", 0, 0) | ("running", 1, 1)),
        || format!("the child is {state} with epoch {epoch}, and was handed out {times} times"),
    );
    judged.won.push(match state {
        "running" => "child claimed by a finisher".to_owned(),
        _ => format!("child {state}"),
    });
    judged
}

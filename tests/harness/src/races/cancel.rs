//! Cancels against everything that may end a run at the same moment: outcomes of its last steps, the judge, a
//! sub-goal's judge, decisions, and a retried dead letter. Exactly one of them wins.

use serde_json::{Value, json};

use super::approval;
use super::chance::Chance;
use super::facts::Facts;
use super::lane::{Lane, MOST_ASKERS, MOST_RACERS, Racer, Start};
use super::rpc::{self, LONG_LEASE_SECONDS};
use super::tree::{Tree, tool_step};
use super::trial::{Judged, Trial, count};

/// State of a tree at the cancel; in the order of [`shapes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    AtTheLastStep,
    AtTheJudge,
    BelowAtTheJudge,
    Waiting,
    Dead,
}

const SHAPES: [Shape; 5] = [
    Shape::AtTheLastStep,
    Shape::AtTheJudge,
    Shape::BelowAtTheJudge,
    Shape::Waiting,
    Shape::Dead,
];

impl Shape {
    fn of(number: usize) -> Self {
        SHAPES.get(number).copied().unwrap_or(Self::AtTheLastStep)
    }

    fn name(self) -> &'static str {
        match self {
            Self::AtTheLastStep => "last step",
            Self::AtTheJudge => "judge",
            Self::BelowAtTheJudge => "sub-goal",
            Self::Waiting => "approval",
            Self::Dead => "dead letter",
        }
    }
}

/// Creates one tree of each shape.
pub(super) async fn shapes(lane: &Lane) -> anyhow::Result<Vec<Tree>> {
    let one_step = json!({"steps": [tool_step("only", &[])]});
    let mut shapes = Vec::new();

    let request_id = lane.goal(&one_step).await?;
    let only = lane.take(&["tool"]).await?;
    shapes.push(lane.tree(request_id, only).await?);

    let request_id = lane.goal(&one_step).await?;
    let only = lane.take(&["tool"]).await?;
    lane.complete(&only, &json!({"text": "done"})).await?;
    let judge = lane.take(&["judge"]).await?;
    shapes.push(lane.tree(request_id, judge).await?);

    let below = json!({"key": "below", "kind": "subgoal", "input": {"title": "Below", "description": "A part"}});
    let request_id = lane.goal(&json!({"steps": [below]})).await?;
    lane.plan(&one_step).await?;
    let only = lane.take(&["tool"]).await?;
    lane.complete(&only, &json!({"text": "done"})).await?;
    let judge = lane.take(&["judge"]).await?;
    shapes.push(lane.tree(request_id, judge).await?);

    shapes.push(approval::waiting(lane, "fail").await?);

    let request_id = lane.goal(&one_step).await?;
    let only = lane.take(&["tool"]).await?;
    let failed: Vec<Value> = only.iter().map(rpc::Lease::failed).collect();
    lane.report(&failed).await?;
    // A dead letter can be retried once the judge has reported on the failure.
    let judge = lane.take(&["judge"]).await?;
    lane.complete(&judge, &json!({"decision": "fail", "report": "# Failed"}))
        .await?;
    shapes.push(lane.tree(request_id, Vec::new()).await?);
    Ok(shapes)
}

/// Races one to three cancels with the other possible calls.
pub(super) async fn run(
    lane: &Lane,
    shape: usize,
    tree: &Tree,
    chance: &mut Chance,
) -> anyhow::Result<Trial> {
    let shape = Shape::of(shape);
    let cancels = chance.between(1, MOST_ASKERS);
    let others = chance.between(1, MOST_RACERS - cancels);
    let mut starts: Vec<Start> = (0..cancels)
        .map(|number| cancel(shape, tree, number, chance))
        .collect();
    match shape {
        Shape::Waiting => starts.extend(approval::decisions(tree, others, chance)),
        Shape::Dead => starts.extend((0..others).map(|number| Start {
            racer: Racer::Approver(number),
            head_start: chance.head_start(),
            calls: vec![rpc::retry_dead_letter(tree.dead_letter_id())],
        })),
        _ => starts.extend((0..others).map(|number| finish(shape, tree, number, chance))),
    }
    chance.shuffle(&mut starts);
    let raced = lane.race(&starts).await?;
    Ok(Trial::of(starts, raced))
}

/// Returns a cancel of the request, its goal, or the sub-goal.
fn cancel(shape: Shape, tree: &Tree, number: usize, chance: &mut Chance) -> Start {
    let mut start = approval::cancel(tree, number, chance);
    if let (Shape::BelowAtTheJudge, Some(below), true) =
        (shape, tree.sub_goal_id(), chance.once_in(2))
    {
        start.calls = vec![rpc::cancel_goal(below)];
    }
    start
}

/// Returns a worker's report of the last step. Several may hold the same lease, because a lost answer is requested
/// again.
fn finish(shape: Shape, tree: &Tree, number: usize, chance: &mut Chance) -> Start {
    let outcomes: Vec<Value> = tree
        .leases
        .iter()
        .map(|lease| match shape {
            Shape::AtTheLastStep if chance.once_in(3) => lease.failed(),
            Shape::AtTheLastStep => lease.completed(&json!({"text": "done"})),
            _ => lease.completed(&match chance.between(1, 4) {
                1 => json!({"decision": "fail", "reason": "it came to nothing"}),
                2 => json!({"decision": "replan", "reason": "once more"}),
                _ => json!({"decision": "complete", "report": "The report", "result": {}}),
            }),
        })
        .collect();
    Start {
        racer: Racer::Worker(number),
        head_start: chance.head_start(),
        calls: vec![rpc::finish(&outcomes, 0, LONG_LEASE_SECONDS)],
    }
}

/// Requires a legal end, the same in every reply, and no late outcome that counts.
pub(super) fn judge(
    lane: &Lane,
    shape: usize,
    tree: &Tree,
    trial: &Trial,
    facts: &Facts,
) -> Judged {
    let shape = Shape::of(shape);
    let mut judged = match shape {
        Shape::Waiting => approval::judge(lane, false, tree, trial, facts),
        Shape::Dead => judge_dead_letter(tree, trial, facts),
        _ => judge_outcomes(trial, facts),
    };
    let run = facts.run(tree.run_id());
    judged.won = vec![format!("{}: {run}", shape.name())];
    check_cancel_replies(shape, tree, trial, facts, &mut judged);
    if shape == Shape::BelowAtTheJudge {
        let below = tree.sub_goal_id().map_or("", |goal_id| facts.goal(goal_id));
        let legal = matches!(
            (below, run),
            ("completed" | "active", "running")
                // A failed parent run stays running until its judge has reported.
                | ("cancelled" | "failed", "running" | "failed")
                | (_, "cancelled")
        );
        judged.holds(legal, || {
            format!("the goal below is {below} and the run above {run}")
        });
    }
    judged
}

/// Requires that at most one outcome counts and is stored in the step; if none counts, the step is cancelled.
fn judge_outcomes(trial: &Trial, facts: &Facts) -> Judged {
    let mut judged = Judged {
        violations: trial.refusals(&[]),
        ..Judged::default()
    };
    for (lease, verdicts) in trial.verdicts() {
        let accepted = count(&verdicts, "accepted");
        let (repeated, lost) = (count(&verdicts, "repeated"), count(&verdicts, "lease_lost"));
        let state = facts.leased(&lease);
        judged.holds(accepted + repeated + lost == verdicts.len(), || {
            format!("an outcome was refused: {verdicts:?}")
        });
        judged.holds(accepted <= 1, || {
            format!("{accepted} outcomes of one lease counted")
        });
        judged.holds((accepted == 1) == (state != "cancelled"), || {
            format!("{accepted} outcomes counted and the step is {state}")
        });
        judged.holds(lost == 0 || state == "cancelled", || {
            format!("a worker received lease_lost and the step is {state}")
        });
        judged.holds(repeated == 0 || accepted == 1, || {
            "a worker received repeated, and nothing had counted".to_owned()
        });
    }
    judged
}

/// Requires exactly one retry, whatever is cancelled before or after.
fn judge_dead_letter(tree: &Tree, trial: &Trial, facts: &Facts) -> Judged {
    let mut judged = Judged {
        violations: trial.refusals(&[(rpc::RETRY, "ZG004")]),
        ..Judged::default()
    };
    let retried = trial
        .replies_to(rpc::RETRY)
        .filter(|(_, _, reply)| reply.refusal().is_none());
    let retried = retried.count();
    judged.holds(retried == 1, || {
        format!("{retried} retries of one dead letter counted")
    });
    let (run, step) = (facts.run(tree.run_id()), facts.step(tree.run_id(), "only"));
    judged.holds(
        matches!(
            (run, step),
            ("running", "ready") | ("cancelled", "cancelled")
        ),
        || format!("after a retry the run is {run} and the step {step}"),
    );
    judged
}

/// Requires that each cancel returns the real end, and that cancelled work does not continue.
fn check_cancel_replies(
    shape: Shape,
    tree: &Tree,
    trial: &Trial,
    facts: &Facts,
    judged: &mut Judged,
) {
    let mut cancelled = false;
    for (_, call, reply) in trial.answered() {
        let about = call.argument.as_i64().unwrap_or_default();
        let now = match call.sql {
            rpc::CANCEL_GOAL => facts.goal(about),
            rpc::CANCEL_REQUEST => facts.request.as_str(),
            _ => continue,
        };
        let replied = reply.text("state");
        cancelled |= replied == "cancelled";
        // Before the retry the request had failed, and a cancel then changes nothing.
        let before_the_retry = shape == Shape::Dead && replied == "failed";
        judged.holds(replied == now || before_the_retry, || {
            format!("a cancel returned {replied}, and the state is {now}")
        });
        let of_the_whole = call.sql == rpc::CANCEL_REQUEST || about == tree.goal_id();
        let run = facts.run(tree.run_id());
        judged.holds(
            !of_the_whole || shape == Shape::Dead || run != "running",
            || "it was cancelled and continues".to_owned(),
        );
    }
    let run = facts.run(tree.run_id());
    judged.holds(run != "cancelled" || cancelled, || {
        "the run is cancelled and no cancel returned it".to_owned()
    });
}

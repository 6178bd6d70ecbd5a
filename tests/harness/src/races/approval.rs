//! Approvals: of concurrent decisions, the sweep and a cancel, exactly one decides.

use serde_json::json;

use super::chance::Chance;
use super::facts::Facts;
use super::lane::{Lane, MOST_RACERS, Racer, Start};
use super::rpc;
use super::tree::{Tree, tool_step};
use super::trial::{Judged, Trial};

/// Creates goals that wait for a decision, with a step after it: one where a rejection ends the run, one where it
/// continues.
pub(super) async fn shapes(lane: &Lane) -> anyhow::Result<Vec<Tree>> {
    let mut shapes = Vec::new();
    for on_reject in ["fail", "continue"] {
        shapes.push(waiting(lane, on_reject).await?);
    }
    Ok(shapes)
}

/// Creates a goal that waits for a decision.
pub(super) async fn waiting(lane: &Lane, on_reject: &str) -> anyhow::Result<Tree> {
    let ask = json!({"key": "ask", "kind": "approval", "input": {"question": "May we?", "on_reject": on_reject}});
    let plan = json!({"steps": [ask, tool_step("after", &["ask".to_owned()])]});
    let request_id = lane.goal(&plan).await?;
    lane.tree(request_id, Vec::new()).await
}

/// Races two to eight decisions, cancels, or sweeps of expired approvals.
pub(super) async fn run(lane: &Lane, tree: &Tree, chance: &mut Chance) -> anyhow::Result<Trial> {
    let expires = chance.once_in(4);
    let cancels = chance.once_in(4);
    let others = usize::from(expires) + usize::from(cancels);
    let deciders = chance.between(2, MOST_RACERS - others);
    let mut starts = decisions(tree, deciders, chance);
    if expires {
        let past = format!(
            "update goalpost.approvals set expires_at = now() - interval '1 minute' where id = {}",
            tree.approval_id()
        );
        lane.admin.run(&past).await?;
        starts.push(Start {
            racer: Racer::Sweep,
            head_start: chance.head_start(),
            calls: vec![rpc::sweep_inside()],
        });
    }
    if cancels {
        starts.push(cancel(tree, 0, chance));
    }
    chance.shuffle(&mut starts);
    let raced = lane.race(&starts).await?;
    Ok(Trial::of(starts, raced))
}

/// Returns this number of random decisions.
pub(super) fn decisions(tree: &Tree, deciders: usize, chance: &mut Chance) -> Vec<Start> {
    let decide = |number| {
        let decision = chance.one_of(&["approved", "rejected"], "approved");
        Start {
            racer: Racer::Approver(number),
            head_start: chance.head_start(),
            calls: vec![rpc::decide(tree.approval_id(), decision)],
        }
    };
    (0..deciders).map(decide).collect()
}

/// Returns a cancel of the request or of its goal.
pub(super) fn cancel(tree: &Tree, number: usize, chance: &mut Chance) -> Start {
    let call = match chance.once_in(2) {
        true => rpc::cancel_goal(tree.goal_id()),
        false => rpc::cancel_request(tree.request_id),
    };
    Start {
        racer: Racer::Asker(number),
        head_start: chance.head_start(),
        calls: vec![call],
    }
}

/// Requires one decision, the same in every reply, with one effect.
pub(super) fn judge(
    lane: &Lane,
    goes_on_if_rejected: bool,
    tree: &Tree,
    trial: &Trial,
    facts: &Facts,
) -> Judged {
    let mut judged = Judged {
        violations: trial.refusals(&[]),
        ..Judged::default()
    };
    let approval = facts
        .approvals
        .iter()
        .find(|approval| approval.id == tree.approval_id());
    let Some(approval) = approval else {
        judged.violations.push("the approval is gone".to_owned());
        return judged;
    };
    judged.won.push(approval.state.clone());
    find_winner(lane, approval, trial, &mut judged);

    let (run_id, key) = (approval.run_id, approval.step_key.as_str());
    let wanted = match approval.state.as_str() {
        "cancelled" => "cancelled",
        "approved" => "completed",
        "rejected" | "expired" if goes_on_if_rejected => "completed",
        _ => "failed",
    };
    let step = facts.step(run_id, key);
    judged.holds(step == wanted, || {
        format!("the approval is {} and its step {step}", approval.state)
    });
    for state in ["approved", "rejected", "expired"] {
        let wanted = usize::from(state == approval.state);
        let events = facts.events_of(run_id, key, &format!("approval.{state}"));
        judged.holds(events == wanted, || {
            format!("the history has approval.{state} {events} times")
        });
    }
    let ends = facts.events_of(run_id, key, &format!("step.{wanted}"));
    judged.holds(wanted == "cancelled" || ends == 1, || {
        format!("the step has {ends} outcomes in the history")
    });
    let (run, after) = (facts.run(run_id), facts.step(run_id, "after"));
    let goes_on = match (wanted, run) {
        ("completed", "running") => after == "ready",
        // A failed run stays running until its judge has reported, and may be cancelled before.
        ("completed" | "cancelled" | "failed", "cancelled") | ("failed", "running" | "failed") => {
            after == "cancelled"
        }
        _ => false,
    };
    judged.holds(goes_on, || {
        format!("the approval's step is {wanted}, the run {run}, and the step after it {after}")
    });
    judged
}

/// Requires that exactly one decision is the first, is stored in the row, and is returned to all others.
fn find_winner(lane: &Lane, approval: &super::facts::Approval, trial: &Trial, judged: &mut Judged) {
    let mut firsts = 0;
    for (start, call, reply) in trial.replies_to(rpc::DECIDE) {
        if reply.refusal().is_some() {
            continue;
        }
        let replied = reply.text("state");
        judged.holds(replied == approval.state, || {
            format!(
                "a reply has {replied}, and the approval is {}",
                approval.state
            )
        });
        if reply.field("first") != &json!(true) {
            continue;
        }
        firsts += 1;
        let decided = call
            .argument
            .get("decision")
            .and_then(serde_json::Value::as_str);
        let by = match start.racer {
            Racer::Approver(number) => lane.approver_id(number),
            _ => "",
        };
        let recorded = approval.decided_by.as_deref().unwrap_or_default();
        judged.holds(decided == Some(replied) && recorded == by, || {
            format!("{decided:?} of {by} was the first, and the row has {replied} of {recorded}")
        });
    }
    let by_a_person = matches!(approval.state.as_str(), "approved" | "rejected");
    judged.holds(firsts == usize::from(by_a_person), || {
        format!(
            "the approval is {}, and {firsts} replies claim to be the first",
            approval.state
        )
    });
    let raced = |calls: &[&str]| {
        calls
            .iter()
            .any(|sql| trial.replies_to(sql).next().is_some())
    };
    let possible = match approval.state.as_str() {
        "expired" => raced(&[rpc::SWEEP_INSIDE]),
        "cancelled" => raced(&[rpc::CANCEL_GOAL, rpc::CANCEL_REQUEST]),
        _ => by_a_person,
    };
    judged.holds(possible, || {
        format!("no racer can have made the approval {}", approval.state)
    });
}

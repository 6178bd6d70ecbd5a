//! Lost answers: the caller cannot know whether its call was executed, and repeats it.

use harness::faults::{Cuts, FaultPlan};

use super::Trial;

async fn with_cut_answers(cuts: Cuts, call: &str, is_after: bool) {
    let plan = FaultPlan {
        seed: 5,
        cuts: Cuts {
            calls: vec![call.to_owned()],
            ..cuts
        },
        ..FaultPlan::default()
    };
    let trial = Trial::start(plan).await;
    for plan in ["fan", "work", "fan", "think"] {
        trial.ask(plan).await;
    }
    trial.settle().await;
    if !is_after {
        let database = trial.stack.admin_db().await.unwrap();
        let lost = "goalpost.step_attempts where outcome <> 'completed'";
        assert_eq!(trial.count(&database, lost).await, 0, "within its lease");
    }
    let counts = trial.faults.counts();
    let cut = match is_after {
        true => counts.answers_cut_after,
        false => counts.answers_cut_before,
    };
    assert!(cut.get(call).is_some_and(|cut| *cut >= 3), "{cut:?}");
    trial.end().await;
}

#[tokio::test]
async fn committed_outcomes_with_lost_answers_count_once() {
    let cuts = Cuts {
        after_commit: 0.4,
        ..Cuts::default()
    };
    with_cut_answers(cuts, "finish_steps", true).await;
}

#[tokio::test]
async fn committed_claims_with_lost_answers_are_reclaimed() {
    let cuts = Cuts {
        after_commit: 1.0,
        at_most: Some(6),
        ..Cuts::default()
    };
    with_cut_answers(cuts, "claim_steps", true).await;
}

#[tokio::test]
async fn outcomes_lost_before_commit_are_reported_again() {
    let cuts = Cuts {
        before_commit: 0.4,
        ..Cuts::default()
    };
    with_cut_answers(cuts, "finish_steps", false).await;
}

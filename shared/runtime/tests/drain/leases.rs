//! Lost leases and the deadline.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use runtime::Deadline;
use serde_json::json;
use store::Outcome;

use crate::{MINUTE, Project, completed, drain_with, finish_calls, options, pair, reports, step};

/// Counts the futures that hold it when they are dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn lost_lease_stops_step_without_report() {
    let mut project = Project::with(vec![vec![step("taken")]]);
    project.is_held = false;
    project.verdict = |_| ("lease_lost", None);
    let server = project.start().await;
    let mut options = options(Deadline::after(MINUTE));
    options.lease_seconds = 1;
    let drops = Arc::new(AtomicUsize::new(0));
    let report = drain_with(&server, options, |_, _| {
        let guard = Dropped(Arc::clone(&drops));
        async move {
            let _guard = guard;
            pending().await
        }
    })
    .await;
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    assert_eq!((report.lost, report.completed, report.released), (1, 0, 0));
    let reported: Vec<_> = reports(&server).into_iter().flatten().collect();
    assert_eq!(reported, []);
}

#[tokio::test]
async fn lost_lease_is_followed_by_one_claim() {
    let mut project = Project::with(vec![vec![step("taken")], vec![step("next")]]);
    project.is_held = false;
    let server = project.start().await;
    let mut options = options(Deadline::after(MINUTE));
    options.lease_seconds = 1;
    let report = drain_with(&server, options, |step, _| async move {
        if step.step_key.as_str() == "taken" {
            pending::<()>().await;
        }
        completed()
    })
    .await;
    assert_eq!((report.claimed, report.lost, report.completed), (2, 1, 1));
    assert_eq!(reports(&server), [vec![], vec![pair("next", "completed")]]);
}

#[tokio::test]
async fn late_outcome_without_lease_counts_as_lost() {
    let mut project = Project::with(vec![vec![step("late")]]);
    project.verdict = |_| ("lease_lost", None);
    let server = project.start().await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        completed()
    })
    .await;
    assert_eq!((report.lost, report.completed), (1, 0));
}

#[tokio::test]
async fn deadline_stops_then_aborts_and_releases_steps() {
    let server = Project::with(vec![
        vec![step("ignoring"), step("stopping")],
        vec![step("never")],
    ])
    .start()
    .await;
    let deadline = Deadline::after_with_margin(Duration::from_secs(4), Duration::from_secs(3));
    let drops = Arc::new(AtomicUsize::new(0));
    let report = drain_with(&server, options(deadline), |step, context| {
        let guard = Dropped(Arc::clone(&drops));
        async move {
            let _guard = guard;
            if step.step_key.as_str() == "ignoring" {
                return pending().await;
            }
            context.stopping().await;
            assert!(context.is_stopping() && context.remaining() == Duration::ZERO);
            Outcome::Released
        }
    })
    .await;
    assert_eq!(drops.load(Ordering::SeqCst), 2);
    assert_eq!((report.claimed, report.released, report.lost), (2, 2, 0));
    assert_eq!(
        reports(&server),
        [
            [pair("stopping", "released")],
            [pair("ignoring", "released")]
        ]
    );
    let calls = finish_calls(&server);
    assert!(calls.iter().all(|call| call["p_limit"] == 0));
}

#[tokio::test]
async fn released_step_ends_claiming() {
    let server = Project::with(vec![vec![step("long")], vec![step("long")]])
        .start()
        .await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        Outcome::Released
    })
    .await;
    assert_eq!((report.claimed, report.released), (1, 1));
    let calls = finish_calls(&server);
    assert_eq!((calls.len(), &calls[0]["p_limit"]), (1, &json!(0)));
}

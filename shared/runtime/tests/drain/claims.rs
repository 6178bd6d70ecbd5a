//! Claims, and the work they return.

use std::sync::Arc;
use std::time::Duration;

use runtime::{Deadline, DrainReport, drain};
use serde_json::{Value, json};
use store::ClaimedStep;
use tokio::sync::{Barrier, Notify};

use crate::support::{Reply, Server};
use crate::{
    MINUTE, Project, completed, drain_with, finish_calls, options, pair, reports, step, store_at,
};

#[tokio::test]
async fn empty_drain_makes_one_call() {
    let server = Project::with(vec![]).start().await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        completed()
    })
    .await;
    assert_eq!(
        report,
        DrainReport {
            rpc_calls: 1,
            ..DrainReport::default()
        }
    );
}

#[tokio::test]
async fn drain_without_time_claims_nothing() {
    let server = Project::with(vec![vec![step("a")]]).start().await;
    let deadline = Deadline::after_with_margin(Duration::from_secs(1), Duration::from_secs(1));
    drain_with(&server, options(deadline), |_, _| async { completed() }).await;
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn first_claim_error_fails_the_drain() {
    let server = Server::replying(vec![Reply::Json(
        400,
        json!({"code": "ZG003", "message": "no"}),
    )])
    .await;
    let result = drain(
        &store_at(&server),
        options(Deadline::after(MINUTE)),
        |_, _| async { completed() },
    )
    .await;
    assert_eq!(result.unwrap_err().code(), "invalid_input");
}

#[tokio::test]
async fn drain_ends_when_report_returns_no_work() {
    let server = Project::with(vec![vec![step("a")], vec![step("b")]])
        .start()
        .await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        completed()
    })
    .await;
    assert_eq!(
        reports(&server),
        [[pair("a", "completed")], [pair("b", "completed")]]
    );
    assert_eq!(
        (report.claimed, report.completed, report.rpc_calls),
        (2, 2, 3)
    );
}

#[tokio::test]
async fn claim_limit_is_the_free_capacity() {
    let server = Project::with(vec![vec![step("a"), step("b"), step("slow")]])
        .start()
        .await;
    let mut options = options(Deadline::after(MINUTE));
    options.batch = 3;
    let reported = Arc::new(Notify::new());
    let (barrier, others) = (Arc::new(Barrier::new(2)), Arc::clone(&reported));
    let watching = &server;
    let work = |step: ClaimedStep, _| {
        let (barrier, others) = (Arc::clone(&barrier), Arc::clone(&others));
        async move {
            if step.step_key.as_str() == "slow" {
                others.notified().await;
            } else {
                barrier.wait().await;
            }
            completed()
        }
    };
    let release = async {
        while finish_calls(watching).is_empty() {
            tokio::task::yield_now().await;
        }
        reported.notify_one();
    };
    tokio::join!(drain_with(watching, options, work), release);
    let limits: Vec<Value> = finish_calls(&server)
        .iter()
        .map(|call| call["p_limit"].clone())
        .collect();
    assert_eq!(limits, [2, 3]);
}

#[tokio::test]
async fn malformed_reply_ends_claiming() {
    let project = Project::with(vec![vec![step("a"), step("b")]]);
    let server = Server::start(move |request| {
        let reply = match request.function() {
            "finish_steps" if request.body["p_limit"] != 0 => Reply::Json(
                200,
                json!({"outcomes": project.judge(&request), "claimed": [{}]}),
            ),
            _ => project.answer(&request),
        };
        async move { reply }
    })
    .await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        completed()
    })
    .await;
    assert_eq!((report.completed, report.abandoned), (2, 0));
    let limits: Vec<Value> = finish_calls(&server)
        .iter()
        .map(|call| call["p_limit"].clone())
        .collect();
    assert_eq!(limits, [10, 0, 0]);
}

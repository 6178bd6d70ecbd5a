//! Reports: their contents, lost replies, outages and rejections.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::ToolCallResult;
use runtime::Deadline;
use serde_json::{Value, json};
use store::Outcome;
use tokio::sync::{Barrier, Notify};

use crate::support::{Reply, Server};
use crate::{
    MINUTE, Project, completed, drain_with, finish_calls, list, options, pair, reports, step,
};

#[tokio::test]
async fn simultaneous_outcomes_share_one_report() {
    let server = Project::with(vec![vec![step("a"), step("b"), step("c")]])
        .start()
        .await;
    let barrier = Arc::new(Barrier::new(3));
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            completed()
        }
    })
    .await;
    assert_eq!(
        reports(&server),
        [[
            pair("a", "completed"),
            pair("b", "completed"),
            pair("c", "completed")
        ]]
    );
    assert_eq!(
        (report.claimed, report.completed, report.rpc_calls),
        (3, 3, 2)
    );
}

#[tokio::test]
async fn steps_continue_during_a_report() {
    let project = Arc::new(Project::with(vec![vec![step("a"), step("b")]]));
    let (b_is_done, report_arrived) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (reached, waiting) = (Arc::clone(&report_arrived), Arc::clone(&b_is_done));
    // The first report is answered only after step b, started before it, has ended.
    let server = Server::start(move |request| {
        let (project, reached, waiting) = (
            Arc::clone(&project),
            Arc::clone(&reached),
            Arc::clone(&waiting),
        );
        async move {
            let is_first = request.function() == "finish_steps"
                && request.body["p_outcomes"][0]["step_key"] == "a";
            if is_first {
                reached.notify_one();
                waiting.notified().await;
            }
            project.answer(&request)
        }
    })
    .await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |step, _| {
        let (report_arrived, b_is_done) = (Arc::clone(&report_arrived), Arc::clone(&b_is_done));
        async move {
            if step.step_key.as_str() == "b" {
                report_arrived.notified().await;
                b_is_done.notify_one();
            }
            completed()
        }
    })
    .await;
    assert_eq!(
        reports(&server),
        [[pair("a", "completed")], [pair("b", "completed")]]
    );
    assert_eq!(report.completed, 2);
}

#[tokio::test]
async fn unrecorded_calls_are_sent_with_the_outcome() {
    let result = |number: i32| ToolCallResult::Done(json!({"n": number}));
    let server = Project::with(vec![vec![step("recorded"), step("dropped")]])
        .start()
        .await;
    let deadline = Deadline::after_with_margin(Duration::from_secs(3), Duration::from_secs(2));
    drain_with(&server, options(deadline), |step, context| async move {
        context.record_call(1, result(1));
        context.record_call(2, result(2));
        context.record_call(3, ToolCallResult::Done(json!("a\0b")));
        if step.step_key.as_str() == "dropped" {
            return pending().await;
        }
        context.calls_were_recorded(&[(1, result(1))].into());
        completed()
    })
    .await;
    let calls_of = |key: &str| {
        let calls = finish_calls(&server);
        let mut outcomes = calls
            .iter()
            .flat_map(|call| list(&call["p_outcomes"]).cloned());
        let outcome = outcomes.find(|outcome| outcome["step_key"] == key).unwrap();
        let calls = list(&outcome["calls"]).map(|call| {
            let code = call["error"]["code"].as_str().unwrap_or("none");
            (call["number"].as_i64().unwrap(), code.to_owned())
        });
        calls.collect::<Vec<_>>()
    };
    let odd = (3, "result_not_storable".to_owned());
    let fine = |number| (number, "none".to_owned());
    assert_eq!(calls_of("recorded"), [fine(2), odd.clone()]);
    assert_eq!(calls_of("dropped"), [fine(1), fine(2), odd]);
}

#[tokio::test]
async fn outcomes_survive_outage_while_lease_holds() {
    let project = Project::with(vec![vec![step("a")]]);
    let failures = AtomicUsize::new(0);
    // More than the store repeats by itself.
    let server = Server::start(move |request| {
        let is_away =
            request.function() == "finish_steps" && failures.fetch_add(1, Ordering::SeqCst) < 4;
        let reply = if is_away {
            Reply::Json(503, json!({"code": "PGRST001", "message": "away"}))
        } else {
            project.answer(&request)
        };
        async move { reply }
    })
    .await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        completed()
    })
    .await;
    assert_eq!((report.completed, report.abandoned), (1, 0));
}

#[tokio::test]
async fn lost_reply_is_followed_by_held_leases() {
    let project = Project::with(vec![vec![step("a"), step("slow")], vec![step("b")]]);
    let calls = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        // The reply of the first report, and all repeats of it, are lost; its claims are returned again.
        let is_lost =
            request.function() == "finish_steps" && calls.fetch_add(1, Ordering::SeqCst) < 3;
        let reply = if is_lost {
            Reply::Hangup
        } else {
            project.answer(&request)
        };
        async move { reply }
    })
    .await;
    let reported = Arc::new(Notify::new());
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |step, _| {
        let reported = Arc::clone(&reported);
        async move {
            match step.step_key.as_str() {
                "slow" => reported.notified().await,
                "b" => reported.notify_one(),
                _ => {}
            }
            completed()
        }
    })
    .await;
    assert_eq!((report.claimed, report.completed), (3, 3));
    let finishes: Vec<Value> = server
        .received()
        .iter()
        .filter(|request| request.function() == "finish_steps")
        .map(|request| request.body["p_holding"].clone())
        .collect();
    assert_eq!(finishes[0], json!(null));
    for holding in &finishes[1..4] {
        assert_eq!(holding[0]["step_key"], "slow", "{finishes:?}");
        assert_eq!(list(holding).len(), 1);
    }
    assert_eq!(
        finishes[4],
        json!(null),
        "a reply came: nothing is unknown any more"
    );
}

#[tokio::test]
async fn outage_beyond_lease_abandons_outcomes() {
    let project = Project::with(vec![vec![step("a")]]);
    let server = Server::start(move |request| {
        let reply = match request.function() {
            "claim_steps" => project.answer(&request),
            _ => Reply::Json(503, json!({"code": "PGRST001", "message": "away"})),
        };
        async move { reply }
    })
    .await;
    let mut options = options(Deadline::after(MINUTE));
    options.lease_seconds = 1;
    let begun = Instant::now();
    let report = drain_with(&server, options, |_, _| async { completed() }).await;
    assert_eq!(report.completed, 0);
    assert_eq!(report.abandoned + report.lost, 1);
    assert!(
        begun.elapsed() < MINUTE / 2,
        "with the lease, and not only with the deadline"
    );
}

#[tokio::test]
async fn rejected_outcome_does_not_affect_others() {
    let project = Project::with(vec![vec![step("a"), step("poison"), step("z")]]);
    let server = Server::start(move |request| {
        let is_poisoned = request.function() == "finish_steps"
            && list(&request.body["p_outcomes"])
                .any(|outcome| outcome["result"]["text"] == "poison");
        let reply = if is_poisoned {
            Reply::Json(400, json!({"code": "22P02", "message": "invalid input"}))
        } else {
            project.answer(&request)
        };
        async move { reply }
    })
    .await;
    let report = drain_with(
        &server,
        options(Deadline::after(MINUTE)),
        |step, _| async move {
            if step.step_key.as_str() == "poison" {
                return Outcome::Completed {
                    result: json!({"text": "poison"}),
                };
            }
            completed()
        },
    )
    .await;
    assert_eq!(
        (report.completed, report.failed, report.abandoned),
        (2, 1, 0)
    );
    let last = finish_calls(&server).pop().unwrap();
    let all = finish_calls(&server);
    let replaced = all
        .iter()
        .flat_map(|call| list(&call["p_outcomes"]))
        .find(|outcome| outcome["outcome"] == "failed")
        .unwrap();
    assert_eq!(replaced["step_key"], "poison");
    assert_eq!(replaced["error"]["code"], "outcome_rejected");
    assert_eq!(replaced["error"]["retryable"], false);
    assert_eq!(last["p_outcomes"].as_array().unwrap().len(), 1);
}

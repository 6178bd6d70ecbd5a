//! Steps that fail, and results that are refused.

use std::future::pending;

use runtime::Deadline;
use serde_json::{Value, json};
use store::Outcome;

use crate::support::Server;
use crate::{MINUTE, Project, completed, drain_with, finish_calls, list, options, step};

#[tokio::test]
async fn panic_fails_its_own_step_only() {
    let server = Project::with(vec![vec![step("early"), step("fine"), step("late")]])
        .start()
        .await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |step, _| {
        assert!(step.step_key.as_str() != "early", "panics on purpose");
        async move {
            assert!(step.step_key.as_str() != "late", "panics on purpose");
            completed()
        }
    })
    .await;
    assert_eq!((report.completed, report.failed), (1, 2));
    let failed: Vec<Value> = finish_calls(&server)
        .iter()
        .flat_map(|call| list(&call["p_outcomes"]).cloned().collect::<Vec<_>>())
        .filter(|outcome| outcome["outcome"] == "failed")
        .collect();
    assert_eq!(failed.len(), 2);
    for outcome in failed {
        assert_eq!(outcome["error"]["code"], "panicked");
        assert_eq!(outcome["error"]["retryable"], true);
    }
}

#[tokio::test]
async fn timed_out_step_fails_retryably() {
    let mut slow = step("slow");
    slow["timeout_seconds"] = json!(1);
    let server = Project::with(vec![vec![slow]]).start().await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| pending()).await;
    assert_eq!(report.failed, 1);
    let outcome = &finish_calls(&server)[0]["p_outcomes"][0];
    assert_eq!(outcome["error"]["code"], "step_timed_out");
    assert_eq!(outcome["error"]["retryable"], true);
}

#[tokio::test]
async fn refused_result_becomes_terminal_failure_under_same_lease() {
    let mut project = Project::with(vec![vec![step("plan")]]);
    project.verdict = |outcome| match outcome["outcome"].as_str() {
        Some("completed") => ("refused", Some("the plan has a cycle")),
        _ => ("accepted", None),
    };
    let server = project.start().await;
    let report = drain_with(&server, options(Deadline::after(MINUTE)), |_, _| async {
        completed()
    })
    .await;
    let calls = finish_calls(&server);
    assert_eq!(
        calls[1]["p_outcomes"][0],
        json!({"run_id": 1, "step_key": "plan", "lease_epoch": 3, "outcome": "failed",
            "error": {"code": "refused", "message": "the plan has a cycle", "retryable": false,
                "retry_after_seconds": null}})
    );
    assert_eq!((calls.len(), report.failed, report.completed), (2, 1, 0));
}

#[tokio::test]
async fn unreadable_result_fails_its_step_unsent() {
    let project = Project::with(vec![vec![step("a"), step("deep"), step("nul")]]);
    let server = Server::start(move |request| {
        let reply = project.answer(&request);
        async move { reply }
    })
    .await;
    let report = drain_with(
        &server,
        options(Deadline::after(MINUTE)),
        |step, _| async move {
            match step.step_key.as_str() {
                "deep" => Outcome::Completed {
                    result: (0..100).fold(json!(1), |inner, _| json!([inner])),
                },
                "nul" => Outcome::Completed {
                    result: json!({"text": "\u{0}"}),
                },
                _ => completed(),
            }
        },
    )
    .await;
    assert_eq!((report.completed, report.failed), (1, 2));
    let calls = finish_calls(&server);
    let failed: Vec<_> = calls
        .iter()
        .flat_map(|call| list(&call["p_outcomes"]))
        .filter(|outcome| outcome["outcome"] == "failed")
        .collect();
    assert_eq!(failed.len(), 2);
    for outcome in failed {
        assert_eq!(outcome["error"]["code"], "result_not_storable");
        assert_eq!(outcome["error"]["retryable"], false);
        assert!(outcome["result"].is_null());
    }
}

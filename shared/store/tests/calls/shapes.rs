//! Arguments and replies in their documented shapes.

use domain::{RequestId, RunId, StepKind, WakeId};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{Error, FinishedStep, Outcome, StepError, Verdict};

use crate::support::{Reply, Server};
use crate::{CLAIM, lease, refusal, request, store_at};

#[tokio::test]
async fn claim_is_sent_and_decoded_as_documented() {
    let server = Server::replying(vec![Reply::Json(
        200,
        json!([{"run_id": 12, "step_key": "collect", "kind": "tool", "title": "Collect", "lease_epoch": 3,
            "attempt": 1, "max_attempts": 3, "timeout_seconds": 300,
            "workspace_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "goal_id": null, "request_id": 5,
            "input": {"tool": "sql"}, "context": {"now": "2026-11-22T16:00:00+00:00"}}]),
    )])
    .await;
    let steps = store_at(&server.url)
        .claim_steps(&CLAIM, Some(WakeId(17)))
        .await
        .unwrap();
    assert_eq!(steps[0].lease(), lease());
    assert_eq!((steps[0].kind, steps[0].goal_id), (StepKind::Tool, None));
    assert_eq!(steps[0].input["tool"], "sql");
    let received = &server.received()[0];
    assert_eq!(received.method, "POST");
    assert_eq!(received.path, "/rest/v1/rpc/claim_steps");
    assert_eq!(received.header("content-profile"), Some("goalpost_worker"));
    assert_eq!(received.header("apikey"), Some("sb_publishable_local"));
    assert_eq!(
        received.header("authorization"),
        Some("Bearer worker.token")
    );
    assert_eq!(
        received.body,
        json!({"p_kinds": ["agent", "tool"], "p_limit": 10, "p_lease_seconds": 30,
            "p_worker": "executor/1", "p_wake_id": 17, "p_holding": null, "p_run_id": null})
    );
}

#[tokio::test]
async fn outcomes_are_sent_and_verdicts_decoded() {
    let judged = |verdict: &str| json!({"run_id": 12, "step_key": "collect", "verdict": verdict, "message": null});
    let outcomes = ["accepted", "repeated", "lease_lost", "accepted", "refused"].map(judged);
    let reply = json!({"outcomes": outcomes, "claimed": []});
    let server = Server::replying(vec![Reply::Json(200, reply)]).await;
    let finished = [
        Outcome::Completed {
            result: json!({"text": "done"}),
        },
        Outcome::failed(StepError::retryable("model_busy", "try again")),
        Outcome::Waiting {
            resume_after_seconds: 60,
        },
        Outcome::Suspended,
        Outcome::Released,
    ]
    .map(|outcome| FinishedStep {
        calls: Default::default(),
        lease: lease(),
        outcome,
    });
    let reply = store_at(&server.url)
        .finish_steps(&finished, &CLAIM)
        .await
        .unwrap();
    let verdicts: Vec<Verdict> = reply.outcomes.iter().map(|judged| judged.verdict).collect();
    assert_eq!(
        verdicts,
        [
            Verdict::Accepted,
            Verdict::Repeated,
            Verdict::LeaseLost,
            Verdict::Accepted,
            Verdict::Refused
        ]
    );
    let step = json!({"run_id": 12, "step_key": "collect", "lease_epoch": 3});
    let with = |more: Value| {
        let mut step = step.as_object().unwrap().clone();
        step.extend(more.as_object().unwrap().clone());
        Value::Object(step)
    };
    assert_eq!(
        server.received()[0].body["p_outcomes"],
        json!([
            with(json!({"outcome": "completed", "result": {"text": "done"}})),
            with(
                json!({"outcome": "failed", "error": {"code": "model_busy", "message": "try again",
                "retryable": true, "retry_after_seconds": null}})
            ),
            with(json!({"outcome": "waiting", "resume_after_seconds": 60})),
            with(json!({"outcome": "waiting", "for": "others"})),
            with(json!({"outcome": "released"})),
        ])
    );
}

#[tokio::test]
async fn each_sqlstate_becomes_its_variant() {
    for (status, code, expected) in [
        (400, "ZG001", "not_found"),
        (400, "ZG002", "not_allowed"),
        (403, "42501", "not_allowed"),
        (400, "ZG003", "invalid_input"),
        (400, "ZG004", "conflict"),
        (400, "ZG005", "plan_refused"),
        (400, "ZG006", "too_many_requests"),
        (400, "ZG007", "payload_too_large"),
        (400, "ZG008", "query_refused"),
        (400, "ZG009", "lease_lost"),
        (401, "PGRST301", "unauthorized"),
        (401, "PGRST302", "unauthorized"),
        (401, "PGRST303", "unauthorized"),
        (401, "", "unauthorized"),
        (500, "40001", "database_unavailable"),
        (500, "40P01", "database_unavailable"),
        (500, "55P03", "database_unavailable"),
        (500, "57014", "database_unavailable"),
        (503, "08006", "database_unavailable"),
        (503, "53300", "database_unavailable"),
        (503, "PGRST002", "database_unavailable"),
        (502, "", "database_unavailable"),
        (409, "23505", "database_rejected"),
        (404, "PGRST202", "database_rejected"),
        (500, "XX000", "database_rejected"),
        (404, "", "database_rejected"),
    ] {
        let server = Server::replying(vec![Reply::Json(status, refusal(code))]).await;
        let error = store_at(&server.url)
            .claim_steps(&CLAIM, None)
            .await
            .unwrap_err();
        assert_eq!(error.code(), expected, "{status} {code}");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}

#[tokio::test]
async fn refused_plan_lists_its_problems() {
    for details in [
        json!("no such tool\nkeys repeat"),
        json!("[\"no such tool\", {\"message\": \"keys repeat\", \"code\": \"x\"}]"),
    ] {
        let body = json!({"code": "ZG005", "message": "refused", "details": details});
        let server = Server::replying(vec![Reply::Json(400, body)]).await;
        let Error::PlanRefused { problems, .. } = store_at(&server.url).sweep().await.unwrap_err()
        else {
            panic!("not a refused plan");
        };
        assert_eq!(problems, ["no such tool", "keys repeat"]);
    }
}

#[tokio::test]
async fn accepted_request_and_row_are_decoded() {
    let server = Server::start(|request| async move {
        match request.method.as_str() {
            "POST" => Reply::Json(
                200,
                json!({"request_id": 5, "run_id": 12, "state": "accepted", "repeated": false}),
            ),
            _ => Reply::Json(
                200,
                json!([{"id": 5, "state": "answered", "answer": {"n": 3}, "answer_text": "3",
                    "goal_id": null, "reason": null}]),
            ),
        }
    })
    .await;
    let store = store_at(&server.url);
    let caller = SecretString::from("caller.token");
    let accepted = store
        .accept_request(&caller, &request(Some("k")))
        .await
        .unwrap();
    assert_eq!((accepted.run_id, accepted.repeated), (RunId(12), false));
    let row = store
        .read_request(&caller, accepted.request_id)
        .await
        .unwrap();
    assert_eq!(row.answer_text.as_deref(), Some("3"));
    let read = &server.received()[1];
    assert_eq!(read.header("accept-profile"), Some("goalpost"));
    assert!(read.path.starts_with("/rest/v1/requests?"));
    assert!(read.path.contains("id=eq.5"));
}

#[tokio::test]
async fn invisible_request_is_not_found() {
    let server = Server::replying(vec![Reply::Json(200, json!([]))]).await;
    let error = store_at(&server.url)
        .read_request(&SecretString::from("caller.token"), RequestId(5))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "not_found");
}

//! Calls against an API that answers as PostgREST documents, and against one that does not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{LeaseEpoch, RequestId, RunId, StepKind, WakeId};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use store::{
    Claim, Config, Effect, Error, FinishedStep, Freshness, Lease, NewRequest, Outcome, StepError,
    Store, Verdict,
};
use support::{Reply, Server};

const CLAIM: Claim<'static> = Claim {
    kinds: &[StepKind::Agent, StepKind::Tool],
    limit: 10,
    lease_seconds: 30,
    worker: "executor/1",
    holding: &[],
    reply_was_lost: false,
    run_id: None,
};

fn store_at(url: &str) -> Store {
    store_with(url, Duration::from_secs(10), |_| "worker.token".to_owned())
}

fn store_with(
    url: &str,
    timeout: Duration,
    token: impl Fn(Freshness) -> String + Send + Sync + 'static,
) -> Store {
    let mut config = Config::new(url.to_owned(), "sb_publishable_local".to_owned());
    config.timeout = timeout;
    config.claim_timeout = timeout;
    let source = move |freshness| {
        let token = token(freshness);
        async move { Ok(SecretString::from(token)) }
    };
    Store::new(config, Arc::new(source)).unwrap()
}

fn refusal(code: &str) -> Value {
    json!({"code": code, "message": "a reason", "details": "row (secret)", "hint": "do so"})
}

fn lease() -> Lease {
    Lease {
        run_id: RunId(12),
        step_key: "collect".parse().unwrap(),
        lease_epoch: LeaseEpoch(3),
    }
}

#[tokio::test]
async fn a_claim_is_sent_as_the_sql_function_takes_it_and_its_steps_are_decoded() {
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
async fn outcomes_are_sent_in_their_documented_shapes_and_verdicts_are_decoded() {
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
async fn the_problems_of_a_refused_plan_are_listed() {
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
async fn a_refused_worker_token_is_renewed_once_and_the_call_repeated() {
    let server = Server::replying(vec![
        Reply::Json(401, refusal("PGRST303")),
        Reply::Json(200, json!({"wakes_sent": 2})),
    ])
    .await;
    let store = store_with(&server.url, Duration::from_secs(10), |freshness| {
        format!("{freshness:?}.token")
    });
    assert_eq!(store.sweep().await.unwrap().wakes_sent, 2);
    let tokens: Vec<String> = server
        .received()
        .iter()
        .map(|request| request.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(tokens, ["Bearer Cached.token", "Bearer Renewed.token"]);
}

#[tokio::test]
async fn a_token_that_stays_refused_is_renewed_no_second_time() {
    let server = Server::replying(vec![Reply::Json(401, refusal("PGRST301"))]).await;
    let renewals = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&renewals);
    let store = store_with(&server.url, Duration::from_secs(10), move |freshness| {
        if freshness == Freshness::Renewed {
            counter.fetch_add(1, Ordering::SeqCst);
        }
        "worker.token".to_owned()
    });
    assert_eq!(store.sweep().await.unwrap_err().code(), "unauthorized");
    assert_eq!(renewals.load(Ordering::SeqCst), 1);
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_persons_refused_token_is_not_replaced_by_the_workers() {
    let server = Server::replying(vec![Reply::Json(401, refusal("PGRST303"))]).await;
    let caller = SecretString::from("caller.token");
    let error = store_at(&server.url)
        .read_request(&caller, RequestId(5))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "unauthorized");
    assert_eq!(server.received().len(), 1);
    assert_eq!(
        server.received()[0].header("authorization"),
        Some("Bearer caller.token")
    );
}

#[tokio::test]
async fn a_token_that_cannot_stand_in_a_header_is_refused_without_a_call() {
    let server = Server::replying(vec![Reply::Json(200, json!([]))]).await;
    for token in ["", "a b", "a\r\nx: y", "ä", "a\0"] {
        let error = store_at(&server.url)
            .read_request(&SecretString::from(token), RequestId(5))
            .await
            .unwrap_err();
        assert_eq!(error.code(), "unauthorized", "{token:?}");
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_call_that_is_safe_to_repeat_is_repeated_twice_at_most() {
    let busy = Reply::Json(503, refusal("53300"));
    let server = Server::replying(vec![
        busy.clone(),
        Reply::Hangup,
        Reply::Json(200, json!({})),
    ])
    .await;
    assert!(store_at(&server.url).sweep().await.is_ok());
    assert_eq!(server.received().len(), 3);

    let server = Server::replying(vec![busy]).await;
    let error = store_at(&server.url).sweep().await.unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn a_claim_whose_reply_was_lost_is_repeated_and_tells_what_is_held() {
    let held = [Lease {
        run_id: RunId(7),
        step_key: "a".parse().unwrap(),
        lease_epoch: LeaseEpoch(3),
    }];
    let claim = Claim {
        holding: &held,
        ..CLAIM
    };
    for lost in [Reply::Hangup, Reply::Text(502, String::new())] {
        let server = Server::replying(vec![lost, Reply::Json(200, json!([]))]).await;
        let claimed = store_at(&server.url).claim_steps(&claim, None).await;
        assert!(claimed.unwrap().is_empty());
        let received = server.received();
        assert_eq!(received.len(), 2);
        assert_eq!(
            received[0].body["p_holding"],
            json!(null),
            "the first call hands out nothing twice"
        );
        assert_eq!(received[1].body["p_holding"][0]["step_key"], "a");
    }
}

#[tokio::test]
async fn a_report_after_one_that_was_lost_tells_what_is_held_at_once() {
    let reply = json!({"outcomes": [], "claimed": []});
    let server = Server::replying(vec![Reply::Json(200, reply)]).await;
    let claim = Claim {
        reply_was_lost: true,
        ..CLAIM
    };
    store_at(&server.url)
        .finish_steps(&[], &claim)
        .await
        .unwrap();
    assert_eq!(server.received()[0].body["p_holding"], json!([]));
}

#[tokio::test]
async fn a_statement_over_its_time_limit_is_not_repeated() {
    let server = Server::replying(vec![Reply::Json(500, refusal("57014"))]).await;
    assert!(store_at(&server.url).sweep().await.is_err());
    assert_eq!(server.received().len(), 1);
}

fn request(key: Option<&str>) -> NewRequest {
    NewRequest {
        workspace_id: "3f2504e0-4f89-41d3-9a0c-0305e82c3301".parse().unwrap(),
        question: "How many orders?".to_owned(),
        idempotency_key: key.map(str::to_owned),
        context: Map::new(),
        runbook: None,
        parameters: Map::new(),
        budget: Map::new(),
    }
}

#[tokio::test]
async fn a_request_is_repeated_only_with_an_idempotency_key() {
    let caller = SecretString::from("caller.token");
    for (key, tries) in [(None, 1), (Some("order-66"), 3)] {
        let server = Server::replying(vec![Reply::Hangup]).await;
        let accepted = store_at(&server.url)
            .accept_request(&caller, &request(key))
            .await;
        assert!(accepted.is_err());
        assert_eq!(server.received().len(), tries);
        assert_eq!(
            server.received()[0].header("content-profile"),
            Some("goalpost")
        );
    }
}

#[tokio::test]
async fn an_accepted_request_and_its_row_are_decoded() {
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
async fn a_request_that_the_caller_may_not_see_is_not_found() {
    let server = Server::replying(vec![Reply::Json(200, json!([]))]).await;
    let error = store_at(&server.url)
        .read_request(&SecretString::from("caller.token"), RequestId(5))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "not_found");
}

#[tokio::test]
async fn a_server_that_never_answers_runs_into_the_time_limit() {
    let server = Server::replying(vec![Reply::Silence]).await;
    let store = store_with(&server.url, Duration::from_millis(50), |_| "t".to_owned());
    let error = store.claim_steps(&CLAIM, None).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unavailable {
                effect: Effect::Unknown,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_without_effect() {
    // Port 1 is reserved and has no listener.
    let error = store_at("http://127.0.0.1:1")
        .claim_steps(&CLAIM, None)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unavailable {
                effect: Effect::None,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn replies_of_another_shape_are_errors_that_quote_nothing() {
    for body in [
        "",
        "<html>secret</html>",
        "{\"secret\":1}",
        "[{\"run_id\":\"secret\"}]",
    ] {
        let server = Server::replying(vec![Reply::Text(200, body.to_owned())]).await;
        let error = store_at(&server.url)
            .claim_steps(&CLAIM, None)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "database_reply_malformed");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_reply_over_the_limit_is_not_read_to_its_end() {
    let long = format!("{{{}}}", " ".repeat(store::MAX_REPLY_BYTES));
    let server = Server::replying(vec![Reply::Text(200, long)]).await;
    let error = store_at(&server.url).sweep().await.unwrap_err();
    assert_eq!(error.code(), "database_reply_malformed");
}

#[tokio::test]
async fn a_missing_worker_token_is_told_without_a_call() {
    let server = Server::replying(vec![Reply::Json(200, json!({}))]).await;
    let config = Config::new(server.url.clone(), "sb_publishable_local".to_owned());
    let source = |_| async {
        Err(store::TokenError {
            message: "no parameter /goalpost/local/worker_token".to_owned(),
        })
    };
    let store = Store::new(config, Arc::new(source)).unwrap();
    let error = store.sweep().await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("worker_token"));
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_configuration_that_cannot_be_sent_is_refused_at_once() {
    for (url, key) in [
        ("abc.supabase.co", "k"),
        ("https://", "k"),
        ("https://a b", "k"),
        ("https://abc.supabase.co", "k\n"),
        ("https://abc.supabase.co", ""),
    ] {
        let source = |_| async { Ok(SecretString::from("t")) };
        let config = Config::new(url.to_owned(), key.to_owned());
        let error = Store::new(config, Arc::new(source)).unwrap_err();
        assert_eq!(error.code(), "misconfigured", "{url} {key}");
    }
}

#[tokio::test]
async fn connections_of_its_own_reach_the_same_project_with_the_same_token() {
    let server = Server::replying(vec![Reply::Json(
        200,
        json!([{"run_id": 12, "step_key": "collect", "held": false}]),
    )])
    .await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let store = store_with(&server.url, Duration::from_secs(10), move |freshness| {
        log.lock().unwrap().push(freshness);
        "worker.token".to_owned()
    });
    let held = store
        .with_own_connections()
        .heartbeat_steps(&[lease()], 30)
        .await
        .unwrap();
    assert!(!held[0].held);
    assert_eq!(*seen.lock().unwrap(), [Freshness::Cached]);
    assert_eq!(
        server.received()[0].body["p_leases"][0],
        json!({"run_id": 12, "step_key": "collect", "lease_epoch": 3})
    );
}

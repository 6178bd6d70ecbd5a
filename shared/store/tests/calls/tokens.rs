//! Tokens: renewal, refusal, and none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::RequestId;
use secrecy::SecretString;
use serde_json::json;
use store::{Config, Freshness, Store};

use crate::support::{Reply, Server};
use crate::{lease, refusal, store_at, store_with};

#[tokio::test]
async fn refused_worker_token_is_renewed_once() {
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
async fn token_is_renewed_only_once() {
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
async fn refused_person_token_is_never_replaced() {
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
async fn unsendable_token_is_refused_without_a_call() {
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
async fn missing_worker_token_fails_without_a_call() {
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
async fn unsendable_configuration_is_refused() {
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
async fn own_connections_share_project_and_token() {
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

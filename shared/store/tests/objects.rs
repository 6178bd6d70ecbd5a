//! Objects against a Storage that answers as documented, and against one that does not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;
use store::{Config, Effect, Error, Freshness, MAX_OBJECT_BYTES, Store};
use support::{Reply, Server};

fn store_at(url: &str) -> Store {
    store_with(url, |_| "worker.token".to_owned())
}

fn store_with(url: &str, token: impl Fn(Freshness) -> String + Send + Sync + 'static) -> Store {
    let mut config = Config::new(url.to_owned(), "sb_publishable_local".to_owned());
    config.timeout = Duration::from_millis(500);
    let source = move |freshness| {
        let token = token(freshness);
        async move { Ok(SecretString::from(token)) }
    };
    Store::new(config, Arc::new(source)).unwrap()
}

fn refusal(status: &str, code: &str) -> Reply {
    Reply::Json(
        400,
        json!({"statusCode": status, "code": code, "error": "older", "message": "a reason"}),
    )
}

#[tokio::test]
async fn object_is_put_without_overwriting() {
    let server = Server::replying(vec![Reply::Json(200, json!({"Key": "k", "Id": "i"}))]).await;
    let store = store_at(&server.url);
    let bytes = b"{\"a\":1}".to_vec();
    store
        .put_object("w/12/collect/a.json", bytes, "application/json")
        .await
        .unwrap();
    let received = &server.received()[0];
    assert_eq!(
        (received.method.as_str(), received.path.as_str()),
        ("POST", "/storage/v1/object/goalpost/w/12/collect/a.json")
    );
    assert_eq!(received.header("apikey"), Some("sb_publishable_local"));
    assert_eq!(
        received.header("authorization"),
        Some("Bearer worker.token")
    );
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("x-upsert"), None);
    assert_eq!(received.body, json!({"a": 1}));
}

#[tokio::test]
async fn object_is_read_at_authenticated_address() {
    let server = Server::replying(vec![Reply::Text(200, "bytes".to_owned())]).await;
    let read = store_at(&server.url).get_object("w/a.json").await;
    assert_eq!(read, Ok(b"bytes".to_vec()));
    let received = &server.received()[0];
    assert_eq!(
        (received.method.as_str(), received.path.as_str()),
        ("GET", "/storage/v1/object/authenticated/goalpost/w/a.json")
    );
}

#[tokio::test]
async fn existing_object_counts_as_put() {
    for reply in [
        refusal("409", "KeyAlreadyExists"),
        refusal("409", "ResourceAlreadyExists"),
        Reply::Json(
            400,
            json!({"statusCode": "409", "error": "Duplicate", "message": "m"}),
        ),
        Reply::Json(409, json!({})),
    ] {
        let server = Server::replying(vec![reply.clone()]).await;
        let put = store_at(&server.url)
            .put_object("a", vec![1], "text/plain")
            .await;
        assert_eq!(put, Ok(()), "{reply:?}");
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test]
async fn storage_errors_are_read_from_the_body() {
    let older = |status: &str| {
        Reply::Json(
            400,
            json!({"statusCode": status, "error": "e", "message": "a reason"}),
        )
    };
    for (reply, code) in [
        (refusal("404", "NoSuchKey"), "not_found"),
        (refusal("404", "NoSuchBucket"), "not_found"),
        (older("404"), "not_found"),
        (Reply::Text(404, String::new()), "not_found"),
        (refusal("403", "AccessDenied"), "not_allowed"),
        (older("403"), "not_allowed"),
        (refusal("400", "InvalidJWT"), "unauthorized"),
        (
            Reply::Json(401, json!({"message": "No API key found in request"})),
            "unauthorized",
        ),
        (refusal("413", "EntityTooLarge"), "payload_too_large"),
        (
            Reply::Text(413, "too large".to_owned()),
            "payload_too_large",
        ),
        (refusal("400", "InvalidKey"), "database_rejected"),
        (refusal("415", "InvalidMimeType"), "database_rejected"),
        (refusal("423", "ResourceLocked"), "database_unavailable"),
        (
            Reply::Json(544, json!({"statusCode": "544", "message": "m"})),
            "database_unavailable",
        ),
        (
            Reply::Text(502, "<html>".to_owned()),
            "database_unavailable",
        ),
        (Reply::Text(429, String::new()), "database_unavailable"),
        (Reply::Hangup, "database_unavailable"),
        (Reply::Silence, "database_unavailable"),
    ] {
        let server = Server::replying(vec![reply.clone()]).await;
        let error = store_at(&server.url).get_object("a").await.unwrap_err();
        assert_eq!(error.code(), code, "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn only_transient_failures_are_retried() {
    let gone = Reply::Text(503, String::new());
    let fine = Reply::Json(200, json!(7));
    for (replies, requests, is_read) in [
        (vec![gone.clone(), Reply::Hangup, fine.clone()], 3, true),
        (vec![gone.clone()], 3, false),
        (vec![refusal("404", "NoSuchKey"), fine.clone()], 1, false),
        (vec![refusal("400", "InvalidKey"), fine], 1, false),
    ] {
        let server = Server::replying(replies).await;
        let read = store_at(&server.url).get_object("a").await;
        assert_eq!(read.is_ok(), is_read, "{read:?}");
        assert_eq!(server.received().len(), requests);
    }
    let server = Server::replying(vec![gone]).await;
    let put = store_at(&server.url)
        .put_object("a", vec![1], "text/plain")
        .await;
    let effect = match put.unwrap_err() {
        Error::Unavailable { effect, .. } => effect,
        other => panic!("{other}"),
    };
    assert_eq!((effect, server.received().len()), (Effect::Unknown, 3));
}

#[tokio::test]
async fn refused_right_is_retried_with_new_token() {
    for (second, code) in [
        (Reply::Json(200, json!(1)), None),
        (refusal("403", "AccessDenied"), Some("not_allowed")),
    ] {
        let server = Server::replying(vec![refusal("403", "AccessDenied"), second]).await;
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let store = store_with(&server.url, move |freshness| {
            counted.fetch_add(1, Ordering::SeqCst);
            format!("token.{freshness:?}")
        });
        let read = store.get_object("a").await;
        assert_eq!(read.err().map(|error| error.code()), code);
        let tokens: Vec<_> = server
            .received()
            .iter()
            .map(|request| request.header("authorization").unwrap().to_owned())
            .collect();
        assert_eq!(tokens, ["Bearer token.Cached", "Bearer token.Renewed"]);
    }
}

#[tokio::test]
async fn unsafe_object_name_is_refused_unsent() {
    let server = Server::replying(vec![Reply::Json(200, json!(1))]).await;
    let store = store_at(&server.url);
    let long = "a".repeat(1_001);
    for path in [
        "", "/", "a/", "/a", "a//b", "..", "a/../b", ".", "a/.", "a?b", "a#b", "a%2e", "a b", "ä",
        "a\\b", "a\0", &long,
    ] {
        let read = store.get_object(path).await.unwrap_err();
        let put = store
            .put_object(path, vec![1], "text/plain")
            .await
            .unwrap_err();
        assert_eq!(
            (read.code(), put.code()),
            ("invalid_input", "invalid_input"),
            "{path:?}"
        );
    }
    let put = store
        .put_object("a", vec![1], "text/plain\r\nx-upsert: true")
        .await;
    assert_eq!(put.unwrap_err().code(), "invalid_input");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn object_size_is_bounded_both_ways() {
    let server = Server::replying(vec![Reply::Text(200, "x".repeat(MAX_OBJECT_BYTES + 1))]).await;
    let store = store_at(&server.url);
    let put = store
        .put_object("a", vec![0; MAX_OBJECT_BYTES + 1], "text/plain")
        .await;
    assert_eq!(put.unwrap_err().code(), "payload_too_large");
    assert!(server.received().is_empty(), "nothing was sent");
    let read = store.get_object("a").await.map(|bytes| bytes.len());
    assert_eq!(read.unwrap_err().code(), "object_damaged");
}

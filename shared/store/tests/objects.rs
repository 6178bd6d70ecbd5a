//! How objects and payloads behave towards a Storage that answers as documented, and towards one that does not.
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

use domain::{RunId, StepKey, WorkspaceId};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{Config, Effect, Error, Freshness, MAX_OBJECT_BYTES, Store};
use support::{Reply, Server};

const WORKSPACE: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
/// In bytes of JSON text; larger values become objects here.
const LIMIT: usize = 60;

fn store_at(url: &str) -> Store {
    store_with(url, |_| "worker.token".to_owned())
}

fn store_with(url: &str, token: impl Fn(Freshness) -> String + Send + Sync + 'static) -> Store {
    let mut config = Config::new(url.to_owned(), "sb_publishable_local".to_owned());
    config.timeout = Duration::from_millis(500);
    config.inline_bytes = LIMIT;
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

fn workspace() -> WorkspaceId {
    WORKSPACE.parse().unwrap()
}

fn step() -> StepKey {
    "collect".parse().unwrap()
}

async fn kept(store: &Store, value: Value) -> Result<Value, Error> {
    store
        .keep(&workspace(), RunId(12), &step(), "the answer", value)
        .await
}

/// A Storage that keeps what it is given.
async fn keeping() -> Server {
    let objects = Mutex::new(std::collections::HashMap::new());
    let objects = Arc::new(objects);
    Server::start(move |request| {
        let objects = Arc::clone(&objects);
        async move {
            let mut objects = objects.lock().unwrap();
            if request.method == "POST" {
                objects.insert(request.path.clone(), request.body);
                return Reply::Json(200, json!({"Key": "k"}));
            }
            match objects.get(&request.path.replace("/authenticated", "")) {
                Some(value) => Reply::Json(200, value.clone()),
                None => refusal("404", "NoSuchKey"),
            }
        }
    })
    .await
}

#[tokio::test]
async fn an_object_is_put_as_storage_takes_it_and_never_over_another() {
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
async fn an_object_is_read_where_an_expired_token_is_not_taken_for_none() {
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
async fn an_object_that_is_there_is_as_good_as_put() {
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
async fn what_storage_means_is_read_from_the_body_and_not_from_the_status() {
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
async fn what_passes_is_tried_again_and_what_does_not_is_not() {
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
async fn a_refused_right_is_asked_for_once_more_with_a_new_token() {
    for (second, code) in [
        (Reply::Json(200, json!(1)), None),
        (refusal("403", "AccessDenied"), Some("not_allowed")),
    ] {
        let server = Server::replying(vec![refusal("403", "AccessDenied"), second]).await;
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
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
async fn no_name_leads_elsewhere_and_nothing_is_sent_for_one_that_would() {
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
async fn sizes_are_bounded_both_ways() {
    let server = Server::replying(vec![Reply::Text(200, "x".repeat(MAX_OBJECT_BYTES + 1))]).await;
    let store = store_at(&server.url);
    let put = store
        .put_object("a", vec![0; MAX_OBJECT_BYTES + 1], "text/plain")
        .await;
    assert_eq!(put.unwrap_err().code(), "payload_too_large");
    let large = kept(&store, json!("x".repeat(MAX_OBJECT_BYTES))).await;
    let large = large.unwrap_err();
    assert_eq!(large.code(), "payload_too_large");
    assert!(large.to_string().contains("the answer has"), "{large}");
    assert!(server.received().is_empty(), "nothing was sent");
    let read = store.get_object("a").await.map(|bytes| bytes.len());
    assert_eq!(read.unwrap_err().code(), "object_damaged");
}

#[tokio::test]
async fn a_small_value_stays_and_a_large_one_becomes_a_reference_that_gives_it_back() {
    let server = keeping().await;
    let store = store_at(&server.url);
    let small = json!("x".repeat(LIMIT - 2));
    assert_eq!(kept(&store, small.clone()).await, Ok(small));
    assert!(server.received().is_empty());
    let large = json!({"text": "ä".repeat(LIMIT), "more": [1, 2.5, null, {"$object": "w"}]});
    let reference = kept(&store, large.clone()).await.unwrap();
    let text = large.to_string();
    assert_eq!(reference["bytes"], text.len());
    assert_eq!(
        reference["preview"],
        text.chars().take(500).collect::<String>()
    );
    let sha256 = reference["sha256"].as_str().unwrap();
    let path = format!("{WORKSPACE}/12/collect/{sha256}.json");
    assert_eq!(reference["$object"], path);
    assert_eq!(
        server.received()[0].path,
        format!("/storage/v1/object/goalpost/{path}")
    );
    assert_eq!(
        kept(&store, large.clone()).await,
        Ok(reference.clone()),
        "the same again"
    );
    assert_eq!(store.fetch(&workspace(), reference).await, Ok(large));
}

#[tokio::test]
async fn the_preview_ends_at_500_characters_and_the_hash_is_that_of_the_text() {
    let server = keeping().await;
    let store = store_at(&server.url);
    let reference = kept(&store, json!("a".repeat(2_000))).await.unwrap();
    assert_eq!(reference["preview"].as_str().unwrap().chars().count(), 500);
    // printf '"%s"' "$(head -c 2000 /dev/zero | tr '\0' a)" | sha256sum
    assert_eq!(reference["sha256"], SHA256_OF_2000_A);
}

const SHA256_OF_2000_A: &str = "820bb34e40d9e8b1c97f5cd87fba539a63ff193532b4a3eead14acabe1bda3df";

#[tokio::test]
async fn what_is_no_reference_passes_through_unchanged() {
    let server = Server::replying(vec![refusal("404", "NoSuchKey")]).await;
    let store = store_at(&server.url);
    let hash = "a".repeat(64);
    let like = |path: &str| json!({"$object": path, "sha256": hash, "bytes": 1, "preview": ""});
    let good = format!("{WORKSPACE}/12/collect/{hash}.json");
    let mut values = vec![
        json!(null),
        json!(1),
        json!("$object"),
        json!(["$object"]),
        json!({"$object": good}),
        json!({"$object": 1}),
    ];
    for path in [
        "",
        "a",
        "../../secret",
        "w/12/collect/x.json",
        &format!("{WORKSPACE}/12/collect/{}.json", "b".repeat(64)),
        &format!("{good}/more"),
        &format!("{WORKSPACE}/x/collect/{hash}.json"),
        &format!("{WORKSPACE}/12/../{hash}.json"),
    ] {
        values.push(like(path));
    }
    let mut with_more = like(&good);
    with_more["more"] = json!(1);
    values.push(with_more);
    for value in values {
        assert_eq!(store.fetch(&workspace(), value.clone()).await, Ok(value));
    }
    assert!(server.received().is_empty(), "nothing was asked for");
}

#[tokio::test]
async fn a_value_that_looks_like_a_reference_comes_back_as_what_it_was() {
    let server = keeping().await;
    let store = store_at(&server.url);
    let hash = "a".repeat(64);
    let foreign = format!("3f2504e0-4f89-41d3-9a0c-0305e82c3302/1/a/{hash}.json");
    for forged in [
        json!({"$object": foreign, "sha256": hash, "bytes": 1, "preview": ""}),
        json!({"$object": "x"}),
    ] {
        let reference = kept(&store, forged.clone()).await.unwrap();
        assert_ne!(reference, forged);
        assert_eq!(store.fetch(&workspace(), reference).await, Ok(forged));
    }
    assert!(
        server
            .received()
            .iter()
            .all(|request| request.path.contains(WORKSPACE))
    );
}

#[tokio::test]
async fn no_reference_reaches_another_workspaces_object() {
    let server = Server::replying(vec![Reply::Json(200, json!(1))]).await;
    let store = store_at(&server.url);
    let hash = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
    let of = |workspace: &str| json!({"$object": format!("{workspace}/1/a/{hash}.json"), "sha256": hash, "bytes": 1, "preview": "1"});
    let other = "3f2504e0-4f89-41d3-9a0c-0305e82c3302";
    let refused = store.fetch(&workspace(), of(other)).await.unwrap_err();
    assert_eq!(refused.code(), "not_allowed");
    assert!(refused.to_string().contains(other), "{refused}");
    assert!(server.received().is_empty());
    assert_eq!(store.fetch(&workspace(), of(WORKSPACE)).await, Ok(json!(1)));
    let upper: WorkspaceId = WORKSPACE.to_uppercase().parse().unwrap();
    assert_eq!(store.fetch(&upper, of(WORKSPACE)).await, Ok(json!(1)));
}

#[tokio::test]
async fn an_object_that_is_not_what_was_put_is_named_and_not_believed() {
    let hash = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"; // of `1`
    let path = format!("{WORKSPACE}/1/a/{hash}.json");
    let reference = json!({"$object": path, "sha256": hash, "bytes": 1, "preview": "1"});
    for (text, reason) in [("12", "bytes"), ("", "bytes"), ("2", "hash")] {
        let server = Server::replying(vec![Reply::Text(200, text.to_owned())]).await;
        let error = store_at(&server.url)
            .fetch(&workspace(), reference.clone())
            .await
            .unwrap_err();
        let shown = error.to_string();
        assert!(
            matches!(&error, Error::ObjectDamaged { path: named, .. } if *named == path),
            "{shown}"
        );
        assert!(shown.contains(reason) && !error.is_retryable(), "{shown}");
    }
}

//! Values that are too large for a row, and values that look like references.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use domain::{RunId, StepKey, WorkspaceId};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{Config, Error, MAX_OBJECT_BYTES, Store};
use support::{Reply, Server};

const WORKSPACE: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
/// In bytes of JSON text; larger values become objects here.
const LIMIT: usize = 60;

fn store_at(url: &str) -> Store {
    let mut config = Config::new(url.to_owned(), "sb_publishable_local".to_owned());
    config.inline_bytes = LIMIT;
    let source = |_| async { Ok(SecretString::from("worker.token")) };
    Store::new(config, Arc::new(source)).unwrap()
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

fn gone() -> Reply {
    Reply::Json(
        400,
        json!({"statusCode": "404", "error": "not_found", "message": "Object not found"}),
    )
}

/// Starts a Storage that keeps objects.
async fn keeping() -> Server {
    let objects = Mutex::new(HashMap::new());
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
                None => gone(),
            }
        }
    })
    .await
}

#[tokio::test]
async fn large_value_becomes_reference_and_comes_back() {
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
async fn reference_has_preview_and_text_hash() {
    let server = keeping().await;
    let store = store_at(&server.url);
    let reference = kept(&store, json!("a".repeat(2_000))).await.unwrap();
    assert_eq!(reference["preview"].as_str().unwrap().chars().count(), 500);
    // printf '"%s"' "$(head -c 2000 /dev/zero | tr '\0' a)" | sha256sum
    assert_eq!(reference["sha256"], SHA256_OF_2000_A);
}

const SHA256_OF_2000_A: &str = "820bb34e40d9e8b1c97f5cd87fba539a63ff193532b4a3eead14acabe1bda3df";

#[tokio::test]
async fn other_values_pass_through_unchanged() {
    let server = Server::replying(vec![gone()]).await;
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
    assert!(server.received().is_empty(), "nothing was requested");
}

#[tokio::test]
async fn value_like_a_reference_comes_back_unchanged() {
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
async fn reference_cannot_reach_other_workspace() {
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
async fn damaged_object_is_reported() {
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

#[tokio::test]
async fn oversized_value_is_refused_unsent() {
    let server = keeping().await;
    let store = store_at(&server.url);
    let large = json!("x".repeat(MAX_OBJECT_BYTES - 1));
    let error = kept(&store, large).await.unwrap_err();
    assert_eq!(error.code(), "payload_too_large");
    assert!(error.to_string().contains("the answer has"), "{error}");
    assert!(server.received().is_empty());
}

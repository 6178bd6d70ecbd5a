//! Tests of the functions' payloads (`store::Store::keep` and `fetch`) in the migrations' own bucket, over the real
//! HTTP of this Storage: the rights that the policies give to functions and to people.

use crate::support::{Database, Gateway, sent};
use domain::{RunId, StepKey, WorkspaceId};
use local_supabase::keys::ProjectKeys;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use store::{Config, Freshness, MAX_OBJECT_BYTES, Store};
use uuid::Uuid;

const MIA: Uuid = Uuid::from_u128(0x1);
const SAM: Uuid = Uuid::from_u128(0x2);
const ACME: &str = "00000000-0000-4000-8000-0000000000aa";
const ELSEWHERE: &str = "00000000-0000-4000-8000-0000000000bb";
const SHORT: Duration = Duration::from_secs(60);

struct Stage {
    database: Database,
    gateway: Gateway,
    store: Store,
}

impl Stage {
    async fn new() -> Self {
        let database = Database::migrated().await;
        let people = format!(
            "insert into auth.users (id, email) values ('{MIA}', 'mia@example.com'), ('{SAM}', 'sam@example.com');
             insert into goalpost.workspaces (id, name) values ('{ACME}', 'acme'), ('{ELSEWHERE}', 'elsewhere');
             insert into goalpost.members (workspace_id, user_id, role)
             values ('{ACME}', '{MIA}', 'viewer'), ('{ELSEWHERE}', '{SAM}', 'owner')"
        );
        database.superuser.batch_execute(&people).await.unwrap();
        let gateway = Gateway::over(&database).await;
        let store = store(&gateway.url, &gateway.keys, |keys, _| {
            keys.mint_worker_token(SHORT)
        });
        Self {
            database,
            gateway,
            store,
        }
    }

    async fn kept(&self, value: Value) -> Value {
        let (workspace, step) = (acme(), step());
        let kept = self
            .store
            .keep(&workspace, RunId(7), &step, "the answer", value);
        kept.await.unwrap()
    }

    fn object(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/storage/v1/object/goalpost/{path}", self.gateway.url);
        let request = self.gateway.http.request(method, url);
        request.header("apikey", self.gateway.keys.publishable_key())
    }

    fn as_person(&self, person: Uuid, method: Method, path: &str) -> reqwest::RequestBuilder {
        let token = self
            .gateway
            .keys
            .mint_user_token(person, "p@example.com", SHORT);
        self.object(method, path).bearer_auth(token.expose_secret())
    }

    fn as_worker(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let token = self.gateway.keys.mint_worker_token(SHORT);
        self.object(method, path).bearer_auth(token.expose_secret())
    }

    async fn end(self) {
        self.gateway.stop().await;
        self.database.drop().await;
    }
}

fn store(
    url: &str,
    keys: &ProjectKeys,
    token: impl Fn(&ProjectKeys, Freshness) -> secrecy::SecretString + Send + Sync + 'static,
) -> Store {
    let config = Config::new(url.to_owned(), keys.publishable_key().to_owned());
    let keys = keys.clone();
    let source = move |freshness| {
        let token = token(&keys, freshness);
        async move { Ok(token) }
    };
    Store::new(config, Arc::new(source)).unwrap()
}

fn acme() -> WorkspaceId {
    ACME.parse().unwrap()
}

fn step() -> StepKey {
    "collect".parse().unwrap()
}

fn path_of(reference: &Value) -> &str {
    reference["$object"].as_str().unwrap()
}

#[tokio::test]
async fn repeatedly_stored_value_is_fetched_whole() {
    let stage = Stage::new().await;
    let values = [
        json!({"text": "ä".repeat(100_000), "numbers": [1, 2.5, -3e20], "nothing": null}),
        json!("x".repeat(MAX_OBJECT_BYTES - 2)),
    ];
    for value in values {
        let reference = stage.kept(value.clone()).await;
        assert!(path_of(&reference).starts_with(&format!("{ACME}/7/collect/")));
        assert_eq!(stage.kept(value.clone()).await, reference, "kept again");
        let fetched = stage.store.fetch(&acme(), reference).await.unwrap();
        assert!(fetched == value, "it came back as another");
    }
    let objects = "select count(*) from storage.objects where bucket_id = 'goalpost' and metadata ->> 'mimetype' = 'application/json'";
    assert_eq!(stage.database.text(objects).await, "2");
    stage.end().await;
}

#[tokio::test]
async fn members_read_and_only_functions_write() {
    let stage = Stage::new().await;
    let value = json!("x".repeat(70_000));
    let reference = stage.kept(value.clone()).await;
    let path = path_of(&reference).to_owned();
    assert_eq!(
        sent(stage.as_person(MIA, Method::GET, &path)).await,
        (200, value)
    );
    let (_, answer) = sent(stage.as_person(SAM, Method::GET, &path)).await;
    assert_eq!(answer["statusCode"], "404", "a stranger: {answer}");
    let (_, answer) = sent(stage.object(Method::GET, &path)).await;
    assert_eq!(answer["statusCode"], "404", "the publishable key: {answer}");
    let own = format!("{ELSEWHERE}/7/collect/mine.json");
    for (person, path) in [(MIA, &path), (SAM, &path), (SAM, &own)] {
        let (_, answer) = sent(stage.as_person(person, Method::PUT, path).body("1")).await;
        assert_eq!(answer["statusCode"], "403", "{person} {path}: {answer}");
        let (_, answer) = sent(stage.as_person(person, Method::POST, path).body("1")).await;
        assert_eq!(answer["statusCode"], "403", "{person} {path}: {answer}");
        let (_, answer) = sent(stage.as_person(person, Method::DELETE, path)).await;
        assert_eq!(answer["statusCode"], "404", "{person} {path}: {answer}");
    }
    stage.end().await;
}

#[tokio::test]
async fn functions_cannot_change_delete_or_misplace_objects() {
    let stage = Stage::new().await;
    let value = json!("x".repeat(70_000));
    let reference = stage.kept(value.clone()).await;
    let path = path_of(&reference).to_owned();
    for request in [
        stage.as_worker(Method::PUT, &path).body("1"),
        stage
            .as_worker(Method::POST, &path)
            .header("x-upsert", "true")
            .body("1"),
    ] {
        let (_, answer) = sent(request).await;
        assert_eq!(answer["statusCode"], "403", "{answer}");
    }
    // Only objects of deleted work are there to be deleted.
    let (_, answer) = sent(stage.as_worker(Method::DELETE, &path)).await;
    assert_eq!(answer["statusCode"], "404", "{answer}");
    stage
        .database
        .superuser
        .batch_execute("insert into storage.buckets (id, name) values ('other', 'other')")
        .await
        .unwrap();
    let (_, answer) = sent(
        stage
            .as_worker(Method::POST, &format!("../other/{path}"))
            .body("1"),
    )
    .await;
    assert_eq!(answer["statusCode"], "403", "{answer}");
    let large = vec![b'1'; MAX_OBJECT_BYTES + 1];
    let (_, answer) = sent(
        stage
            .as_worker(Method::POST, &format!("{ACME}/7/collect/large"))
            .body(large),
    )
    .await;
    assert_eq!(answer["statusCode"], "413", "{answer}");
    assert_eq!(
        stage.store.fetch(&acme(), reference).await,
        Ok(value),
        "it is as it was"
    );
    stage.end().await;
}

#[tokio::test]
async fn expired_token_is_replaced_and_missing_bucket_named() {
    let stage = Stage::new().await;
    let store = store(
        &stage.gateway.url,
        &stage.gateway.keys,
        |keys, freshness| match freshness {
            Freshness::Cached => keys.sign(&json!({"role": "goalpost_worker", "exp": 1_000_000})),
            Freshness::Renewed => keys.mint_worker_token(SHORT),
        },
    );
    let path = format!("{ACME}/1/a/b.json");
    store
        .put_object(&path, b"1".to_vec(), "application/json")
        .await
        .unwrap();
    assert_eq!(store.get_object(&path).await, Ok(b"1".to_vec()));
    let missing = store
        .get_object(&format!("{ACME}/1/a/c.json"))
        .await
        .unwrap_err();
    assert_eq!(missing.code(), "not_found");
    let gone = "set storage.allow_delete_query = 'true'; delete from storage.objects; delete from storage.buckets";
    stage.database.superuser.batch_execute(gone).await.unwrap();
    let put = store
        .put_object(&path, b"1".to_vec(), "application/json")
        .await
        .unwrap_err();
    assert_eq!(
        (put.code(), put.to_string().contains("no bucket `goalpost`")),
        ("not_found", true),
        "{put}"
    );
    stage.end().await;
}

#[tokio::test]
async fn bytes_changed_in_the_folder_are_refused() {
    let stage = Stage::new().await;
    let reference = stage.kept(json!("x".repeat(70_000))).await;
    let folder = std::fs::read_dir(stage.gateway.objects.path().join("objects")).unwrap();
    for file in folder {
        let changed = json!("y".repeat(70_000)).to_string();
        std::fs::write(file.unwrap().path(), changed).unwrap();
    }
    let error = stage
        .store
        .fetch(&acme(), reference.clone())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "object_damaged");
    assert!(error.to_string().contains(path_of(&reference)), "{error}");
    stage.end().await;
}

//! Tests of Storage beyond single requests: roles, the place of the bytes, and concurrent writers.

use crate::support::{Database, Gateway, sent};
use futures::future::join_all;
use local_supabase::keys::ProjectKeys;
use local_supabase::storage::{Storage, StorageConfig};
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const BUCKET: &str = "insert into storage.buckets (id, name) values ('b', 'b')";

async fn stage(more: &str) -> (Database, Gateway) {
    let database = Database::with(&format!("{BUCKET}; {more}")).await;
    let gateway = Gateway::over(&database).await;
    (database, gateway)
}

async fn end(database: Database, gateway: Gateway) {
    gateway.stop().await;
    database.drop().await;
}

impl Gateway {
    fn object(&self, method: reqwest::Method, place: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/storage/v1/object/{place}", self.url);
        self.http.request(method, url)
    }

    fn as_service(&self, method: reqwest::Method, place: &str) -> reqwest::RequestBuilder {
        self.object(method, place)
            .header("apikey", self.keys.secret_key().expose_secret())
    }

    fn files(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.objects.path().join("objects")) else {
            return Vec::new();
        };
        let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }
}

/// Creates a role with a unique name: roles belong to the whole server, and tests run concurrently.
fn role_of_its_own(rights: &str) -> (String, String) {
    let role = format!("role_{}", uuid::Uuid::new_v4().simple());
    (
        role.clone(),
        format!(
            "create role {role} nologin noinherit; {}",
            rights.replace("ROLE", &role)
        ),
    )
}

#[tokio::test]
async fn custom_role_has_its_grants_and_policies() {
    let (role, setup) = role_of_its_own(
        "grant ROLE to authenticator; grant usage on schema storage to ROLE;
         grant select, insert on storage.objects to ROLE;
         create policy puts on storage.objects for insert to ROLE with check (bucket_id = 'b' and name like 'in/%');
         create policy gets on storage.objects for select to ROLE using (name like 'in/%')",
    );
    let (database, gateway) = stage(&setup).await;
    let token = gateway.keys.mint_role_token(&role, Duration::from_secs(60));
    let put = async |place: &str| {
        let request = gateway.object(reqwest::Method::POST, place);
        sent(request.bearer_auth(token.expose_secret()).body("x")).await
    };
    let (status, answer) = put("b/in/a").await;
    assert_eq!(
        (status, &answer["Key"]),
        (200, &json!("b/in/a")),
        "{answer}"
    );
    let (status, answer) = put("b/out/a").await;
    assert_eq!(
        (status, &answer["statusCode"]),
        (400, &json!("403")),
        "{answer}"
    );
    let delete = gateway.object(reqwest::Method::DELETE, "b/in/a");
    let (_, answer) = sent(delete.bearer_auth(token.expose_secret())).await;
    assert_eq!(answer["statusCode"], "403", "no right to delete: {answer}");
    let row = "select concat_ws(' ', bucket_id, name, metadata ->> 'size', metadata ->> 'mimetype') from storage.objects";
    assert_eq!(
        database.text(row).await,
        "b in/a 1 application/octet-stream"
    );
    end(database, gateway).await;
}

#[tokio::test]
async fn role_not_granted_to_authenticator_is_refused() {
    let (role, setup) = role_of_its_own(
        "grant usage on schema storage to ROLE; grant insert on storage.objects to ROLE",
    );
    let (database, gateway) = stage(&setup).await;
    for role in [role.as_str(), "postgres"] {
        let token = gateway.keys.mint_role_token(role, Duration::from_secs(60));
        let request = gateway.object(reqwest::Method::POST, "b/a");
        let (status, answer) = sent(request.bearer_auth(token.expose_secret()).body("x")).await;
        assert_eq!(
            (status, &answer["statusCode"]),
            (400, &json!("403")),
            "{role}: {answer}"
        );
    }
    assert!(gateway.files().is_empty(), "no bytes were taken");
    end(database, gateway).await;
}

#[tokio::test]
async fn expired_token_reads_public_objects_only() {
    let (database, gateway) = stage("update storage.buckets set public = true").await;
    sent(gateway.as_service(reqwest::Method::POST, "b/a").body("x")).await;
    let expired = gateway
        .keys
        .sign(&json!({"role": "service_role", "exp": 1_000_000}));
    let put = gateway
        .object(reqwest::Method::POST, "b/b")
        .bearer_auth(expired.expose_secret());
    let (status, answer) = sent(put.body("x")).await;
    assert_eq!(status, 400);
    assert_eq!(answer["message"], "\"exp\" claim timestamp check failed");
    let get = gateway
        .object(reqwest::Method::GET, "b/a")
        .bearer_auth(expired.expose_secret());
    assert_eq!(sent(get).await, (200, json!("x")));
    end(database, gateway).await;
}

#[tokio::test]
async fn names_and_rows_stay_inside_the_folder() {
    let (database, gateway) = stage("").await;
    std::fs::write(gateway.objects.path().join("secret"), "out of reach").unwrap();
    for name in [
        "%2e%2e/secret",
        "a/%2e%2e/%2e%2e/secret",
        "%2e%2e%2fsecret",
        "..%2Fsecret",
    ] {
        let put = gateway.as_service(reqwest::Method::POST, &format!("b/{name}"));
        let (_, answer) = sent(put.body("x")).await;
        assert_ne!(
            answer["Key"].as_str().map(|key| key.contains("..")),
            Some(true),
            "{name}: {answer}"
        );
        let (_, answer) =
            sent(gateway.as_service(reqwest::Method::GET, &format!("b/{name}"))).await;
        assert_ne!(answer, json!("out of reach"), "{name}");
    }
    sent(gateway.as_service(reqwest::Method::POST, "b/a").body("x")).await;
    let elsewhere =
        "set role service_role; update storage.objects set version = '../secret' where name = 'a'";
    database.superuser.batch_execute(elsewhere).await.unwrap();
    let (status, answer) = sent(gateway.as_service(reqwest::Method::GET, "b/a")).await;
    assert_eq!((status, &answer["error"]), (400, &json!("not_found")));
    database
        .superuser
        .batch_execute("reset role")
        .await
        .unwrap();
    end(database, gateway).await;
}

#[tokio::test]
async fn one_of_concurrent_writers_wins_without_leftovers() {
    let (database, gateway) = stage("").await;
    let texts: BTreeSet<String> = (0..12)
        .map(|number| number.to_string().repeat(10_000))
        .collect();
    let put = |text: &String| {
        let request = gateway
            .as_service(reqwest::Method::PUT, "b/a")
            .body(text.clone());
        sent(request)
    };
    let answers = join_all(texts.iter().map(put)).await;
    assert!(
        answers.iter().all(|(status, _)| *status == 200),
        "{answers:?}"
    );
    let get = gateway
        .as_service(reqwest::Method::GET, "b/a")
        .send()
        .await
        .unwrap();
    assert!(texts.contains(&get.text().await.unwrap()), "a mixture");
    let version = database.text("select version from storage.objects").await;
    assert_eq!(gateway.files(), [version]);
    let (status, _) = sent(gateway.as_service(reqwest::Method::DELETE, "b/a")).await;
    assert_eq!((status, gateway.files().len()), (200, 0));
    end(database, gateway).await;
}

#[tokio::test]
async fn missing_database_is_reported() {
    let keys = ProjectKeys::generate();
    let url = "postgres://missing@127.0.0.1:1/nothing".to_owned();
    let storage =
        Storage::start(StorageConfig::new(url, "/nonexistent".into(), keys.clone())).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/storage/v1/object/b/a",
        listener.local_addr().unwrap()
    );
    let serving = tokio::spawn(local_supabase::rest::serve(
        listener,
        storage.router(),
        std::future::pending(),
    ));
    let get = reqwest::Client::new().get(url);
    let (status, answer) = sent(get.header("apikey", keys.secret_key().expose_secret())).await;
    assert_eq!((status, &answer["code"]), (544, &json!("DatabaseTimeout")));
    serving.abort();
}

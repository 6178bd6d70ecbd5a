//! Tests of signed-in people's tokens: their verifiers, and the forgeries that every surface refuses.

use crate::support::{Database, Gateway, sent};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use local_supabase::keys::ProjectKeys;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const SCHEMA: &str = "
    create function whoami() returns text language sql stable as $$ select current_user || ' ' || auth.uid() $$;
    create table notes (author uuid not null default auth.uid());
    alter table notes enable row level security;
    create policy own on notes to authenticated using (author = auth.uid());
    grant select on notes to authenticated, service_role;";

/// Signs a person up; returns id and token.
async fn signed_up(gateway: &Gateway) -> (Uuid, String) {
    let request = gateway.http.post(format!("{}/auth/v1/signup", gateway.url));
    let request = request.header("apikey", gateway.keys.publishable_key());
    let person = json!({"email": "ada@example.com", "password": "engine no. 1"});
    let (status, session) = sent(request.json(&person)).await;
    assert_eq!(status, 200, "{session}");
    let id = session["user"]["id"].as_str().unwrap().parse().unwrap();
    (id, session["access_token"].as_str().unwrap().to_owned())
}

async fn key_set(gateway: &Gateway) -> Value {
    let url = format!("{}/auth/v1/.well-known/jwks.json", gateway.url);
    let (status, set) = sent(gateway.http.get(url)).await;
    assert_eq!(status, 200, "{set}");
    set
}

/// Builds one request to each surface, with the token.
fn requests(gateway: &Gateway, token: &str) -> Vec<(&'static str, reqwest::RequestBuilder)> {
    let key = gateway.keys.publishable_key();
    let get = |path: &str| {
        let request = gateway.http.get(format!("{}{path}", gateway.url));
        request.header("apikey", key).bearer_auth(token)
    };
    let call = gateway.call_as(key, "whoami", &json!({}));
    vec![
        ("function", call.bearer_auth(token)),
        ("table", get("/rest/v1/notes")),
        ("auth", get("/auth/v1/user")),
        ("storage", get("/storage/v1/bucket")),
    ]
}

#[tokio::test]
async fn key_set_is_served_without_api_key() {
    let database = Database::new().await;
    let gateway = Gateway::over(&database).await;
    let url = format!("{}/auth/v1/.well-known/jwks.json", gateway.url);
    let response = gateway.http.get(url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("cache-control"), "public, max-age=600");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(
        response.json::<Value>().await.unwrap(),
        gateway.keys.public_key_set()
    );
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn verifier_with_key_set_accepts_signed_in_person() {
    let database = Database::with(SCHEMA).await;
    let gateway = Gateway::over(&database).await;
    let (id, token) = signed_up(&gateway).await;
    let header = jsonwebtoken::decode_header(&token).unwrap();
    let set = key_set(&gateway).await;
    let mut keys = set["keys"].as_array().unwrap().iter();
    let key = keys.find(|key| key["kid"] == *header.kid.as_ref().unwrap());
    let key = key.unwrap();
    assert_eq!(key["alg"], "ES256");
    let key =
        DecodingKey::from_ec_components(key["x"].as_str().unwrap(), key["y"].as_str().unwrap());
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&["authenticated"]);
    let verified = jsonwebtoken::decode::<Value>(&token, &key.unwrap(), &rules).unwrap();
    assert_eq!(verified.claims["sub"], json!(id));
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn every_surface_accepts_both_algorithms() {
    let database = Database::with(SCHEMA).await;
    let gateway = Gateway::over(&database).await;
    let (id, token) = signed_up(&gateway).await;
    let insert = format!("insert into notes values ('{id}'), ('{}')", Uuid::new_v4());
    database.owner.batch_execute(&insert).await.unwrap();
    let claims = json!({"role": "authenticated", "sub": id});
    let older = gateway.keys.sign(&claims);
    for token in [token.as_str(), older.expose_secret()] {
        for (surface, request) in requests(&gateway, token) {
            let (status, body) = sent(request).await;
            assert_eq!(status, 200, "{surface}: {body}");
            match surface {
                "function" => assert_eq!(body, json!(format!("authenticated {id}"))),
                "table" => assert_eq!(body, json!([{"author": id}])),
                "auth" => assert_eq!(body["id"], json!(id)),
                _ => assert_eq!(body, json!([])),
            }
        }
    }
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn forged_tokens_are_refused_on_every_surface() {
    let database = Database::with(SCHEMA).await;
    let gateway = Gateway::over(&database).await;
    let (_, token) = signed_up(&gateway).await;
    for (forgery, token) in forgeries(&token, &key_set(&gateway).await) {
        for (surface, request) in requests(&gateway, &token) {
            let (status, body) = sent(request).await;
            let refusal = match surface {
                "auth" => (403, &body["error_code"], json!("bad_jwt")),
                "storage" => (400, &body["statusCode"], json!("403")),
                _ => (401, &body["code"], json!("PGRST301")),
            };
            assert_eq!(
                (status, refusal.1),
                (refusal.0, &refusal.2),
                "{forgery} {surface}: {body}"
            );
        }
    }
    gateway.stop().await;
    database.drop().await;
}

fn forgeries(token: &str, set: &Value) -> Vec<(&'static str, String)> {
    let parts = token.split('.').collect::<Vec<_>>();
    let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let mut claims = serde_json::from_slice::<Value>(&claims).unwrap();
    claims["role"] = json!("service_role");
    let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let none = encoded(&json!({"alg": "none", "typ": "JWT"}));
    let (id, life) = (Uuid::new_v4(), Duration::from_secs(60));
    let stranger = ProjectKeys::generate().mint_user_token(id, "x@example.com", life);
    let confused = |text: String, kid: Option<&str>| {
        let kid = kid.map(str::to_owned);
        let header = Header {
            kid,
            ..Header::new(Algorithm::HS256)
        };
        let key = EncodingKey::from_secret(text.as_bytes());
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    };
    let public = &set["keys"][0];
    vec![
        ("another project's key", stranger.expose_secret().to_owned()),
        (
            "a changed payload",
            format!("{}.{}.{}", parts[0], encoded(&claims), parts[2]),
        ),
        ("no signature", format!("{none}.{}.", encoded(&claims))),
        ("the key set as secret", confused(set.to_string(), None)),
        (
            "the public key as secret",
            confused(public.to_string(), public["kid"].as_str()),
        ),
    ]
}

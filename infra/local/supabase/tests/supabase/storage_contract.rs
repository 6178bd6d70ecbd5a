//! The contract of Storage: requests in order with their expected responses, run against a URL.
//!
//! The cases are independent of the server. With `SUPABASE_URL` set (and `SUPABASE_PUBLISHABLE_KEY`,
//! `SUPABASE_SECRET_KEY`, `SUPABASE_USER_TOKEN`: a token whose `sub` is 00000000-0000-4000-8000-000000000001) they run
//! against that project, which must have `storage_contract/schema.sql`; otherwise against a gateway started here.

mod cases;

use crate::support::{Database, Gateway};
use cases::{Case, Expected, Sender, cases};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use std::{env, time::Duration};
use uuid::Uuid;

const SETUP: &str = include_str!("storage_contract/schema.sql");
const PERSON: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001);

struct Target {
    url: String,
    publishable_key: String,
    secret_key: String,
    user_token: String,
    local: Option<(Database, Gateway)>,
}

impl Target {
    async fn open() -> Self {
        let Some(url) = env::var("SUPABASE_URL").ok().filter(|url| !url.is_empty()) else {
            return Self::local().await;
        };
        let var = |name| {
            env::var(name).unwrap_or_else(|_| panic!("SUPABASE_URL is set, so set {name} too"))
        };
        Self {
            url: url.trim_end_matches('/').to_owned(),
            publishable_key: var("SUPABASE_PUBLISHABLE_KEY"),
            secret_key: var("SUPABASE_SECRET_KEY"),
            user_token: var("SUPABASE_USER_TOKEN"),
            local: None,
        }
    }

    async fn local() -> Self {
        let database = Database::with(SETUP).await;
        let gateway = Gateway::over(&database).await;
        let keys = &gateway.keys;
        let token = keys.mint_user_token(PERSON, "ada@example.com", Duration::from_secs(600));
        Self {
            url: gateway.url.clone(),
            publishable_key: keys.publishable_key().to_owned(),
            secret_key: keys.secret_key().expose_secret().to_owned(),
            user_token: token.expose_secret().to_owned(),
            local: Some((database, gateway)),
        }
    }
}

async fn run(http: &reqwest::Client, target: &Target, case: &Case) -> Result<(), String> {
    let url = format!("{}/storage/v1/object/{}", target.url, case.path);
    let request = http.request(case.method.clone(), url);
    let key = &target.publishable_key;
    let mut request = match case.sender {
        Sender::WithoutToken => request,
        Sender::Anonymous => request.header("apikey", key),
        Sender::User => request
            .header("apikey", key)
            .bearer_auth(&target.user_token),
        Sender::Secret => request.header("apikey", &target.secret_key),
        Sender::Forger => {
            let token = local_supabase::keys::ProjectKeys::generate()
                .mint_role_token("service_role", Duration::from_secs(60));
            request
                .header("apikey", key)
                .bearer_auth(token.expose_secret())
        }
    };
    for (name, value) in &case.headers {
        request = request.header(*name, *value);
    }
    if case.method != Method::GET && case.method != Method::DELETE {
        request = request.body(case.body.clone());
    }
    let response = request.send().await.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type");
    let content_type = content_type.map(|value| value.to_str().unwrap().to_owned());
    let text = response.text().await.map_err(|error| error.to_string())?;
    if status != case.status {
        return Err(format!(
            "status {status} instead of {}: {text}",
            case.status
        ));
    }
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let as_expected = match &case.expected {
        Expected::Bytes(bytes, mime) => text == *bytes && content_type.as_deref() == Some(mime),
        Expected::Has(fields) => fields
            .as_object()
            .unwrap()
            .iter()
            .all(|(name, value)| body[name] == *value),
        // The code is newer than the rest, and some versions leave it out.
        Expected::Refusal(status, code, error, message) => {
            body["statusCode"] == **status
                && body["error"] == **error
                && body.get("code").is_none_or(|present| present == code)
                && message.is_none_or(|message| body["message"] == message)
        }
    };
    as_expected
        .then_some(())
        .ok_or(format!("got {text} as {content_type:?}"))
}

#[tokio::test]
async fn contract_requests_are_answered_as_by_storage() {
    let target = Target::open().await;
    let http = reqwest::Client::new();
    let mut broken = Vec::new();
    let cases = cases(&Uuid::new_v4().simple().to_string());
    for case in &cases {
        if let Err(why) = run(&http, &target, case).await {
            broken.push(format!("- {}: {why}", case.name));
        }
    }
    assert!(
        broken.is_empty(),
        "{} of {} differ:\n{}",
        broken.len(),
        cases.len(),
        broken.join("\n")
    );
    if let Some((database, gateway)) = target.local {
        gateway.stop().await;
        database.drop().await;
    }
}

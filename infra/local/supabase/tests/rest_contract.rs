//! The REST contract: requests with their expected responses, run against a URL.
//!
//! The cases are independent of the server. With `SUPABASE_URL` set (and `SUPABASE_PUBLISHABLE_KEY`,
//! `SUPABASE_SECRET_KEY`, `SUPABASE_USER_TOKEN`: a token whose `sub` is 00000000-0000-4000-8000-000000000001) they run
//! against that project, which must have `rest_contract/schema.sql`; otherwise against the local gateway on a database
//! of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "rest_contract/cases.rs"]
mod cases;
#[path = "rest_contract/table_cases.rs"]
mod table_cases;
#[path = "rest_contract/target.rs"]
mod target;

use cases::{Body, Case, Sender};
use reqwest::Client;
use serde_json::Value;
use target::Target;

#[tokio::test]
async fn contract_requests_are_answered_as_by_postgrest() {
    let target = Target::open().await.unwrap();
    let client = Client::builder().build().unwrap();
    let cases = cases::functions()
        .into_iter()
        .chain(cases::gate())
        .chain(table_cases::tables());
    let cases = cases.collect::<Vec<_>>();
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    let mut broken = Vec::new();
    for case in &cases {
        if let Err(why) = run(&client, &target, case).await {
            broken.push(format!("- {}: {why}", case.name));
        }
    }
    target.close().await.unwrap();
    assert!(
        broken.is_empty(),
        "{} of {} differ:\n{}",
        broken.len(),
        cases.len(),
        broken.join("\n")
    );
}

async fn run(client: &Client, target: &Target, case: &Case) -> Result<(), String> {
    let mut request = client.request(case.method.clone(), format!("{}{}", target.url, case.path));
    request = match case.sender {
        Sender::NoKey => request,
        Sender::Anonymous => request.header("apikey", &target.publishable_key),
        Sender::Secret => request.header("apikey", &target.secret_key),
        Sender::User => request
            .header("apikey", &target.publishable_key)
            .bearer_auth(&target.user_token),
    };
    for (name, value) in &case.headers {
        request = request.header(*name, value);
    }
    let content_typed = case
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if case.body.is_some() && !content_typed {
        request = request.header("content-type", "application/json");
    }
    if let Some(body) = &case.body {
        request = request.body(body.clone());
    }
    let response = request.send().await.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await.map_err(|error| error.to_string())?;
    if status != case.status {
        return Err(format!(
            "status {status} instead of {}: {text}",
            case.status
        ));
    }
    for (name, wanted) in &case.expected_headers {
        let got = headers.get(*name).and_then(|value| value.to_str().ok());
        if got != Some(*wanted) {
            return Err(format!("header {name} is {got:?} instead of {wanted:?}"));
        }
    }
    let json = || serde_json::from_str::<Value>(&text).map_err(|error| format!("{error}: {text}"));
    match &case.expected {
        Body::Any => Ok(()),
        Body::Empty if text.is_empty() => Ok(()),
        Body::Empty => Err(format!("a body where none should be: {text}")),
        Body::Json(wanted) if json()? == *wanted => Ok(()),
        Body::Json(wanted) => Err(format!("got {text} instead of {wanted}")),
        Body::Contains(wanted) => match contains(&json()?, wanted) {
            true => Ok(()),
            false => Err(format!("got {text}, which lacks {wanted}")),
        },
    }
}

/// Returns true if `got` has at least the fields of `wanted`.
fn contains(got: &Value, wanted: &Value) -> bool {
    match (got, wanted) {
        (Value::Object(got), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, value)| got.get(name).is_some_and(|got| contains(got, value))),
        (got, wanted) => got == wanted,
    }
}

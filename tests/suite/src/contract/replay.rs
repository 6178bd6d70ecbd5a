//! Repeats the recorded calls against a present stack whose functions are idle.

use std::time::Duration;

use anyhow::Context as _;
use local_stack::stack::{Person, Stack};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::ids::Ids;
use super::{Call, Entry, Recording, shape};
use crate::clock_sql;

/// Longer than a replay takes.
const TOKEN_LIFE: Duration = Duration::from_secs(600);

/// Makes every call in order and returns the differences to the recording.
///
/// # Errors
/// The stack does not answer, or a call contains an id that appears in no earlier reply.
pub async fn replay(recording: &Recording, stack: &Stack) -> anyhow::Result<Vec<String>> {
    let database = stack.admin_db().await?;
    let http = reqwest::Client::new();
    let mut ids = Ids::default();
    let mut found = Vec::new();
    let mut ahead = 0;
    for (entry, number) in recording.calls.iter().zip(1..) {
        match entry {
            Entry::Time { seconds_pass } => {
                ahead += seconds_pass;
                database
                    .batch_execute(&clock_sql(&format!("{ahead} seconds")))
                    .await?;
            }
            Entry::Call(call) => {
                let named = || format!("call {number}, {} by {}", call.path, call.caller);
                let differences = make(&http, stack, call, &mut ids)
                    .await
                    .with_context(named)?;
                found.extend(
                    differences
                        .into_iter()
                        .map(|what| format!("{}: {what}", named())),
                );
            }
        }
    }
    Ok(found)
}

async fn make(
    http: &reqwest::Client,
    stack: &Stack,
    call: &Call,
    ids: &mut Ids,
) -> anyhow::Result<Vec<String>> {
    let url = format!(
        "{}/rest/v1/{}",
        stack.url(),
        ids.translate_query(&call.path)?
    );
    let method = if call.arguments.is_some() {
        Method::POST
    } else {
        Method::GET
    };
    let mut request = http
        .request(method, url)
        .header("apikey", stack.publishable_key())
        .header("accept-profile", &call.schema)
        .header("content-profile", &call.schema)
        .bearer_auth(token(stack, &call.caller));
    if let Some(arguments) = &call.arguments {
        request = request.json(&ids.translate(&call.path, arguments)?);
    }
    let response = request.send().await?;
    let status = response.status().as_u16();
    let text = response.text().await?;
    if status != call.status {
        return Ok(vec![format!(
            "was answered {} and is {status}: {text}",
            call.status
        )]);
    }
    let reply: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(shape::differences(&call.path, &call.reply, &reply, ids))
}

fn token(stack: &Stack, caller: &str) -> String {
    let person = Person::ALL
        .into_iter()
        .find(|person| person.name() == caller);
    let token = match person {
        Some(person) => stack.token(person),
        None => stack.keys().mint_worker_token(TOKEN_LIFE),
    };
    token.expose_secret().to_owned()
}

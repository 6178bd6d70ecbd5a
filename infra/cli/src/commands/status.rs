//! `goalpost status`: the addresses and health of the running stack.

use anyhow::Context;
use chrono::Utc;
use local_stack::home::Home;
use local_stack::stack::{Person, STATUS_PATH};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::arguments::Global;
use super::{connect, local, print, print_json, state};
use crate::render::{Screen, age, table};

pub(super) async fn run(global: &Global) -> anyhow::Result<()> {
    let home = Home::open()?;
    let Some(state) = state::running(&home)? else {
        if global.json {
            return print_json(&json!({"state": "stopped"}));
        }
        print("The local stack is not running. Start it: cargo goalpost up");
        return Ok(());
    };
    let Some(stack) = &state.stack else {
        if global.json {
            return print_json(&json!({"state": "starting", "pid": state.pid}));
        }
        print(&format!(
            "The local stack is starting (process {}).",
            state.pid
        ));
        return Ok(());
    };
    let functions = functions(stack).await?;
    let keys = stack.keys()?;
    if global.json {
        let tokens: serde_json::Map<String, Value> = Person::ALL
            .iter()
            .map(|person| {
                (
                    person.name().to_owned(),
                    json!(connect::token(&keys, *person).expose_secret()),
                )
            })
            .collect();
        return print_json(&json!({
            "state": "running",
            "pid": state.pid,
            "started_at": state.started_at,
            "url": stack.url,
            "intake_url": format!("{}/functions/v1/intake", stack.url),
            "publishable_key": keys.publishable_key(),
            "secret_key": keys.secret_key().expose_secret(),
            "database_url": stack.database_url,
            "logs": stack.logs,
            "tokens": tokens,
            "functions": functions,
        }));
    }
    let screen = Screen::stdout();
    print(&format!(
        "The local stack runs (process {}, started {}).",
        state.pid,
        age(state.started_at, Utc::now())
    ));
    print("");
    print(&format!("  API              {}", stack.url));
    print(&format!("  Publishable key  {}", keys.publishable_key()));
    print(&format!(
        "  Intake           {}/functions/v1/intake",
        stack.url
    ));
    print(&format!("  Database         {}", stack.database_url));
    print(&format!("  Logs             {}", stack.logs.display()));
    print("");
    for line in local::people(screen.palette) {
        print(&line);
    }
    print("");
    for line in table::lines(screen, &HEADINGS, &rows(&functions)) {
        print(&format!("  {line}"));
    }
    print("");
    print(
        &screen
            .palette
            .dim("The secret key, which the Invoke API asks for: cargo goalpost status --json"),
    );
    print(&screen.palette.dim("Checks: cargo goalpost doctor"));
    Ok(())
}

const HEADINGS: [&str; 8] = [
    "FUNCTION",
    "SANDBOXES",
    "RUNNING",
    "WAITING",
    "CALLS",
    "ERRORS",
    "TIMEOUTS",
    "THROTTLED",
];
const FIGURES: [&str; 7] = [
    "sandboxes",
    "running",
    "waiting",
    "invocations",
    "errors",
    "timeouts",
    "throttles",
];

fn rows(functions: &Value) -> Vec<Vec<String>> {
    let row = |function: &Value| {
        let name = function
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let figures = FIGURES.iter().map(|figure| {
            function
                .get(*figure)
                .map(Value::to_string)
                .unwrap_or_default()
        });
        std::iter::once(name).chain(figures).collect()
    };
    functions
        .as_array()
        .into_iter()
        .flatten()
        .map(row)
        .collect()
}

/// Reads the Lambda host's figures.
pub(super) async fn functions(stack: &state::Stack) -> anyhow::Result<Value> {
    let keys = stack.keys()?;
    let answer = reqwest::Client::new()
        .get(format!("{}{STATUS_PATH}", stack.url))
        .header("apikey", keys.secret_key().expose_secret())
        .timeout(std::time::Duration::from_secs(5))
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .with_context(|| format!("the stack runs, but does not answer at {}", stack.url))?;
    let status: Value = answer.json().await.context("reading the stack's figures")?;
    Ok(status.get("functions").cloned().unwrap_or_default())
}

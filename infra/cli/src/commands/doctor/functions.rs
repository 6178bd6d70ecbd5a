//! Checks of the functions: whether they can be invoked and succeed, and whether their schedule runs.

use std::time::Duration;

use local_stack::binaries::FUNCTIONS;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::check::Check;
use crate::commands::{state, status};
use crate::render::count;

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn check(stack: &state::Stack) -> Vec<Check> {
    let key = match stack.keys() {
        Ok(keys) => keys.secret_key().expose_secret().to_owned(),
        Err(error) => {
            return vec![Check::bad(
                "functions",
                format!("{error:#}"),
                "cargo goalpost down, then up",
            )];
        }
    };
    let mut missing = Vec::new();
    for function in FUNCTIONS {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", stack.url);
        let dry = reqwest::Client::new()
            .post(url)
            .bearer_auth(&key)
            .header("x-amz-invocation-type", "DryRun")
            .timeout(PATIENCE)
            .send()
            .await;
        if !dry.is_ok_and(|answer| answer.status().as_u16() == 204) {
            missing.push(function);
        }
    }
    if !missing.is_empty() {
        let seen = format!("cannot be invoked: {}", missing.join(", "));
        return vec![Check::bad(
            "functions",
            seen,
            "cargo goalpost down, then up",
        )];
    }
    match status::functions(stack).await {
        Ok(figures) => vec![health(&figures), schedules(&figures)],
        Err(error) => vec![Check::bad(
            "functions",
            format!("{error:#}"),
            "cargo goalpost down, then up",
        )],
    }
}

fn health(figures: &Value) -> Check {
    let ailing: Vec<String> = FUNCTIONS
        .into_iter()
        .filter_map(|function| {
            let (errors, timeouts) = (
                figure(figures, function, "errors"),
                figure(figures, function, "timeouts"),
            );
            (errors > 0).then(|| {
                format!(
                    "{function} {} ({})",
                    count(errors, "error"),
                    count(timeouts, "timeout")
                )
            })
        })
        .collect();
    let invocations: u64 = FUNCTIONS
        .into_iter()
        .map(|function| figure(figures, function, "invocations"))
        .sum();
    let seen = format!(
        "{}, {} since the start",
        count(FUNCTIONS.len() as u64, "function"),
        count(invocations, "invocation")
    );
    if ailing.is_empty() {
        return Check::good("functions", seen);
    }
    Check::note(
        "functions",
        format!("{seen}; {}", ailing.join(", ")),
        "cargo goalpost logs",
    )
}

/// Checks the schedule by the analyzer's invocations, since only the schedule wakes it.
fn schedules(figures: &Value) -> Check {
    match figure(figures, "analyzer", "invocations") {
        0 => Check::good(
            "schedules",
            "every 60 s; the first tick comes a minute after the start",
        ),
        ticks => Check::good(
            "schedules",
            format!("every 60 s; {} so far", count(ticks, "tick")),
        ),
    }
}

fn figure(figures: &Value, function: &str, name: &str) -> u64 {
    let of = figures
        .as_array()
        .into_iter()
        .flatten()
        .find(|of| of.get("name").and_then(Value::as_str) == Some(function));
    of.and_then(|of| of.get(name))
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

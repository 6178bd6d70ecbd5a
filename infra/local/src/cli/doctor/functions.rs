//! Whether the functions can be invoked and do well, their schedule ticks, and a model answers.

use std::time::Duration;

use serde_json::Value;

use super::Check;
use crate::binaries::FUNCTIONS;
use crate::cli::{state, status};
use crate::render::count;

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn look(stack: &state::Stack) -> Vec<Check> {
    let mut missing = Vec::new();
    for function in FUNCTIONS {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", stack.url);
        let dry = reqwest::Client::new()
            .post(url)
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

/// The analyzer is woken by its schedule alone, so its invocations are the schedule's ticks.
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

/// Which model the functions ask, and whether it answers.
pub(super) async fn model(stack: &state::Stack) -> Check {
    let Some(url) = &stack.model_url else {
        return Check::note(
            "model",
            "none: runbooks and tools work, free questions do not",
            "Start with a key to have one: OPENAI_API_KEY=… cargo goalpost up (OPENAI_BASE_URL for another server)",
        );
    };
    let mut request = reqwest::Client::new()
        .get(format!("{}/models", url.trim_end_matches('/')))
        .timeout(PATIENCE);
    if let Ok(key) = std::env::var("OPENAI_API_KEY") {
        request = request.bearer_auth(key);
    }
    match request.send().await {
        Ok(answer) if answer.status().is_success() => {
            Check::good("model", format!("{url} answers"))
        }
        Ok(answer) if answer.status().as_u16() == 401 => Check::note(
            "model",
            format!("{url} answers, but not without a key"),
            "Set OPENAI_API_KEY for doctor too, to have the key checked.",
        ),
        Ok(answer) => Check::bad(
            "model",
            format!("{url} answers {}", answer.status()),
            "Check OPENAI_BASE_URL and the key that `up` was given.",
        ),
        Err(error) => Check::bad(
            "model",
            format!("{url} does not answer: {error}"),
            "Check OPENAI_BASE_URL and the network.",
        ),
    }
}

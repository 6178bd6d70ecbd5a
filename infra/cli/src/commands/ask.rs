//! `goalpost ask`: sends a question to intake, and with `--wait` prints its answer.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::arguments::{self, Global, workspace_id};
use super::{Usage, answer, connect, print, print_json, watch};
use client::{Client, Question, Work, Workspace};

pub(super) async fn run(arguments: &arguments::Ask, global: &Global) -> anyhow::Result<()> {
    if arguments.question.trim().is_empty() {
        return Err(Usage(
            "ask something: cargo goalpost ask \"What is 17% of 2,340?\" --wait".to_owned(),
        )
        .into());
    }
    let client = connect::client(global).await?;
    let question = Question {
        workspace_id: workspace(&client, arguments.workspace.as_deref()).await?,
        question: arguments.question.clone(),
        idempotency_key: arguments.idempotency_key.clone(),
        context: context(arguments.context.as_deref())?,
        runbook: arguments.runbook.clone(),
        parameters: parameters(&arguments.parameter)?,
        budget: budget(arguments),
    };
    let accepted = client.ask(&question).await?;
    if !arguments.wait {
        if global.json {
            return print_json(&accepted);
        }
        let again = if accepted.repeated {
            " (asked before with this key)"
        } else {
            ""
        };
        print(&format!(
            "Request {} is {}{again}.",
            accepted.request_id, accepted.state
        ));
        print(&format!(
            "See it: cargo goalpost request {} --follow",
            accepted.request_id
        ));
        return Ok(());
    }
    let limit = arguments.timeout.map(Duration::from_secs);
    wait(&client, accepted.request_id, limit, global).await
}

/// Waits for the end of a request and prints the outcome.
///
/// # Errors
/// The request did not end within the limit, or did not end well.
pub(super) async fn wait(
    client: &Client,
    request_id: i64,
    limit: Option<Duration>,
    global: &Global,
) -> anyhow::Result<()> {
    if global.json {
        let ended = watch::wait(request_id, limit, until_ended(client, request_id)).await;
        let work = match &ended {
            Ok(work) => work.clone(),
            Err(_) => client.work(request_id).await?,
        };
        print_json(&work)?;
        return answer::outcome(&ended?);
    }
    let work = watch::watch(client, request_id, limit).await?;
    answer::print_outcome(client, &work).await
}

/// Returns the cap and its behaviour, as far as the command line has them.
fn budget(arguments: &arguments::Ask) -> Map<String, Value> {
    let mut budget = Map::new();
    if let Some(dollars) = arguments.max_cost {
        // Whole micro-dollars; the database refuses anything else.
        budget.insert("max_microusd".to_owned(), json!((dollars * 1e6).round()));
    }
    if arguments.ask_at_cap {
        budget.insert("on_exhausted".to_owned(), json!("ask"));
    }
    if arguments.approve_plan {
        budget.insert("approve_plan".to_owned(), json!(true));
    }
    budget
}

/// Reads parameters of the form KEY=VALUE, whose values are JSON or plain text.
fn parameters(given: &[String]) -> anyhow::Result<Map<String, Value>> {
    let read = |parameter: &String| {
        let (key, value) = parameter
            .split_once('=')
            .ok_or_else(|| Usage(format!("--parameter {parameter}: write KEY=VALUE.")))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        Ok((key.to_owned(), value))
    };
    given.iter().map(read).collect()
}

/// Reads the material for the work: a JSON object, or `@` and the path of a file that holds one.
fn context(given: Option<&str>) -> anyhow::Result<Map<String, Value>> {
    let Some(given) = given else {
        return Ok(Map::new());
    };
    let text = match given.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("reading {path}"))?,
        None => given.to_owned(),
    };
    serde_json::from_str(&text).map_err(|error| {
        Usage(format!(
            "--context is a JSON object, or @FILE that holds one: {error}."
        ))
        .into()
    })
}

pub(super) async fn until_ended(client: &Client, request_id: i64) -> anyhow::Result<Work> {
    loop {
        let work = client.work(request_id).await?;
        if work.has_ended() {
            return Ok(work);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Returns the id of the named workspace, or of the only one.
pub(super) async fn workspace(client: &Client, wanted: Option<&str>) -> anyhow::Result<Uuid> {
    if let Some(id) = wanted.and_then(workspace_id) {
        return Ok(id);
    }
    let workspaces = client.workspaces().await?;
    if let Some(name) = wanted {
        let found = workspaces
            .iter()
            .find(|workspace| workspace.name.eq_ignore_ascii_case(name));
        return Ok(found
            .with_context(|| {
                format!(
                    "you are in no workspace called {name}. {}",
                    listed(&workspaces)
                )
            })?
            .id);
    }
    match workspaces.as_slice() {
        [only] => Ok(only.id),
        [] => bail!(
            "you are in no workspace.\nMake one: cargo goalpost workspaces create NAME. Or ask an admin to invite you."
        ),
        several => Err(Usage(format!(
            "you are in several workspaces: choose with --workspace. {}",
            listed(several)
        ))
        .into()),
    }
}

fn listed(workspaces: &[Workspace]) -> String {
    let names: Vec<&str> = workspaces
        .iter()
        .map(|workspace| workspace.name.as_str())
        .collect();
    format!("Yours: {}.", names.join(", "))
}

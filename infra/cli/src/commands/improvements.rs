//! `goalpost improvements`: what analyses propose, the decisions on it, and its measured effect.

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{Global, Improvements, ImprovementsAction};
use super::{ask, connect, print, print_json};
use crate::render::{Screen, age, one_line, table};
use client::Client;

/// An improvement, as `goalpost.improvements` has it.
#[derive(Debug, Serialize, Deserialize)]
struct Improvement {
    id: i64,
    kind: String,
    title: String,
    state: String,
    reason: Option<String>,
    change: Value,
    evidence: Value,
    expected: Value,
    measured: Option<Value>,
    approval_id: Option<i64>,
    created_at: DateTime<Utc>,
}

const COLUMNS: &str =
    "id,kind,title,state,reason,change,evidence,expected,measured,approval_id,created_at";

/// Characters of a title in the table; `--json` has all of them.
const TITLE_SHOWN: usize = 60;

/// The answer of `start_analysis`.
#[derive(Debug, Serialize, Deserialize)]
struct Started {
    request_id: i64,
    started: bool,
}

/// The new state of an improvement.
#[derive(Debug, Serialize, Deserialize)]
struct Changed {
    improvement_id: i64,
    state: String,
}

pub(super) async fn run(arguments: &Improvements, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    match &arguments.action {
        None => {
            let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
            list(&client, workspace, arguments.all, global).await
        }
        Some(ImprovementsAction::Analyze) => {
            let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
            let call = json!({"p_workspace_id": workspace});
            let started: Started = client.call("start_analysis", &call).await?;
            ask::wait(&client, started.request_id, None, global).await
        }
        Some(ImprovementsAction::Show { id }) => show(&find(&client, *id).await?, global),
        Some(ImprovementsAction::Approve { id }) => {
            decide(&client, *id, "approved", None, global).await
        }
        Some(ImprovementsAction::Reject { id, comment }) => {
            decide(&client, *id, "rejected", comment.as_deref(), global).await
        }
        Some(ImprovementsAction::Revert { id }) => {
            let call = json!({"p_improvement_id": id});
            let changed: Changed = client.call("revert_improvement", &call).await?;
            print_changed(&changed, global)
        }
    }
}

async fn find(client: &Client, id: i64) -> anyhow::Result<Improvement> {
    let query = [("select", COLUMNS.to_owned()), ("id", format!("eq.{id}"))];
    let found: Vec<Improvement> = client.select("improvements", &query).await?;
    found.into_iter().next().with_context(|| {
        format!("there is no improvement {id}.\nThose there are: cargo goalpost improvements --all")
    })
}

/// Decides on the approval of a proposal.
async fn decide(
    client: &Client,
    id: i64,
    decision: &str,
    comment: Option<&str>,
    global: &Global,
) -> anyhow::Result<()> {
    let improvement = find(client, id).await?;
    if improvement.kind == "finding" {
        if decision == "approved" {
            bail!(
                "a finding changes nothing, so that there is nothing to approve.\nDismiss it: cargo goalpost improvements reject {id}"
            );
        }
        let call = json!({"p_improvement_id": id});
        let changed: Changed = client.call("revert_improvement", &call).await?;
        return print_changed(&changed, global);
    }
    let Some(approval) = improvement
        .approval_id
        .filter(|_| improvement.state == "proposed")
    else {
        bail!(
            "the improvement {id} is {} and waits for no decision.\nLook at it: cargo goalpost improvements show {id}",
            improvement.state
        );
    };
    let call = json!({"p_approval_id": approval, "p_decision": decision, "p_comment": comment});
    let _: Value = client.call("decide_approval", &call).await?;
    let state = find(client, id).await?.state;
    print_changed(
        &Changed {
            improvement_id: id,
            state,
        },
        global,
    )
}

fn print_changed(changed: &Changed, global: &Global) -> anyhow::Result<()> {
    if global.json {
        return print_json(changed);
    }
    print(&format!(
        "The improvement {} is {}.",
        changed.improvement_id, changed.state
    ));
    Ok(())
}

async fn list(
    client: &Client,
    workspace: Uuid,
    is_all: bool,
    global: &Global,
) -> anyhow::Result<()> {
    let mut query = vec![
        ("select", COLUMNS.to_owned()),
        ("workspace_id", format!("eq.{workspace}")),
        ("order", "id.desc".to_owned()),
    ];
    if !is_all {
        query.push(("state", "not.in.(rejected,reverted)".to_owned()));
    }
    let improvements: Vec<Improvement> = client.select("improvements", &query).await?;
    if global.json {
        return print_json(&improvements);
    }
    if improvements.is_empty() {
        print("Nothing is proposed. Look for improvements: cargo goalpost improvements analyze");
        return Ok(());
    }
    let (screen, now) = (Screen::stdout(), Utc::now());
    let row = |one: &Improvement| {
        vec![
            one.id.to_string(),
            one.kind.clone(),
            one.state.clone(),
            age(one.created_at, now),
            effect(one),
            one_line(&one.title, TITLE_SHOWN),
        ]
    };
    let rows: Vec<Vec<String>> = improvements.iter().map(row).collect();
    let headings = ["ID", "KIND", "STATE", "PROPOSED", "CALLS A GOAL", "TITLE"];
    for line in table::lines(screen, &headings, &rows) {
        print(&line);
    }
    Ok(())
}

/// Returns the model calls of a goal before and after: measured where they are, otherwise expected.
fn effect(improvement: &Improvement) -> String {
    let number = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_f64);
    let before = number(&improvement.expected, "/model_calls/before");
    let measured = improvement.measured.as_ref();
    let measured = measured.and_then(|measured| number(measured, "/model_calls"));
    match (
        before,
        measured,
        number(&improvement.expected, "/model_calls/after"),
    ) {
        (Some(before), Some(after), _) => format!("{before} → {after}"),
        (Some(before), None, Some(after)) => format!("{before} → {after}?"),
        _ => String::new(),
    }
}

fn show(improvement: &Improvement, global: &Global) -> anyhow::Result<()> {
    if global.json {
        return print_json(improvement);
    }
    let palette = Screen::stdout().palette;
    print(&palette.strong(&improvement.title));
    let reason = improvement
        .reason
        .as_deref()
        .map(|reason| format!(": {reason}"));
    print(&format!(
        "{} · {}{}",
        improvement.kind,
        improvement.state,
        reason.unwrap_or_default()
    ));
    let parts = [
        ("evidence", Some(&improvement.evidence)),
        ("expected", Some(&improvement.expected)),
        ("measured", improvement.measured.as_ref()),
        ("change", Some(&improvement.change)),
    ];
    for (name, value) in parts {
        let Some(value) = value.filter(|value| **value != json!({})) else {
            continue;
        };
        print("");
        print(&palette.dim(&format!("{name}:")));
        print(&serde_json::to_string_pretty(value)?);
    }
    if improvement.state == "proposed" && improvement.approval_id.is_some() {
        let id = improvement.id;
        print("");
        print(&palette.dim(&format!(
            "cargo goalpost improvements approve {id}   or   cargo goalpost improvements reject {id}"
        )));
    }
    Ok(())
}

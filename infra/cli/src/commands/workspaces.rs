//! `goalpost workspaces`: lists and creates workspaces, and shows the history of their settings.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{Global, Workspaces, WorkspacesAction};
use super::{ask, connect, print, print_json};
use crate::render::{Screen, age, table};
use client::Client;

/// A workspace of the person.
#[derive(Serialize, Deserialize)]
struct Workspace {
    id: Uuid,
    name: String,
    created_at: DateTime<Utc>,
}

/// The answer of `create_workspace`.
#[derive(Serialize, Deserialize)]
struct Created {
    workspace_id: Uuid,
}

/// A row of `setting_changes`.
#[derive(Serialize, Deserialize)]
struct Change {
    subject: String,
    name: String,
    before: Option<Value>,
    after: Option<Value>,
    changed_by: Option<Uuid>,
    changed_at: DateTime<Utc>,
}

pub(super) async fn run(arguments: &Workspaces, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    match &arguments.action {
        None | Some(WorkspacesAction::List) => list(&client, global).await,
        Some(WorkspacesAction::Create { name }) => {
            let call = json!({"p_name": name});
            let created: Created = client.call("create_workspace", &call).await?;
            if global.json {
                return print_json(&created);
            }
            let id = created.workspace_id;
            print(&format!(
                "The workspace {name} is created, with the id {id}."
            ));
            print(&format!(
                "It spends nothing until a project admin grants money: cargo goalpost admins grant {id} --usd 50"
            ));
            Ok(())
        }
        Some(WorkspacesAction::History { workspace, limit }) => {
            let workspace = ask::workspace(&client, workspace.as_deref()).await?;
            history(&client, workspace, *limit, global).await
        }
    }
}

async fn list(client: &Client, global: &Global) -> anyhow::Result<()> {
    let query = [
        ("select", "id,name,created_at".to_owned()),
        ("order", "name".to_owned()),
    ];
    let workspaces: Vec<Workspace> = client.select("workspaces", &query).await?;
    if global.json {
        return print_json(&workspaces);
    }
    if workspaces.is_empty() {
        print("You are in no workspace. Make one: cargo goalpost workspaces create NAME");
        return Ok(());
    }
    let now = Utc::now();
    let row = |one: &Workspace| {
        vec![
            one.id.to_string(),
            age(one.created_at, now),
            one.name.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = workspaces.iter().map(row).collect();
    for line in table::lines(Screen::stdout(), &["ID", "CREATED", "WORKSPACE"], &rows) {
        print(&line);
    }
    Ok(())
}

async fn history(
    client: &Client,
    workspace: Uuid,
    limit: u32,
    global: &Global,
) -> anyhow::Result<()> {
    let query = [
        (
            "select",
            "subject,name,before,after,changed_by,changed_at".to_owned(),
        ),
        ("workspace_id", format!("eq.{workspace}")),
        ("order", "id.desc".to_owned()),
        ("limit", limit.to_string()),
    ];
    let changes: Vec<Change> = client
        .select("setting_changes", &query)
        .await
        .context("reading the history")?;
    if global.json {
        return print_json(&changes);
    }
    if changes.is_empty() {
        print("There is no change that you may see; admins see those of their workspace.");
        return Ok(());
    }
    let now = Utc::now();
    let row = |one: &Change| {
        let author = one.changed_by.map(|id| id.to_string());
        vec![
            age(one.changed_at, now),
            author.unwrap_or_else(|| "the owner of the database".to_owned()),
            described(one),
        ]
    };
    let rows: Vec<Vec<String>> = changes.iter().map(row).collect();
    for line in table::lines(Screen::stdout(), &["WHEN", "WHO", "CHANGE"], &rows) {
        print(&line);
    }
    Ok(())
}

/// Returns a change in one line.
fn described(change: &Change) -> String {
    let subject = match change.subject.as_str() {
        "workspaces" => "settings",
        "writable_tables" => "table",
        "tool_policies" => "policy",
        "rate_limits" => "rate limit",
        "mcp_servers" => "MCP server",
        "secrets" => "secret",
        other => other,
    };
    let name = if change.name.is_empty() {
        subject.to_owned()
    } else {
        format!("{subject} {}", change.name)
    };
    match (&change.before, &change.after) {
        (None, _) => format!("{name} set"),
        (_, None) => format!("{name} removed"),
        _ if change.subject == "secrets" => format!("{name} replaced"),
        (Some(before), Some(after)) => format!("{name}: {before} → {after}"),
    }
}

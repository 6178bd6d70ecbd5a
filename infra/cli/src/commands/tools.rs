//! `goalpost tools`: lists the tools of a workspace, and sets what they may reach.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{Destinations, Global, Tools, ToolsAction};
use super::{ask, connect, print, print_json};
use crate::render::{Screen, one_line, table};
use client::Client;

/// A tool with its default policy.
#[derive(Serialize, Deserialize)]
struct Tool {
    name: String,
    description: String,
    writes: bool,
    approval: String,
}

/// What the tools of a workspace may reach, except tables.
#[derive(Serialize, Deserialize)]
pub(super) struct Reachable {
    pub(super) http_hosts: Vec<String>,
    pub(super) webhook_hosts: Vec<String>,
    pub(super) email_domains: Vec<String>,
    pub(super) readable_schemas: Vec<String>,
}

/// A row of `writable_tables`.
#[derive(Serialize, Deserialize)]
pub(super) struct Table {
    schema_name: String,
    table_name: String,
    pub(super) operations: Vec<String>,
}

impl Table {
    /// Returns schema and table, as `public.findings`.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.schema_name, self.table_name)
    }
}

/// The answer of `set_tool_access`.
#[derive(Serialize, Deserialize)]
struct Access {
    kind: String,
    name: String,
    is_allowed: bool,
    changed: bool,
}

pub(super) async fn run(arguments: &Tools, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    match &arguments.action {
        None | Some(ToolsAction::List) => list(&client, workspace, global).await,
        Some(ToolsAction::Allow {
            destinations,
            update,
        }) => set(&client, workspace, destinations, true, *update, global).await,
        Some(ToolsAction::Withdraw(destinations)) => {
            set(&client, workspace, destinations, false, false, global).await
        }
    }
}

/// Reads what the tools of a workspace may reach.
///
/// # Errors
/// The person is not in the workspace.
pub(super) async fn reachable(
    client: &Client,
    workspace: Uuid,
) -> anyhow::Result<(Reachable, Vec<Table>)> {
    let query = [
        (
            "select",
            "http_hosts,webhook_hosts,email_domains,readable_schemas".to_owned(),
        ),
        ("id", format!("eq.{workspace}")),
    ];
    let rows: Vec<Reachable> = client.select("workspaces", &query).await?;
    let row = rows.into_iter().next();
    let row = row.context("you are not in that workspace, or there is none with this id")?;
    let query = [
        ("workspace_id", format!("eq.{workspace}")),
        ("order", "schema_name.asc,table_name.asc".to_owned()),
    ];
    Ok((row, client.select("writable_tables", &query).await?))
}

async fn list(client: &Client, workspace: Uuid, global: &Global) -> anyhow::Result<()> {
    let (reachable, tables) = reachable(client, workspace).await?;
    let query = [
        ("select", "name,description,writes,approval".to_owned()),
        ("control", "is.false".to_owned()),
        ("order", "name".to_owned()),
    ];
    let tools: Vec<Tool> = client.select("tools", &query).await?;
    if global.json {
        return print_json(
            &json!({"tools": tools, "reachable": reachable, "writable_tables": tables}),
        );
    }
    let row = |tool: &Tool| {
        let effect = if tool.writes { "writes" } else { "reads" };
        vec![
            tool.name.clone(),
            effect.to_owned(),
            tool.approval.replace('_', " "),
            one_line(&tool.description, 80),
        ]
    };
    let rows: Vec<Vec<String>> = tools.iter().map(row).collect();
    let headings = ["TOOL", "EFFECT", "ASKS A PERSON", "DESCRIPTION"];
    for line in table::lines(Screen::stdout(), &headings, &rows) {
        print(&line);
    }
    print("\nTools of MCP servers: cargo goalpost mcp list\n");
    let tables: Vec<String> = tables
        .iter()
        .map(|one| format!("{} ({})", one.name(), one.operations.join(", ")))
        .collect();
    for (name, list) in [
        ("http hosts", &reachable.http_hosts),
        ("webhook hosts", &reachable.webhook_hosts),
        ("email domains", &reachable.email_domains),
        ("readable schemas", &reachable.readable_schemas),
        ("writable tables", &tables),
    ] {
        let list = if list.is_empty() {
            "none".to_owned()
        } else {
            list.join(", ")
        };
        print(&format!("{name:<16}  {list}"));
    }
    Ok(())
}

/// Returns the arguments of `set_tool_access` without the workspace.
pub(super) fn access(kind: &str, name: &str, operations: &[&str]) -> Value {
    json!({"p_kind": kind, "p_name": name, "p_is_allowed": !operations.is_empty(), "p_operations": operations})
}

async fn set(
    client: &Client,
    workspace: Uuid,
    destinations: &Destinations,
    is_allowed: bool,
    update: bool,
    global: &Global,
) -> anyhow::Result<()> {
    let operations: &[&str] = match (is_allowed, update) {
        (false, _) => &[],
        (true, false) => &["insert"],
        (true, true) => &["insert", "update"],
    };
    let mut answers = Vec::new();
    for name in &destinations.names {
        let mut call = access(destinations.kind.name(), name, operations);
        if let Some(call) = call.as_object_mut() {
            call.insert("p_workspace_id".to_owned(), json!(workspace));
        }
        let access: Access = client.call("set_tool_access", &call).await?;
        if !global.json {
            let state = match (access.is_allowed, access.changed) {
                (true, true) => "is allowed",
                (true, false) => "was allowed already",
                (false, true) => "is withdrawn",
                (false, false) => "was not allowed",
            };
            print(&format!("{} {} {state}.", access.kind, access.name));
        }
        answers.push(access);
    }
    if global.json {
        return print_json(&answers);
    }
    Ok(())
}

//! `goalpost policies`: rules for tools, and bounds on concurrent calls.

use anyhow::bail;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{Global, Policies, PoliciesAction};
use super::{ask, connect, print, print_json};
use crate::render::{Screen, table};
use client::Client;
use definitions::{Policy, RateLimit};

/// A row, of a workspace or of the whole project.
#[derive(Serialize, Deserialize)]
struct Of<T> {
    workspace_id: Option<Uuid>,
    #[serde(flatten)]
    row: T,
}

pub(super) async fn run(arguments: &Policies, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = match arguments.project {
        true => None,
        false => Some(ask::workspace(&client, arguments.workspace.as_deref()).await?),
    };
    let (function, call, text) = match &arguments.action {
        None | Some(PoliciesAction::List) => return list(&client, workspace, global).await,
        Some(PoliciesAction::Set {
            name,
            tool,
            effect,
            agent,
            even_if_tainted,
            position,
        }) => (
            "set_tool_policy",
            json!({"p_workspace_id": workspace, "p_name": name, "p_tool": tool, "p_effect": effect.name(),
                   "p_agent": agent, "p_even_if_tainted": even_if_tainted, "p_position": position}),
            format!("The policy {name} is set."),
        ),
        Some(PoliciesAction::Remove { name }) => (
            "remove_tool_policy",
            json!({"p_workspace_id": workspace, "p_name": name}),
            format!("The policy {name} is removed."),
        ),
        Some(PoliciesAction::Limit {
            scope,
            name,
            slots,
            per,
        }) => (
            "set_rate_limit",
            json!({"p_workspace_id": workspace, "p_scope": scope.name(), "p_name": name, "p_slots": slots, "p_per_seconds": per}),
            match (slots, per) {
                (0, _) => format!("Calls of {} {name} have no such limit now.", scope.name()),
                (_, 0) => format!("{slots} calls of {} {name} at once.", scope.name()),
                _ => format!("{slots} calls of {} {name} in {per} s.", scope.name()),
            },
        ),
    };
    let answer: Value = client.call(function, &call).await?;
    if answer == json!(false) {
        bail!("there is no policy of that name here.\nThose there are: cargo goalpost policies");
    }
    if global.json {
        return print_json(&answer);
    }
    print(&text);
    Ok(())
}

async fn list(client: &Client, workspace: Option<Uuid>, global: &Global) -> anyhow::Result<()> {
    let of = match workspace {
        Some(id) => format!("(workspace_id.is.null,workspace_id.eq.{id})"),
        None => "(workspace_id.is.null)".to_owned(),
    };
    let query = |columns: &str, order: &str| {
        [
            ("select", format!("workspace_id,{columns}")),
            ("or", of.clone()),
            ("order", order.to_owned()),
        ]
    };
    let columns = "name,tool,effect,agent,even_if_tainted,position";
    let policies: Vec<Of<Policy>> = client
        .select("tool_policies", &query(columns, "position,name"))
        .await?;
    let columns = "scope,name,per_seconds,slots";
    let limits: Vec<Of<RateLimit>> = client
        .select("rate_limits", &query(columns, "scope,name,per_seconds"))
        .await?;
    if global.json {
        return print_json(&json!({"policies": policies, "rate_limits": limits}));
    }
    if policies.is_empty() && limits.is_empty() {
        print(
            "There is no policy and no rate limit; each tool's own setting holds (`cargo goalpost tools`).",
        );
    }
    let place = |id: Option<Uuid>| if id.is_some() { "workspace" } else { "project" }.to_owned();
    let row = |one: &Of<Policy>| {
        let policy = &one.row;
        let effect = policy.effect.replace('_', " ");
        let taint = if policy.even_if_tainted {
            ", even if tainted"
        } else {
            ""
        };
        vec![
            policy.name.clone(),
            format!("{effect}{taint}"),
            policy.position.to_string(),
            place(one.workspace_id),
            policy.agent.clone().unwrap_or_else(|| "all".to_owned()),
            policy.tool.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = policies.iter().map(row).collect();
    let headings = ["POLICY", "EFFECT", "POSITION", "OF", "AGENT", "TOOL"];
    for line in table::lines(Screen::stdout(), &headings, &rows) {
        print(&line);
    }
    if !policies.is_empty() && !limits.is_empty() {
        print("");
    }
    let row = |one: &Of<RateLimit>| {
        let calls = match one.row.per_seconds {
            0 => format!("{} at once", one.row.slots),
            seconds => format!("{} in {seconds} s", one.row.slots),
        };
        vec![
            format!("{} {}", one.row.scope, one.row.name),
            place(one.workspace_id),
            calls,
        ]
    };
    let rows: Vec<Vec<String>> = limits.iter().map(row).collect();
    for line in table::lines(Screen::stdout(), &["RATE LIMIT", "OF", "CALLS"], &rows) {
        print(&line);
    }
    Ok(())
}

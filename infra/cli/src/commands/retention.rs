//! `goalpost retention`: how long a workspace keeps ended work, and what is deleted next.

use anyhow::bail;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{Global, Retention};
use super::{ask, connect, print, print_json};
use client::Client;

/// The answer of `read_retention`: what ended before the cutoff.
#[derive(Serialize, Deserialize)]
struct Due {
    retention_days: u32,
    cutoff: DateTime<Utc>,
    requests: i64,
    goals: i64,
    oldest_at: Option<DateTime<Utc>>,
}

/// Runs `goalpost retention`. Without `--days` it shows the setting.
pub(super) async fn run(arguments: &Retention, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let due = due(&client, workspace, arguments.days).await?;
    let is_change = arguments.days.is_some() && !arguments.dry_run;
    if is_change {
        if due.requests > 0 && !arguments.yes {
            bail!(
                "{} of this workspace ended before {} and would be deleted for good; look at them with --dry-run, or add --yes",
                requests(due.requests),
                due.cutoff.format("%Y-%m-%d")
            );
        }
        let call = json!({"p_workspace_id": workspace, "p_settings": {"retention_days": due.retention_days}});
        let _: Value = client.call("set_workspace_settings", &call).await?;
    }
    if global.json {
        return print_json(&due);
    }
    let verb = if arguments.dry_run { "would be" } else { "is" };
    print(&format!(
        "Ended work {verb} kept for {}.",
        counted(due.retention_days.into(), "day")
    ));
    let text = match due.oldest_at {
        None => format!("Nothing ended before {}.", due.cutoff.format("%Y-%m-%d")),
        Some(oldest) => format!(
            "{} with {} ended before {}, the oldest asked on {}: {}",
            requests(due.requests),
            goals(due.goals),
            due.cutoff.format("%Y-%m-%d"),
            oldest.format("%Y-%m-%d"),
            match arguments.dry_run {
                true => "they would be deleted.",
                false => "the analyzer's schedule deletes them.",
            }
        ),
    };
    print(&text);
    Ok(())
}

async fn due(client: &Client, workspace: Uuid, days: Option<u32>) -> anyhow::Result<Due> {
    let call = json!({"p_workspace_id": workspace, "p_days": days});
    Ok(client.call("read_retention", &call).await?)
}

fn requests(count: i64) -> String {
    counted(count, "request")
}

fn goals(count: i64) -> String {
    counted(count, "goal")
}

fn counted(count: i64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

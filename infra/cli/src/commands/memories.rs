//! `goalpost memories` and `goalpost forget`: lists the memories of steps, and revokes them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::arguments::{self, Global, MemoriesAction};
use super::{ask, connect, print, print_json};
use crate::render::{Screen, age, one_line, table};
use client::Accepted;

/// Characters of a memory's text in the table; `--json` has all of them.
const TEXT_SHOWN: usize = 80;

#[derive(Serialize, Deserialize)]
struct Memory {
    id: i64,
    scope: String,
    goal_id: Option<i64>,
    agent_name: Option<String>,
    kind: String,
    title: String,
    text: String,
    trust: String,
    run_id: Option<i64>,
    step_key: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

const COLUMNS: &str =
    "id,scope,goal_id,agent_name,kind,title,text,trust,run_id,step_key,created_at,expires_at";

pub(super) async fn run(arguments: &arguments::Memories, global: &Global) -> anyhow::Result<()> {
    match &arguments.action {
        None => list(arguments, global).await,
        Some(MemoriesAction::Reembed { workspace }) => reembed(workspace.as_deref(), global).await,
    }
}

/// Starts the runbook that embeds memories again, and waits for its end.
async fn reembed(workspace: Option<&str>, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, workspace).await?;
    let call = json!({
        "p_workspace_id": workspace, "p_question": "Embed the memories of this workspace again.",
        "p_runbook": "embed-memories",
    });
    let accepted: Accepted = client.call("accept_request", &call).await?;
    ask::wait(&client, accepted.request_id, None, global).await
}

async fn list(arguments: &arguments::Memories, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let mut query = vec![
        ("select", COLUMNS.to_owned()),
        ("order", "id.desc".to_owned()),
        ("limit", arguments.limit.to_string()),
    ];
    if !arguments.all {
        query.push(("trust", "neq.revoked".to_owned()));
    }
    let memories: Vec<Memory> = client.select("memories", &query).await?;
    if global.json {
        return print_json(&memories);
    }
    if memories.is_empty() {
        print(
            "Nothing is remembered yet. Agents with the tool `remember` store memories for later work.",
        );
        return Ok(());
    }
    let (screen, now) = (Screen::stdout(), Utc::now());
    let row = |memory: &Memory| {
        let text = match memory.title.is_empty() {
            true => memory.text.clone(),
            false => format!("{}: {}", memory.title, memory.text),
        };
        vec![
            memory.id.to_string(),
            scope(memory),
            memory.kind.clone(),
            memory.trust.clone(),
            age(memory.created_at, now),
            one_line(&text, TEXT_SHOWN),
        ]
    };
    let rows: Vec<Vec<String>> = memories.iter().map(row).collect();
    let headings = ["MEMORY", "FOR", "KIND", "TRUST", "WRITTEN", "TEXT"];
    for line in table::lines(screen, &headings, &rows) {
        print(&line);
    }
    Ok(())
}

/// Returns the scope in which a memory is recalled.
fn scope(memory: &Memory) -> String {
    match (&memory.goal_id, &memory.agent_name) {
        (Some(goal), _) => format!("goal {goal}"),
        (_, Some(agent)) => format!("agent {agent}"),
        _ => memory.scope.clone(),
    }
}

#[derive(Serialize, Deserialize)]
struct Revoked {
    memory_id: i64,
    trust: String,
}

pub(super) async fn forget(arguments: &arguments::Forget, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let call = json!({"p_memory_id": arguments.id});
    let revoked: Revoked = client.call("revoke_memory", &call).await?;
    if global.json {
        return print_json(&revoked);
    }
    print(&format!(
        "The memory {} is not recalled any more.",
        revoked.memory_id
    ));
    Ok(())
}

//! `goalpost ask`: a question through intake, and with `--wait` its answer.

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::arguments::{self, Global, workspace_id};
use super::watch::{self, Until};
use super::{Usage, answer, connect, print, print_json};
use crate::client::{Client, Workspace};

pub(super) async fn run(arguments: &arguments::Ask, global: &Global) -> anyhow::Result<()> {
    if arguments.question.trim().is_empty() {
        return Err(Usage(
            "ask something: cargo goalpost ask \"What is 17% of 2,340?\" --wait".to_owned(),
        )
        .into());
    }
    let client = connect::client(global).await?;
    let workspace = workspace(&client, arguments.workspace.as_deref()).await?;
    let key = arguments.idempotency_key.as_deref();
    let accepted = match budget(arguments) {
        Some(budget) => {
            client
                .ask_within(workspace, &arguments.question, key, &budget)
                .await?
        }
        None => client.ask(workspace, &arguments.question, key).await?,
    };
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
    if global.json {
        let work = wait_quietly(&client, accepted.request_id).await?;
        print_json(&work)?;
        return answer::outcome(&work);
    }
    let work = watch::watch(&client, accepted.request_id, Until::Ended).await?;
    answer::print_outcome(&client, &work).await
}

/// What it may cost and who is asked, as far as the person says anything of that.
fn budget(arguments: &arguments::Ask) -> Option<Value> {
    let mut budget = Map::new();
    if let Some(dollars) = arguments.max_cost {
        // Whole micro-dollars; what is no number of dollars, the database refuses.
        budget.insert("max_microusd".to_owned(), json!((dollars * 1e6).round()));
    }
    if arguments.ask_at_cap {
        budget.insert("on_exhausted".to_owned(), json!("ask"));
    }
    if arguments.approve_plan {
        budget.insert("approve_plan".to_owned(), json!(true));
    }
    (!budget.is_empty()).then_some(Value::Object(budget))
}

async fn wait_quietly(client: &Client, request_id: i64) -> anyhow::Result<crate::client::Work> {
    loop {
        let work = client.work(request_id).await?;
        if work.has_ended() {
            return Ok(work);
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
}

/// The workspace meant: the one named, or the only one there is.
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
            "you are in no workspace.\nMake one: the function create_workspace, or ask an admin to invite you."
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

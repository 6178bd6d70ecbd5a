//! `goalpost apply` and `goalpost export`: the configuration of a workspace as one file.

mod changes;
mod live;

use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{Apply, Export, Global};
use super::{Usage, ask, connect, print, print_json, runbooks};
use crate::render::count;
use changes::{Call, Change};
use client::Client;
use definitions::{WorkspaceFile, write};
use live::Live;

/// The outcome of `apply`, for programs.
#[derive(Serialize)]
struct Applied<'a> {
    changes: &'a [Change],
    applied: bool,
    missing_secrets: Vec<String>,
}

/// Runs `goalpost export`.
pub(super) async fn export(arguments: &Export, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let file = Live::read(&client, workspace).await?.file;
    if global.json {
        return print_json(&file);
    }
    let text = write(&file)?;
    // One line break is printed; further ones may belong to the last text.
    print(text.strip_suffix('\n').unwrap_or(&text));
    Ok(())
}

/// Runs `goalpost apply`: shows what would change, asks, and changes it.
pub(super) async fn apply(arguments: &Apply, global: &Global) -> anyhow::Result<()> {
    let wanted = WorkspaceFile::read(&arguments.file)?;
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let live = Live::read(&client, workspace).await?;
    let changes = changes::between(&live, &wanted);
    let missing_secrets = missing_secrets(&live.file, &wanted);
    let is_applied = !changes.is_empty() && arguments.yes;
    if global.json {
        print_json(&Applied {
            changes: &changes,
            applied: is_applied,
            missing_secrets,
        })?;
    } else {
        show(&changes, &missing_secrets);
    }
    if changes.is_empty() {
        return Ok(());
    }
    if !arguments.yes && !is_confirmed(&arguments.file)? {
        bail!("nothing was changed");
    }
    make(&client, workspace, &changes).await?;
    if !global.json {
        print(&format!("{} applied.", count(changes.len(), "change")));
    }
    Ok(())
}

fn show(changes: &[Change], missing_secrets: &[String]) {
    if changes.is_empty() {
        print("Nothing to change: the workspace is as the file describes it.");
    }
    for change in changes {
        print(&change.title);
        change
            .lines
            .iter()
            .for_each(|line| print(&format!("    {line}")));
    }
    for name in missing_secrets {
        print(&format!(
            "The secret {name} is not set: cargo goalpost secrets set {name}"
        ));
    }
}

/// Returns the secrets that a file names and the workspace lacks.
fn missing_secrets(live: &WorkspaceFile, wanted: &WorkspaceFile) -> Vec<String> {
    let set = live.secrets.clone().unwrap_or_default();
    let wanted = wanted.secrets.iter().flatten();
    wanted
        .filter(|name| !set.contains(*name))
        .cloned()
        .collect()
}

fn is_confirmed(file: &Path) -> anyhow::Result<bool> {
    let is_attended = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !is_attended || file == Path::new("-") {
        return Err(Usage(
            "nothing was changed: give --yes to apply the changes where there is no terminal to ask at.".to_owned(),
        )
        .into());
    }
    let terminal = console::Term::stderr();
    terminal.write_str("Apply these changes? [y/N] ")?;
    let answer = terminal.read_line()?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Makes the changes in their order. Each call is a transaction of its own: what was made before one that fails stays.
async fn make(client: &Client, workspace: Uuid, changes: &[Change]) -> anyhow::Result<()> {
    for (number, change) in changes.iter().enumerate() {
        let made = make_one(client, workspace, change).await;
        made.with_context(|| {
            let made = match number {
                0 => "nothing was changed".to_owned(),
                _ => format!(
                    "{number} of {} changes were made; apply the file again when this one works",
                    changes.len()
                ),
            };
            format!("{}: {made}", change.title)
        })?;
    }
    Ok(())
}

async fn make_one(client: &Client, workspace: Uuid, change: &Change) -> anyhow::Result<()> {
    if let Some(runbook) = &change.runbook {
        let problems = runbooks::problems(client, workspace, runbook).await?;
        if !problems.is_empty() {
            bail!("{}", problems.join("\n"));
        }
    }
    for Call {
        function,
        arguments,
    } in &change.calls
    {
        let mut arguments = arguments.clone();
        if !function.ends_with("_state")
            && let Some(fields) = arguments.as_object_mut()
        {
            fields.insert("p_workspace_id".to_owned(), json!(workspace));
        }
        let _: Value = client.call(function, &arguments).await?;
    }
    Ok(())
}

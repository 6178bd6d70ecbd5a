//! `goalpost secrets`: sets and removes the secrets of a workspace's tools. A value is read, sent, and never shown.

use std::io::{IsTerminal as _, Read as _};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{Global, Secrets, SecretsAction};
use super::{Usage, ask, connect, print, print_json};
use crate::render::{Screen, age, table};
use client::Client;

/// The most bytes that are read as a value.
const MAX_BYTES: u64 = 65_536;

/// A secret that tools can use.
#[derive(Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) name: String,
    pub(super) set_at: Option<DateTime<Utc>>,
}

pub(super) async fn run(arguments: &Secrets, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let (name, value) = match &arguments.action {
        None | Some(SecretsAction::List) => return list(&client, workspace, global).await,
        Some(SecretsAction::Set { name }) => (name, Some(value(name)?)),
        Some(SecretsAction::Remove { name }) => (name, None),
    };
    let call = json!({"p_workspace_id": workspace, "p_name": name,
                      "p_secret": value.as_ref().map(|value| value.expose_secret())});
    let answer: Value = client.call("set_tool_secret", &call).await?;
    if global.json {
        return print_json(&answer);
    }
    let state = if value.is_some() { "set" } else { "removed" };
    print(&format!("The secret {name} is {state}."));
    Ok(())
}

/// Reads the secrets that a workspace's tools can use.
///
/// # Errors
/// The person is no admin of the workspace.
pub(super) async fn read(client: &Client, workspace: Uuid) -> client::Result<Vec<Secret>> {
    let call = json!({"p_workspace_id": workspace});
    client.call("read_tool_secrets", &call).await
}

async fn list(client: &Client, workspace: Uuid, global: &Global) -> anyhow::Result<()> {
    let secrets = read(client, workspace).await?;
    if global.json {
        return print_json(&secrets);
    }
    let now = Utc::now();
    let row = |one: &Secret| {
        let set = one.set_at.map_or_else(|| "–".to_owned(), |at| age(at, now));
        vec![one.name.clone(), set]
    };
    let rows: Vec<Vec<String>> = secrets.iter().map(row).collect();
    for line in table::lines(Screen::stdout(), &["SECRET", "SET"], &rows) {
        print(&line);
    }
    Ok(())
}

/// Reads a value: from the terminal without showing it, otherwise the whole standard input without its last line break.
fn value(name: &str) -> anyhow::Result<SecretString> {
    let value = if std::io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal.write_str(&format!("Value of {name} (not shown): "))?;
        terminal.read_secure_line()?
    } else {
        let mut text = String::new();
        let read = std::io::stdin().take(MAX_BYTES).read_to_string(&mut text);
        read.context("reading the value from the standard input")?;
        without_line_break(text)
    };
    if value.is_empty() {
        return Err(Usage(format!(
            "the value is empty: printf %s \"$VALUE\" | cargo goalpost secrets set {name}"
        ))
        .into());
    }
    if value.contains(char::is_control) {
        // Postgres would quote a value that it cannot read in its log.
        return Err(Usage(format!(
            "the value of {name} has a line break or another control character, which no header may have."
        ))
        .into());
    }
    Ok(SecretString::from(value))
}

fn without_line_break(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::without_line_break;

    #[test]
    fn one_line_break_at_the_end_is_removed() {
        for (text, value) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a \n", "a "),
            ("\n", ""),
        ] {
            assert_eq!(without_line_break(text.to_owned()), value);
        }
    }
}

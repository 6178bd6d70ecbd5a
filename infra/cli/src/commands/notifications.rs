//! `goalpost notifications`: shows messages about work, and lists, adds, sets, tests and removes their targets.

use std::io::{IsTerminal as _, Read as _};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use client::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{
    Global, Notifications, NotificationsAction, Preferences, TargetKind, TargetToAdd,
};
use super::{Usage, ask, connect, print, print_json};
use crate::render::{Screen, one_line, table};

/// A message.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Notification {
    id: i64,
    occasion: String,
    approval_id: Option<i64>,
    request_id: Option<i64>,
    state: String,
    reason: Option<String>,
    attempt: i32,
    next_try_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    #[serde(rename(deserialize = "notification_targets"))]
    target: Named,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Named {
    name: String,
}

/// A place that receives messages.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Target {
    name: String,
    kind: String,
    shown_address: String,
    user_id: Option<Uuid>,
    occasions: Vec<String>,
    quiet_from: Option<String>,
    quiet_until: Option<String>,
    time_zone: String,
}

pub(super) async fn run(arguments: &Notifications, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let place = Place { client, workspace };
    match &arguments.action {
        None => place.list(20, global).await,
        Some(NotificationsAction::List { limit }) => place.list(*limit, global).await,
        Some(NotificationsAction::Targets) => place.targets(global).await,
        Some(NotificationsAction::Add(add)) => place.add(add, global).await,
        Some(NotificationsAction::Remove(one)) => place.remove(&one.name, global).await,
        Some(NotificationsAction::Preferences(set)) => place.prefer(set, global).await,
        Some(NotificationsAction::Test(one)) => place.test(&one.name, global).await,
    }
}

/// A workspace, and the client of a person in it.
struct Place {
    client: Client,
    workspace: Uuid,
}

impl Place {
    async fn list(&self, limit: u32, global: &Global) -> anyhow::Result<()> {
        let columns = "id,occasion,approval_id,request_id,state,reason,attempt,next_try_at,created_at,ended_at,notification_targets(name)";
        let query = [
            ("select", columns.to_owned()),
            ("workspace_id", format!("eq.{}", self.workspace)),
            ("order", "id.desc".to_owned()),
            ("limit", limit.to_string()),
        ];
        let messages: Vec<Notification> = self.client.select("notifications", &query).await?;
        if global.json {
            return print_json(&messages);
        }
        if messages.is_empty() {
            print(
                "There is no message yet; `cargo goalpost notifications targets` lists where they go.",
            );
            return Ok(());
        }
        let rows: Vec<Vec<String>> = messages.iter().map(row).collect();
        let headings = [
            "MESSAGE",
            "TO",
            "OCCASION",
            "ABOUT",
            "STATE",
            "CREATED (UTC)",
            "REASON",
        ];
        for line in table::lines(Screen::stdout(), &headings, &rows) {
            print(&line);
        }
        Ok(())
    }

    async fn targets(&self, global: &Global) -> anyhow::Result<()> {
        let columns = "name,kind,shown_address,user_id,occasions,quiet_from,quiet_until,time_zone";
        let query = [
            ("select", columns.to_owned()),
            ("workspace_id", format!("eq.{}", self.workspace)),
            ("order", "name.asc".to_owned()),
        ];
        let targets: Vec<Target> = self.client.select("notification_targets", &query).await?;
        if global.json {
            return print_json(&targets);
        }
        if targets.is_empty() {
            print("There is no target yet; `cargo goalpost notifications add email me` adds one.");
            return Ok(());
        }
        let row = |one: &Target| {
            vec![
                one.name.clone(),
                one.user_id.map_or("the workspace", |_| "you").to_owned(),
                one.kind.clone(),
                one.shown_address.clone(),
                quiet(one),
                one.occasions.join(", "),
            ]
        };
        let rows: Vec<Vec<String>> = targets.iter().map(row).collect();
        let headings = ["TARGET", "OF", "KIND", "ADDRESS", "QUIET", "OCCASIONS"];
        for line in table::lines(Screen::stdout(), &headings, &rows) {
            print(&line);
        }
        Ok(())
    }

    async fn add(&self, add: &TargetToAdd, global: &Global) -> anyhow::Result<()> {
        let mut target =
            json!({"name": add.name.name, "kind": add.kind.name(), "shared": add.shared});
        let address = match add.kind {
            TargetKind::Email => add.address.clone(),
            TargetKind::Webhook | TargetKind::Slack => Some(secret_url()?),
        };
        let occasions = add.occasions.as_ref().map(|names| json!(names));
        for (field, value) in [
            ("address", address.map(Value::from)),
            ("occasions", occasions),
        ] {
            if let (Some(value), Some(fields)) = (value, target.as_object_mut()) {
                fields.insert(field.to_owned(), value);
            }
        }
        let call = json!({"p_workspace_id": self.workspace, "p_target": target});
        let added: Value = self.client.call("add_notification_target", &call).await?;
        if global.json {
            return print_json(&added);
        }
        print(&format!("Added {}.", add.name.name));
        if let Some(secret) = added.get("secret").and_then(Value::as_str) {
            print(&format!("It signs with {secret}"));
            print("Store this secret at the receiver: it is not shown again.");
        }
        print(&format!(
            "Try it: cargo goalpost notifications test {}",
            add.name.name
        ));
        Ok(())
    }

    async fn remove(&self, name: &str, global: &Global) -> anyhow::Result<()> {
        let call = json!({"p_workspace_id": self.workspace, "p_name": name});
        let removed: Value = self
            .client
            .call("remove_notification_target", &call)
            .await?;
        if global.json {
            return print_json(&removed);
        }
        print(&format!("Removed {name}."));
        Ok(())
    }

    async fn prefer(&self, set: &Preferences, global: &Global) -> anyhow::Result<()> {
        let mut preferences = serde_json::Map::new();
        if let Some(occasions) = &set.occasions {
            let occasions: Vec<&String> =
                occasions.iter().filter(|name| !name.is_empty()).collect();
            preferences.insert("occasions".to_owned(), json!(occasions));
        }
        if let Some(quiet) = &set.quiet {
            let (from, until) = quiet.split_once('-').ok_or_else(|| {
                Usage("--quiet is from one time to another, such as 22:00-07:00.".to_owned())
            })?;
            let quiet = json!({"from": from.trim(), "until": until.trim()});
            preferences.insert("quiet".to_owned(), quiet);
        }
        if set.no_quiet {
            preferences.insert("quiet".to_owned(), Value::Null);
        }
        if let Some(zone) = &set.time_zone {
            preferences.insert("time_zone".to_owned(), json!(zone));
        }
        let call = json!({"p_workspace_id": self.workspace, "p_preferences": preferences, "p_name": set.name});
        let changed: Vec<Value> = self
            .client
            .call("set_notification_preferences", &call)
            .await?;
        if global.json {
            return print_json(&changed);
        }
        let names: Vec<&str> = changed
            .iter()
            .filter_map(|one| one.get("name").and_then(Value::as_str))
            .collect();
        print(&match names.as_slice() {
            [] => "You have no target yet.".to_owned(),
            names => format!("Set: {}.", names.join(", ")),
        });
        Ok(())
    }

    async fn test(&self, name: &str, global: &Global) -> anyhow::Result<()> {
        let call = json!({"p_workspace_id": self.workspace, "p_name": name});
        let sent: Value = self.client.call("test_notification_target", &call).await?;
        if global.json {
            return print_json(&sent);
        }
        print("A message is on its way. Its state: cargo goalpost notifications");
        Ok(())
    }
}

fn row(one: &Notification) -> Vec<String> {
    let about = match (one.approval_id, one.request_id) {
        (Some(id), _) => format!("approval {id}"),
        (_, Some(id)) => format!("request {id}"),
        _ => "–".to_owned(),
    };
    let state = match (one.state.as_str(), one.attempt) {
        ("waiting", 1..) => format!("waiting, after {} attempts", one.attempt),
        (state, _) => state.to_owned(),
    };
    vec![
        one.id.to_string(),
        one.target.name.clone(),
        one.occasion.clone(),
        about,
        state,
        one.created_at.format("%Y-%m-%d %H:%M").to_string(),
        one_line(one.reason.as_deref().unwrap_or_default(), 80),
    ]
}

fn quiet(target: &Target) -> String {
    let minutes = |time: &str| time.get(..5).unwrap_or(time).to_owned();
    match (&target.quiet_from, &target.quiet_until) {
        (Some(from), Some(until)) => {
            format!("{}-{} {}", minutes(from), minutes(until), target.time_zone)
        }
        _ => "–".to_owned(),
    }
}

/// Reads a URL that may be a secret: at a hidden prompt, or from standard input; never from an argument, which other
/// processes and the shell's history can read.
fn secret_url() -> anyhow::Result<String> {
    let url = if std::io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal.write_str("URL: ")?;
        terminal.read_secure_line()?
    } else {
        let mut text = String::new();
        std::io::stdin()
            .take(10_000)
            .read_to_string(&mut text)
            .context("reading the URL from standard input")?;
        text
    };
    let url = url.trim().to_owned();
    if url.is_empty() {
        return Err(Usage(
            "there is no URL: pass it on standard input, or type it at the prompt.".to_owned(),
        )
        .into());
    }
    Ok(url)
}

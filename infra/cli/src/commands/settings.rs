//! `goalpost settings`: the name of a workspace; time zone, currency and common values of tables, which models receive;
//! how it learns; and its caps.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::arguments::{Global, Settings};
use super::{Usage, ask, connect, print, print_json};
use client::Client;
use definitions::LIMITS;

/// The settings, as `set_workspace_settings` returns them.
#[derive(Serialize, Deserialize)]
struct Set {
    name: String,
    webhooks_signed: bool,
    time_zone: String,
    currency: Option<String>,
    common_values: bool,
    learning: String,
    analysis_seconds: u32,
}

/// All of it, for programs.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    set: Set,
    limits: Map<String, Value>,
}

/// Runs `goalpost settings`. Without a change it shows the settings.
pub(super) async fn run(arguments: &Settings, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let changes = changes(arguments);
    let set: Set = if changes.is_empty() {
        let query = [
            (
                "select",
                "name,webhooks_signed,time_zone,currency,common_values,learning,analysis_seconds"
                    .to_owned(),
            ),
            ("id", format!("eq.{workspace}")),
        ];
        let rows: Vec<Set> = client.select("workspaces", &query).await?;
        let row = rows.into_iter().next();
        row.context("you are not in that workspace, or there is none with this id")?
    } else {
        let call = json!({"p_workspace_id": workspace, "p_settings": changes});
        client.call("set_workspace_settings", &call).await?
    };
    if !arguments.limit.is_empty() {
        let call =
            json!({"p_workspace_id": workspace, "p_limits": limit_changes(&arguments.limit)?});
        let _: Value = client.call("set_workspace_limits", &call).await?;
    }
    let limits = limits(&client, workspace).await?;
    if global.json {
        return print_json(&Shown { set, limits });
    }
    print(&format!(
        "name:          {}\nwebhooks:      {}\ntime zone:     {}\ncurrency:      {}\ncommon values: {}\nlearning:      {}, every {} s",
        set.name,
        if set.webhooks_signed {
            "signed only"
        } else {
            "signed where a secret is set"
        },
        set.time_zone,
        set.currency.as_deref().unwrap_or("none"),
        if set.common_values {
            "sent to agents"
        } else {
            "not sent"
        },
        set.learning,
        set.analysis_seconds
    ));
    print("\nlimits (--limit KEY=VALUE):");
    for (name, value) in &limits {
        print(&format!("  {name}={value}"));
    }
    Ok(())
}

/// Reads the caps and limits of a workspace.
async fn limits(client: &Client, workspace: Uuid) -> anyhow::Result<Map<String, Value>> {
    let query = [
        ("select", LIMITS.join(",")),
        ("id", format!("eq.{workspace}")),
    ];
    let rows: Vec<Map<String, Value>> = client.select("workspaces", &query).await?;
    Ok(rows.into_iter().next().unwrap_or_default())
}

/// Reads limits of the form KEY=VALUE, whose values are JSON or plain text.
fn limit_changes(given: &[String]) -> anyhow::Result<Map<String, Value>> {
    let read = |change: &String| {
        let (key, value) = change
            .split_once('=')
            .ok_or_else(|| Usage(format!("--limit {change}: write KEY=VALUE.")))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        Ok((key.to_owned(), value))
    };
    given.iter().map(read).collect()
}

/// Returns the settings that are named, `none` as no currency.
fn changes(arguments: &Settings) -> Map<String, Value> {
    let mut changes = Map::new();
    if let Some(name) = &arguments.name {
        changes.insert("name".to_owned(), json!(name));
    }
    if let Some(are_signed) = arguments.webhooks_signed {
        changes.insert("webhooks_signed".to_owned(), json!(are_signed));
    }
    if let Some(zone) = &arguments.time_zone {
        changes.insert("time_zone".to_owned(), json!(zone));
    }
    if let Some(currency) = &arguments.currency {
        let currency = (!currency.eq_ignore_ascii_case("none")).then(|| currency.to_uppercase());
        changes.insert("currency".to_owned(), json!(currency));
    }
    if let Some(are_sent) = arguments.common_values {
        changes.insert("common_values".to_owned(), json!(are_sent));
    }
    if let Some(learning) = &arguments.learning {
        changes.insert("learning".to_owned(), json!(learning));
    }
    if let Some(seconds) = arguments.analysis_seconds {
        changes.insert("analysis_seconds".to_owned(), json!(seconds));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_json_or_text() {
        let given = [
            "approve_plans=true".to_owned(),
            "on_exhausted=ask".to_owned(),
        ];
        assert_eq!(
            limit_changes(&given).ok(),
            json!({"approve_plans": true, "on_exhausted": "ask"})
                .as_object()
                .cloned()
        );
        assert!(limit_changes(&["approve_plans".to_owned()]).is_err());
    }

    #[test]
    fn only_named_settings_are_sent() {
        let settings = |zone: Option<&str>, currency: Option<&str>| Settings {
            workspace: None,
            name: None,
            webhooks_signed: None,
            limit: Vec::new(),
            time_zone: zone.map(str::to_owned),
            currency: currency.map(str::to_owned),
            common_values: None,
            learning: None,
            analysis_seconds: None,
        };
        assert!(changes(&settings(None, None)).is_empty());
        assert_eq!(
            Value::Object(changes(&settings(Some("Europe/Vienna"), Some("eur")))),
            json!({"time_zone": "Europe/Vienna", "currency": "EUR"})
        );
        assert_eq!(
            Value::Object(changes(&settings(None, Some("none")))),
            json!({"currency": null})
        );
        let mut off = settings(None, None);
        off.common_values = Some(false);
        assert_eq!(
            Value::Object(changes(&off)),
            json!({"common_values": false})
        );
        let mut learning = settings(None, None);
        learning.learning = Some("trial".to_owned());
        learning.analysis_seconds = Some(900);
        assert_eq!(
            Value::Object(changes(&learning)),
            json!({"learning": "trial", "analysis_seconds": 900})
        );
    }
}

//! `goalpost settings`: time zone, currency and common values of tables, which models receive, and how a workspace
//! learns.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::arguments::{Global, Settings};
use super::{ask, connect, print, print_json};

/// The settings, as `set_workspace_settings` returns them.
#[derive(Serialize, Deserialize)]
struct Set {
    time_zone: String,
    currency: Option<String>,
    common_values: bool,
    learning: String,
    analysis_seconds: u32,
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
                "time_zone,currency,common_values,learning,analysis_seconds".to_owned(),
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
    if global.json {
        return print_json(&set);
    }
    print(&format!(
        "time zone:     {}\ncurrency:      {}\ncommon values: {}\nlearning:      {}, every {} s",
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
    Ok(())
}

/// Returns the settings that are named, `none` as no currency.
fn changes(arguments: &Settings) -> Map<String, Value> {
    let mut changes = Map::new();
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
    fn only_named_settings_are_sent() {
        let settings = |zone: Option<&str>, currency: Option<&str>| Settings {
            workspace: None,
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

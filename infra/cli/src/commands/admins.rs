//! `goalpost admins`: the operators of the project, and their grants to workspaces.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::arguments::{Admins, AdminsAction, Global};
use super::{Usage, connect, print, print_json};

/// Beyond any cap that the database accepts, and exact as a number of micro-dollars.
const MOST_DOLLARS: f64 = 1e6;

#[derive(Serialize, Deserialize)]
struct Admin {
    user_id: String,
    email: Option<String>,
}

/// Runs `goalpost admins …`.
pub(super) async fn run(arguments: &Admins, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let (function, call, text) = match &arguments.action {
        AdminsAction::List => {
            let admins: Vec<Admin> = client.call("read_project_admins", &json!({})).await?;
            if global.json {
                return print_json(&admins);
            }
            for admin in &admins {
                let email = admin.email.as_deref().unwrap_or_default();
                print(&format!("{}  {email}", admin.user_id));
            }
            return Ok(());
        }
        AdminsAction::Add { person } => (
            "add_project_admin",
            json!({"p_person": person}),
            format!("{person} is a project admin."),
        ),
        AdminsAction::Remove { person } => (
            "remove_project_admin",
            json!({"p_person": person}),
            format!("{person} is a project admin no more."),
        ),
        AdminsAction::Grant {
            workspace,
            usd,
            tokens,
        } => (
            "grant_budget",
            json!({"p_workspace_id": workspace, "p_month_microusd": microusd(*usd)?, "p_month_tokens": tokens}),
            format!("The workspace may spend ${usd} and {tokens} tokens a month."),
        ),
        AdminsAction::Limits { set } => {
            let limits: Value = client
                .call("set_project_limits", &json!({"p_limits": changes(set)?}))
                .await?;
            return print_json(&limits);
        }
    };
    let answer: Value = client.call(function, &call).await?;
    if global.json {
        return print_json(&answer);
    }
    print(&text);
    Ok(())
}

/// Returns whole micro-dollars.
#[expect(
    clippy::cast_possible_truncation,
    reason = "bounded to a million dollars, in micro-dollars"
)]
fn microusd(usd: f64) -> anyhow::Result<i64> {
    if !(0.0..=MOST_DOLLARS).contains(&usd) {
        return Err(Usage(format!("--usd is 0 to {MOST_DOLLARS}.")).into());
    }
    Ok((usd * 1e6).round() as i64)
}

/// Parses the limits of `--set key=value` into JSON.
fn changes(set: &[String]) -> anyhow::Result<Map<String, Value>> {
    set.iter()
        .map(|change| {
            change
                .split_once('=')
                .and_then(|(key, value)| Some((key.to_owned(), serde_json::from_str(value).ok()?)))
                .ok_or_else(|| {
                    Usage(format!(
                        "--set {change}: give key=value, such as person_month_tokens=0."
                    ))
                    .into()
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    #[test]
    fn dollars_become_whole_microdollars() {
        assert_eq!(microusd(50.0).unwrap(), 50_000_000);
        assert_eq!(microusd(0.1).unwrap(), 100_000);
        assert!(microusd(-1.0).is_err());
        assert!(microusd(f64::NAN).is_err());
        assert!(microusd(1e7).is_err());
    }

    #[test]
    fn limits_are_read_as_json() {
        let set = ["workspaces_by_anyone=false".to_owned()];
        assert_eq!(
            json!(changes(&set).unwrap()),
            json!({"workspaces_by_anyone": false})
        );
        assert!(changes(&["x".to_owned()]).is_err());
        assert!(changes(&["x=y".to_owned()]).is_err());
    }
}

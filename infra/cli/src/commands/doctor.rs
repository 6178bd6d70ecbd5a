//! `goalpost doctor`: checks all requirements of the work, and gives advice for each that is missing.
//!
//! For the local stack it reads the database as its owner, and sends one real wake through every part. For a hosted
//! project it is limited to the API, with the caller's rights.

mod check;
mod database;
mod functions;
mod models;

use anyhow::bail;
use domain::PrivateHosts;
use domain::private_hosts::PRIVATE_HOSTS;
use local_stack::home::Home;

use super::arguments::Global;
use super::connect::given;
use super::{connect, print, print_json, state};
use crate::render::{Screen, count};
use check::{Check, Outcome};
use client::Client;
pub(super) use models::{of as models_of, unreachable, wrong_settings};

pub(super) async fn run(global: &Global) -> anyhow::Result<()> {
    let home = Home::open()?;
    let local = state::running(&home)
        .ok()
        .flatten()
        .and_then(|state| state.stack);
    let is_local = match given(global.url.as_deref()) {
        None => true,
        Some(url) => local
            .as_ref()
            .is_some_and(|local| local.url == url.trim_end_matches('/')),
    };
    let checks = match (is_local, local) {
        (true, Some(stack)) => of_local(&home, &stack, global).await,
        (true, None) => vec![Check::bad(
            "stack",
            "the local stack is not up",
            "cargo goalpost up",
        )],
        (false, _) => of_hosted(global).await,
    };
    let mut checks = checks;
    checks.extend(private_hosts(given(
        std::env::var(PRIVATE_HOSTS).ok().as_deref(),
    )));
    let bad = checks
        .iter()
        .filter(|check| check.outcome == Outcome::Bad)
        .count();
    if global.json {
        print_json(&checks)?;
    } else {
        show(&checks);
    }
    if bad > 0 {
        bail!("{} found.", count(bad as u64, "problem"));
    }
    Ok(())
}

fn show(checks: &[Check]) {
    let palette = Screen::stdout().palette;
    for check in checks {
        let mark = match check.outcome {
            Outcome::Good => palette.good("✓"),
            Outcome::Bad => palette.bad("✗"),
            Outcome::Note => palette.asks("!"),
        };
        print(&format!("{mark} {:12} {}", check.name, check.seen));
        for line in check.advice.lines() {
            print(&format!(
                "               {}",
                palette.asks(&format!("→ {line}"))
            ));
        }
    }
}

async fn of_local(home: &Home, stack: &state::Stack, global: &Global) -> Vec<Check> {
    let mut checks = vec![Check::good("stack", format!("runs at {}", stack.url))];
    checks.append(&mut database::check(home, stack).await);
    checks.append(&mut functions::check(stack).await);
    checks.append(&mut models::check(&stack.models).await);
    checks.push(match connect::client(global).await {
        Ok(client) => api(&client).await,
        Err(error) => Check::bad("api", format!("{error:#}"), ""),
    });
    checks.push(database::wake_round_trip(stack).await);
    checks
}

async fn of_hosted(global: &Global) -> Vec<Check> {
    let client = match connect::client(global).await {
        Ok(client) => client,
        Err(error) => return vec![Check::bad("sign-in", format!("{error:#}"), "")],
    };
    let mut checks = vec![
        Check::good("sign-in", client.url().to_owned()),
        api(&client).await,
    ];
    checks.append(&mut models::of_environment().await);
    checks.push(match given(global.intake_url.as_deref()) {
        Some(url) => Check::good("intake", format!("questions go to {url}")),
        None => Check::note(
            "intake",
            "questions go through the RPC accept_request",
            "Give --intake-url (GOALPOST_INTAKE_URL) to ask through the function.",
        ),
    });
    checks
}

/// Checks the private hosts of this shell's environment, which `up` passes on.
fn private_hosts(value: Option<&str>) -> Option<Check> {
    let name = "hosts";
    Some(match PrivateHosts::parse(value?) {
        Ok(hosts) => Check::good(
            name,
            format!(
                "{PRIVATE_HOSTS} names {}",
                count(hosts.len() as u64, "host")
            ),
        ),
        Err(error) => Check::bad(
            name,
            error.to_string(),
            format!("Name the workspaces that each host of {PRIVATE_HOSTS} serves."),
        ),
    })
}

/// Checks that the API serves Goalpost to this person.
async fn api(client: &Client) -> Check {
    match client.workspaces().await {
        Ok(workspaces) if workspaces.is_empty() => Check::note(
            "api",
            "answers; you are in no workspace",
            "Call the function create_workspace to make one.",
        ),
        Ok(workspaces) => {
            let names: Vec<&str> = workspaces
                .iter()
                .map(|workspace| workspace.name.as_str())
                .collect();
            Check::good(
                "api",
                format!("answers; your workspaces: {}", names.join(", ")),
            )
        }
        Err(error) => {
            let text = error.to_string();
            let (seen, advice) = text.split_once('\n').unwrap_or((&text, ""));
            Check::bad("api", seen, advice)
        }
    }
}

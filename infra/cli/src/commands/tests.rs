//! Tests of the command line and of the state between commands.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::os::unix::fs::PermissionsExt;

use chrono::Utc;
use clap::{CommandFactory, Parser};
use local_stack::home::Home;
use local_stack::keys::ProjectKeys;
use local_stack::stack::Person;
use serde_json::json;

use super::arguments::{Arguments, Command};
use super::*;
use client::{Place, Session};

fn parsed(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(std::iter::once("goalpost").chain(line.split_whitespace()))
}

fn home(folder: &tempfile::TempDir) -> Home {
    let workspace = folder.path().join("workspace");
    std::fs::create_dir_all(&workspace).unwrap();
    Home::at(workspace, &folder.path().join("home")).unwrap()
}

fn mode(path: &std::path::Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn stack(keys: &ProjectKeys) -> state::Stack {
    state::Stack {
        url: "http://127.0.0.1:1".into(),
        database_url: "postgres://postgres:pw@127.0.0.1:2/goalpost".into(),
        psql: None,
        logs: "logs".into(),
        models: state::Models::default(),
        keys: keys.to_stored(),
    }
}

#[test]
fn clap_accepts_the_definitions() {
    Arguments::command().debug_assert();
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    for line in [
        "--as approver --json approve 4",
        "approve 4 --json --as approver",
    ] {
        let arguments = parsed(line).unwrap();
        assert_eq!(arguments.global.person, Some(Person::Approver));
        assert!(arguments.global.json);
        assert!(matches!(arguments.command, Command::Approve(decision) if decision.id == 4));
    }
}

#[test]
fn mcp_server_address_is_not_the_projects() {
    let line = "mcp add docs https://docs.example.com/mcp --header authorization";
    let arguments = parsed(line).unwrap();
    assert_eq!(arguments.global.url, None);
    let Command::Mcp(mcp) = arguments.command else {
        panic!("{line}");
    };
    let super::arguments::McpAction::Add { name, address, .. } = mcp.action else {
        panic!("{line}");
    };
    assert_eq!(
        (name.as_str(), address.as_str()),
        ("docs", "https://docs.example.com/mcp")
    );
}

#[test]
fn question_carries_its_options() {
    let line = [
        "goalpost",
        "ask",
        "What is this?",
        "--wait",
        "--workspace",
        "Demo",
        "--idempotency-key",
        "k",
    ];
    let Command::Ask(ask) = Arguments::try_parse_from(line).unwrap().command else {
        panic!()
    };
    assert_eq!((ask.question.as_str(), ask.wait), ("What is this?", true));
    assert_eq!(
        (ask.workspace.as_deref(), ask.idempotency_key.as_deref()),
        (Some("Demo"), Some("k"))
    );
}

#[test]
fn arguments_after_psql_are_psqls() {
    let Command::Psql(psql) = parsed("psql -- -c select").unwrap().command else {
        panic!()
    };
    assert_eq!(psql.arguments, ["-c", "select"]);
    let Command::Psql(psql) = parsed("psql -At -c select").unwrap().command else {
        panic!()
    };
    assert_eq!(psql.arguments, ["-At", "-c", "select"]);
}

#[test]
fn wrong_usage_ends_with_2_and_a_name() {
    for (line, named) in [
        ("", "Usage"),
        ("goal", "<ID>"),
        ("goal three", "three"),
        ("goals --as emperor", "emperor"),
        ("goals --as owner --token x", "--token"),
        ("logs gateway", "gateway"),
    ] {
        let error = parsed(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
        assert!(error.to_string().contains(named), "{line}: {error}");
    }
}

#[test]
fn commands_have_help_and_the_first_has_examples() {
    let mut command = Arguments::command();
    assert!(
        command
            .render_help()
            .to_string()
            .contains("cargo goalpost ask")
    );
    for subcommand in command.get_subcommands() {
        assert!(
            subcommand.get_about().is_some(),
            "{}",
            subcommand.get_name()
        );
    }
}

#[test]
fn state_and_keys_are_readable_for_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    let keys = state::keys(&home).unwrap();
    state::write(
        &home,
        &state::State {
            pid: 1,
            started_at: Utc::now(),
            stack: Some(stack(&keys)),
        },
    )
    .unwrap();
    assert_eq!(mode(&home.run().join("state.json")), 0o600);
    assert_eq!(mode(&home.root().join("project.json")), 0o600);
}

#[test]
fn keys_stay_until_they_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    let first = state::keys(&home).unwrap().publishable_key().to_owned();
    assert_eq!(state::keys(&home).unwrap().publishable_key(), first);
    state::forget_keys(&home);
    assert_ne!(state::keys(&home).unwrap().publishable_key(), first);
}

#[test]
fn keys_of_an_earlier_version_are_completed_once() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    let mut stored = state::keys(&home).unwrap().to_stored();
    let object = stored.as_object_mut().unwrap();
    object.remove("p256_signing_key").unwrap();
    let path = home.root().join("project.json");
    std::fs::write(&path, stored.to_string()).unwrap();
    let completed = state::keys(&home).unwrap().to_stored();
    for (name, key) in stored.as_object().unwrap() {
        assert_eq!(completed[name], *key, "{name}");
    }
    assert_eq!(state::keys(&home).unwrap().to_stored(), completed);
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn left_over_state_file_is_no_running_stack() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    let keys = ProjectKeys::generate();
    let state = state::State {
        pid: 1,
        started_at: Utc::now(),
        stack: Some(stack(&keys)),
    };
    state::write(&home, &state).unwrap();
    assert!(state::running(&home).unwrap().is_none());
    let error = state::required(&home).unwrap_err().to_string();
    assert!(error.contains("cargo goalpost up"), "{error}");

    let _held = state::claim(&home).unwrap().unwrap();
    assert_eq!(state::required(&home).unwrap().url, "http://127.0.0.1:1");
}

#[test]
fn starting_stack_is_reported_as_starting() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    let _held = state::claim(&home).unwrap().unwrap();
    state::write(
        &home,
        &state::State {
            pid: 1,
            started_at: Utc::now(),
            stack: None,
        },
    )
    .unwrap();
    let error = state::required(&home).unwrap_err().to_string();
    assert!(error.contains("starting"), "{error}");
}

#[tokio::test]
async fn session_is_private_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    let url = auth_answering(json!({
        "access_token": "a.b.c", "refresh_token": "r", "expires_in": 3600, "user": {"email": "you@example.com"},
    }))
    .await;
    let client = client::Client::new(&url, "sb_publishable_x", Place::GivenUrl).unwrap();
    let session = client
        .login("You@example.com", &"password".into())
        .await
        .unwrap();
    session.store(&home).unwrap();
    assert_eq!(mode(&home.root().join("session.json")), 0o600);
    let stored = Session::stored(&home).unwrap();
    assert_eq!(
        (stored.url.as_str(), stored.email.as_str()),
        (url.as_str(), "you@example.com")
    );
    let (_, renewal) = client.renewed(stored).await.unwrap();
    assert_eq!(renewal, client::Renewal::NotNeeded);
}

#[tokio::test]
async fn session_about_to_end_is_renewed() {
    let url =
        auth_answering(json!({"access_token": "a.b.c", "refresh_token": "r", "expires_in": 10}))
            .await;
    let client = client::Client::new(&url, "sb_publishable_x", Place::GivenUrl).unwrap();
    let session = client
        .login("you@example.com", &"password".into())
        .await
        .unwrap();
    let (_, renewal) = client.renewed(session).await.unwrap();
    assert_eq!(renewal, client::Renewal::Renewed);
}

/// Starts an Auth that answers every request with this session.
async fn auth_answering(session: serde_json::Value) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = axum::routing::post(move || async move { axum::Json(session) });
    let router = axum::Router::new().route("/auth/v1/token", answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[test]
fn report_is_about_a_goal_or_a_period() {
    for line in [
        "report",
        "report 3 --since 7d",
        "report 3 --until 2030-01-01",
        "report 3 --sql --html x",
    ] {
        assert!(parsed(line).is_err(), "{line}");
    }
    let now: chrono::DateTime<Utc> = "2030-01-31T12:00:00Z".parse().unwrap();
    for (text, beginning) in [
        ("24h", "2030-01-30T12:00:00Z"),
        ("7d", "2030-01-24T12:00:00Z"),
        ("2w", "2030-01-17T12:00:00Z"),
        ("2030-01-02", "2030-01-02T00:00:00Z"),
        ("2030-01-02T03:00:00+01:00", "2030-01-02T02:00:00Z"),
    ] {
        let Command::Report(report) = parsed(&format!("report --since {text}")).unwrap().command
        else {
            panic!("{text}");
        };
        let beginning: chrono::DateTime<Utc> = beginning.parse().unwrap();
        assert_eq!(report.since.unwrap().before(now), beginning, "{text}");
    }
    for text in [
        "7",
        "d",
        "-1d",
        "0h",
        "7x",
        "tomorrow",
        "99999999999999d",
        "7é",
        "",
    ] {
        assert!(super::arguments::since(text).is_err(), "{text:?}");
    }
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use std::collections::BTreeMap;

use super::*;

fn live(text: &str) -> Live {
    Live {
        file: WorkspaceFile::parse(text).unwrap(),
        agents: BTreeMap::from([("clerk".to_owned(), 7), ("clerk for review".to_owned(), 8)]),
        runbooks: BTreeMap::from([("old".to_owned(), 9)]),
    }
}

fn titles(here: &str, wanted: &str) -> Vec<String> {
    let changes = between(&live(here), &WorkspaceFile::parse(wanted).unwrap());
    changes.into_iter().map(|change| change.title).collect()
}

const HERE: &str = "\
settings: {time_zone: UTC, currency: null}
limits: {approve_plans: false, max_open_requests: 200}
http_hosts: [a.example.com]
webhook_hosts: []
email_domains: []
readable_schemas: [public]
writable_tables: [{table: public.notes}]
policies: [{name: careful, tool: '*', effect: needs_approval}]
rate_limits: [{scope: tool, name: http, slots: 2}]
mcp_servers: [{name: docs, url: https://docs.example.com/}]
agents:
  - {name: clerk, role: You file.}
  - {name: clerk, role: You review., goal_type: review}
runbooks: [{name: old, title: t, description: d, plan: {steps: []}}]
schedules: [{name: monday, question: q, cron: 0 9 * * mon, time_zone: UTC}]
";

#[test]
fn same_file_changes_nothing() {
    assert_eq!(titles(HERE, HERE), Vec::<String>::new());
}

#[test]
fn absent_parts_and_fields_are_left_as_they_are() {
    assert_eq!(titles(HERE, "{}"), Vec::<String>::new());
    assert_eq!(
        titles(HERE, "settings: {time_zone: UTC}\n"),
        Vec::<String>::new()
    );
}

#[test]
fn parts_that_are_there_are_the_whole_of_it() {
    let emptied = "http_hosts: []\nreadable_schemas: []\nwritable_tables: []\npolicies: []\nrate_limits: []\n\
                   mcp_servers: []\nagents: []\nrunbooks: []\nschedules: []\n";
    assert_eq!(
        titles(HERE, emptied),
        [
            "- policy careful",
            "- rate limit tool http",
            "- http host a.example.com",
            "- readable schema public",
            "- writable table public.notes",
            "- MCP server docs",
            "- agent clerk",
            "- agent clerk for review",
            "- runbook old",
            "- schedule monday",
        ]
    );
}

#[test]
fn retired_rows_are_those_of_their_keys() {
    let wanted =
        WorkspaceFile::parse("agents: [{name: clerk, role: You file.}]\nrunbooks: []\n").unwrap();
    let changes = between(&live(HERE), &wanted);
    let calls: Vec<&Call> = changes.iter().flat_map(|change| &change.calls).collect();
    assert_eq!(
        calls[0].arguments,
        json!({"p_agent_id": 8, "p_state": "retired"})
    );
    assert_eq!(
        calls[1].arguments,
        json!({"p_runbook_id": 9, "p_state": "retired"})
    );
}

#[test]
fn number_written_otherwise_is_the_same() {
    assert_eq!(
        titles(HERE, "limits: {max_open_requests: 200.0}\n"),
        Vec::<String>::new()
    );
    let other = titles(HERE, "limits: {max_open_requests: 201, approve_plans: 0}\n");
    assert_eq!(other, ["~ limits"]);
}

#[test]
fn differing_fields_alone_are_sent() {
    let wanted = WorkspaceFile::parse(
        "settings: {time_zone: UTC, currency: EUR}\nlimits: {approve_plans: true}\n",
    )
    .unwrap();
    let changes = between(&live(HERE), &wanted);
    assert_eq!(
        changes[0].calls,
        [call(
            "set_workspace_settings",
            json!({"p_settings": {"currency": "EUR"}})
        )]
    );
    assert_eq!(changes[0].lines, ["currency: null → \"EUR\""]);
    assert_eq!(
        changes[1].calls,
        [call(
            "set_workspace_limits",
            json!({"p_limits": {"approve_plans": true}})
        )]
    );
}

#[test]
fn paused_schedule_keeps_its_person() {
    let paused = HERE.replace("time_zone: UTC}]", "time_zone: UTC, paused: true}]");
    let functions = |here: &str, wanted: &str| {
        let changes = between(&live(here), &WorkspaceFile::parse(wanted).unwrap());
        let calls = changes.into_iter().flat_map(|change| change.calls);
        calls
            .map(|call| (call.function, call.arguments["p_change"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        functions(HERE, &paused),
        [("change_schedule", json!("pause"))]
    );
    assert_eq!(
        functions(&paused, HERE),
        [("change_schedule", json!("resume"))]
    );
    let other = paused.replace("question: q", "question: r");
    assert_eq!(
        functions(HERE, &other),
        [
            ("set_schedule", Value::Null),
            ("change_schedule", json!("pause"))
        ]
    );
}

#[test]
fn moved_server_loses_its_approvals_and_its_secret() {
    let moved = HERE.replace("https://docs.example.com/", "https://other.example.com/");
    let changes = between(&live(HERE), &WorkspaceFile::parse(&moved).unwrap());
    let functions: Vec<&str> = changes[0].calls.iter().map(|call| call.function).collect();
    assert_eq!(functions, ["remove_mcp_server", "add_mcp_server"]);
    assert!(
        changes[0]
            .lines
            .iter()
            .any(|line| line.contains("its secret")),
        "{changes:?}"
    );
}

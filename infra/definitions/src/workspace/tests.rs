#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

const FILE: &str = "\
settings: {time_zone: Europe/Vienna, currency: EUR, learning: trial}
limits: {approve_plans: true, goal_budget_microusd: 2000000}
http_hosts: [b.example.com, a.example.com, a.example.com]
email_domains: []
writable_tables:
  - {table: public.notes}
  - {table: public.findings, operations: [update, insert]}
policies:
  - {name: no posting, tool: webhook, effect: deny}
rate_limits:
  - {scope: tool, name: http, slots: 60, per_seconds: 60}
mcp_servers:
  - {name: docs, url: https://docs.example.com/mcp, header: authorization}
agents:
  - {name: clerk, role: You file.}
runbooks:
  - name: stale-orders
    title: Stale orders
    description: Lists open orders.
    plan: {steps: []}
schedules:
  - {name: monday, question: How are we?, cron: 0 9 * * mon, time_zone: UTC, paused: true}
secrets: [mcp.docs]
";

#[test]
fn written_file_reads_as_the_same_configuration() {
    let read = WorkspaceFile::parse(FILE).unwrap();
    let written = crate::write(&read).unwrap();
    assert_eq!(WorkspaceFile::parse(&written).unwrap(), read, "{written}");
    let hosts: Vec<String> = read.http_hosts.into_iter().flatten().collect();
    assert_eq!(hosts, ["a.example.com", "b.example.com"]);
    assert_eq!(read.email_domains, Some(BTreeSet::new()));
    assert_eq!(read.webhook_hosts, None, "absent is not empty");
    let tables = read.writable_tables.unwrap();
    let names: Vec<&str> = tables.iter().map(|one| one.table.as_str()).collect();
    assert_eq!(names, ["public.findings", "public.notes"]);
    let goal_types = read.runbooks.unwrap().into_iter().map(|one| one.goal_type);
    let goal_types: Vec<Option<String>> = goal_types.collect();
    assert_eq!(goal_types, [Some("stale_orders".to_owned())]);
}

#[test]
fn written_file_begins_with_settings_and_names() {
    let written = crate::write(&WorkspaceFile::parse(FILE).unwrap()).unwrap();
    let place = |text: &str| {
        written
            .find(text)
            .unwrap_or_else(|| panic!("no {text}: {written}"))
    };
    let parts = [
        "settings:",
        "limits:",
        "http_hosts:",
        "policies:",
        "agents:",
        "schedules:",
        "secrets:",
    ];
    let places: Vec<usize> = parts.iter().map(|part| place(part)).collect();
    assert!(places.is_sorted(), "{written}");
    assert!(
        written.contains("- name: no posting\n  tool: webhook\n"),
        "{written}"
    );
}

#[test]
fn mistakes_are_named_with_the_nearest_field() {
    for (text, reason) in [
        ("http_host: []\n", "\"http_host\"; did you mean http_hosts?"),
        (
            "settings: {timezone: UTC}\n",
            "settings has a field \"timezone\"; did you mean time_zone?",
        ),
        ("settings: {name: Acme}\n", "settings has a field \"name\""),
        ("limits: {on_exhaust: ask}\n", "did you mean on_exhausted?"),
        (
            "policies: [{name: p, tool: sql, effects: deny}]\n",
            "did you mean effect?",
        ),
        (
            "agents: [{name: a, role: r, tool: []}]\n",
            "did you mean tools?",
        ),
        (
            "runbooks: [{name: a, title: t, description: d, plan: {}, version: 2}]\n",
            "\"version\"",
        ),
        (
            "schedules: [{name: a, question: q, cron: c, time_zone: UTC, pause: true}]\n",
            "did you mean paused?",
        ),
        ("mcp_servers: [{name: a, address: b}]\n", "\"address\""),
        ("colour: red\n", "has settings, limits"),
        ("policies: [{name: p, tool: sql}]\n", "effect"),
        ("policies: sql\n", "sequence"),
        ("http_hosts: a.example.com\n", "sequence"),
        ("- settings\n", "no fields"),
        ("", "no fields"),
        (
            "agents: [{name: a, role: r}, {name: a, role: s}]\n",
            "agents has a twice",
        ),
        (
            "rate_limits: [{scope: tool, name: sql, slots: 1}, {scope: tool, name: sql, slots: 2}]\n",
            "tool sql twice",
        ),
        (
            "policies: [{name: ' p', tool: sql, effect: deny}]\n",
            "white space around the name",
        ),
        ("settings: {}\nsettings: {}\n", "duplicate"),
    ] {
        let error = format!("{:#}", WorkspaceFile::parse(text).unwrap_err());
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn one_agent_for_each_type_of_goals_is_accepted() {
    let text = "agents: [{name: a, role: r}, {name: a, role: s, goal_type: review}]\n";
    let file = WorkspaceFile::parse(text).unwrap();
    assert_eq!(file.agents.unwrap().len(), 2);
}

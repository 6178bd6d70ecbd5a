//! The changes that lead from the configuration of a workspace to that of a file, each with the calls that make it.

use std::collections::BTreeSet;

use definitions::{
    AgentFile, McpServer, Policy, RateLimit, RunbookFile, Schedule, WorkspaceFile, WritableTable,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::{edited, tools};
use super::live::Live;

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Change {
    /// `+` what is added, `-` removed, `~` changed.
    pub(super) title: String,
    /// What differs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) lines: Vec<String>,
    #[serde(skip)]
    pub(super) calls: Vec<Call>,
    /// Checked before the calls.
    #[serde(skip)]
    pub(super) runbook: Option<RunbookFile>,
}

/// A call of a function for people. Those that change a state take an id; all others the workspace too.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) function: &'static str,
    pub(super) arguments: Value,
}

fn call(function: &'static str, arguments: Value) -> Call {
    Call {
        function,
        arguments,
    }
}

/// Returns the changes in the order in which they are made. Policies and limits come first, so that nothing that follows
/// works without them; what refers to something comes after it.
pub(super) fn between(live: &Live, wanted: &WorkspaceFile) -> Vec<Change> {
    let here = &live.file;
    [
        policies(here, wanted),
        rate_limits(here, wanted),
        fields(
            "settings",
            "set_workspace_settings",
            "p_settings",
            &here.settings,
            &wanted.settings,
        ),
        fields(
            "limits",
            "set_workspace_limits",
            "p_limits",
            &here.limits,
            &wanted.limits,
        ),
        destinations(
            "http",
            "http host",
            here.http_hosts.as_ref(),
            wanted.http_hosts.as_ref(),
        ),
        destinations(
            "webhook",
            "webhook host",
            here.webhook_hosts.as_ref(),
            wanted.webhook_hosts.as_ref(),
        ),
        destinations(
            "email",
            "email domain",
            here.email_domains.as_ref(),
            wanted.email_domains.as_ref(),
        ),
        destinations(
            "schema",
            "readable schema",
            here.readable_schemas.as_ref(),
            wanted.readable_schemas.as_ref(),
        ),
        writable_tables(here, wanted),
        mcp_servers(here, wanted),
        agents(live, wanted),
        runbooks(live, wanted),
        schedules(here, wanted),
    ]
    .concat()
}

/// Returns the change of the fields that differ, if any.
fn fields(
    title: &str,
    function: &'static str,
    argument: &str,
    here: &Map<String, Value>,
    wanted: &Map<String, Value>,
) -> Vec<Change> {
    let differing = wanted
        .iter()
        .filter(|(name, value)| !here.get(*name).is_some_and(|here| is_equal(here, value)));
    let differing: Map<String, Value> = differing
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if differing.is_empty() {
        return Vec::new();
    }
    let line = |(name, value): (&String, &Value)| {
        format!(
            "{name}: {} → {value}",
            here.get(name).unwrap_or(&Value::Null)
        )
    };
    vec![Change {
        title: format!("~ {title}"),
        lines: differing.iter().map(line).collect(),
        calls: vec![call(function, json!({argument: differing}))],
        runbook: None,
    }]
}

/// Returns true for equal values; 2 and 2.0 are the same number.
fn is_equal(a: &Value, b: &Value) -> bool {
    a == b || a.is_number() && a.as_f64() == b.as_f64()
}

/// Returns the changes of a list of names.
fn destinations(
    kind: &str,
    title: &str,
    here: Option<&BTreeSet<String>>,
    wanted: Option<&BTreeSet<String>>,
) -> Vec<Change> {
    let (Some(here), Some(wanted)) = (here, wanted) else {
        return Vec::new();
    };
    let change = |sign: &str, name: &String, operations: &[&str]| Change {
        title: format!("{sign} {title} {name}"),
        lines: Vec::new(),
        calls: vec![call(
            "set_tool_access",
            tools::access(kind, name, operations),
        )],
        runbook: None,
    };
    let removed = here.difference(wanted).map(|name| change("-", name, &[]));
    let added = wanted
        .difference(here)
        .map(|name| change("+", name, &["insert"]));
    removed.chain(added).collect()
}

/// Entries of a part that have a name: how they are compared, set and removed.
struct Part<'a, T> {
    title: &'a str,
    key: fn(&T) -> String,
    set: &'a dyn Fn(Option<&T>, &T) -> Vec<Call>,
    remove: &'a dyn Fn(&T) -> Vec<Call>,
}

impl<T: PartialEq + Serialize> Part<'_, T> {
    /// Returns the changes: first those that set, then those that remove. A part that the file lacks has none.
    fn changes(&self, here: Option<&Vec<T>>, wanted: Option<&Vec<T>>) -> Vec<Change> {
        let (Some(here), Some(wanted)) = (here, wanted) else {
            return Vec::new();
        };
        let find = |all: &'_ [T], one: &T| {
            all.iter()
                .position(|other| (self.key)(other) == (self.key)(one))
        };
        let set = wanted.iter().filter_map(|one| {
            let before = find(here, one).and_then(|at| here.get(at));
            if before == Some(one) {
                return None;
            }
            let (sign, lines) = match before {
                Some(before) => ("~", difference(before, one)),
                None => ("+", Vec::new()),
            };
            Some(self.change(sign, one, lines, (self.set)(before, one)))
        });
        let removed = here
            .iter()
            .filter(|one| find(wanted, one).is_none())
            .map(|one| self.change("-", one, Vec::new(), (self.remove)(one)));
        set.chain(removed).collect()
    }

    fn change(&self, sign: &str, one: &T, lines: Vec<String>, calls: Vec<Call>) -> Change {
        Change {
            title: format!("{sign} {} {}", self.title, (self.key)(one)),
            lines,
            calls,
            runbook: None,
        }
    }
}

fn difference<T: Serialize>(before: &T, after: &T) -> Vec<String> {
    edited::difference(
        &serde_json::to_value(before).unwrap_or_default(),
        &serde_json::to_value(after).unwrap_or_default(),
    )
}

fn policies(here: &WorkspaceFile, wanted: &WorkspaceFile) -> Vec<Change> {
    let set = |_: Option<&Policy>, one: &Policy| {
        let arguments = json!({"p_name": one.name, "p_tool": one.tool, "p_effect": one.effect, "p_agent": one.agent,
                               "p_even_if_tainted": one.even_if_tainted, "p_position": one.position});
        vec![call("set_tool_policy", arguments)]
    };
    Part {
        title: "policy",
        key: |one: &Policy| one.name.clone(),
        set: &set,
        remove: &|one| vec![call("remove_tool_policy", json!({"p_name": one.name}))],
    }
    .changes(here.policies.as_ref(), wanted.policies.as_ref())
}

fn rate_limits(here: &WorkspaceFile, wanted: &WorkspaceFile) -> Vec<Change> {
    let with = |one: &RateLimit, slots: i32| {
        let arguments = json!({"p_scope": one.scope, "p_name": one.name, "p_slots": slots, "p_per_seconds": one.per_seconds});
        vec![call("set_rate_limit", arguments)]
    };
    Part {
        title: "rate limit",
        key: RateLimit::key,
        set: &|_, one| with(one, one.slots),
        remove: &|one| with(one, 0),
    }
    .changes(here.rate_limits.as_ref(), wanted.rate_limits.as_ref())
}

fn writable_tables(here: &WorkspaceFile, wanted: &WorkspaceFile) -> Vec<Change> {
    let set = |_: Option<&WritableTable>, one: &WritableTable| {
        let operations: Vec<&str> = one.operations.iter().map(String::as_str).collect();
        vec![call(
            "set_tool_access",
            tools::access("table", &one.table, &operations),
        )]
    };
    Part {
        title: "writable table",
        key: |one: &WritableTable| one.table.clone(),
        set: &set,
        remove: &|one| {
            vec![call(
                "set_tool_access",
                tools::access("table", &one.table, &[]),
            )]
        },
    }
    .changes(
        here.writable_tables.as_ref(),
        wanted.writable_tables.as_ref(),
    )
}

fn mcp_servers(here: &WorkspaceFile, wanted: &WorkspaceFile) -> Vec<Change> {
    let remove = |one: &McpServer| call("remove_mcp_server", json!({"p_name": one.name}));
    let set = |before: Option<&McpServer>, one: &McpServer| {
        let arguments =
            json!({"p_name": one.name, "p_url": one.url, "p_auth_header_name": one.header});
        let mut calls: Vec<Call> = before.map(remove).into_iter().collect();
        calls.push(call("add_mcp_server", arguments));
        calls
    };
    let part = Part {
        title: "MCP server",
        key: |one: &McpServer| one.name.clone(),
        set: &set,
        remove: &|one| vec![remove(one)],
    };
    let mut changes = part.changes(here.mcp_servers.as_ref(), wanted.mcp_servers.as_ref());
    for change in &mut changes {
        let note = match change.calls.len() {
            2 => "it is removed and added: its secret and the approvals of its tools are forgotten",
            _ if change.title.starts_with('-') => "with its secret and the approvals of its tools",
            _ => continue,
        };
        change.lines.push(note.to_owned());
    }
    changes
}

fn agents(live: &Live, wanted: &WorkspaceFile) -> Vec<Change> {
    let retire = |one: &AgentFile| {
        let id = live.agents.get(&one.key());
        vec![call(
            "set_agent_state",
            json!({"p_agent_id": id, "p_state": "retired"}),
        )]
    };
    Part {
        title: "agent",
        key: AgentFile::key,
        set: &|_, one| {
            vec![call(
                "apply_agent",
                json!({"p_agent": one, "p_state": "active"}),
            )]
        },
        remove: &retire,
    }
    .changes(live.file.agents.as_ref(), wanted.agents.as_ref())
}

fn runbooks(live: &Live, wanted: &WorkspaceFile) -> Vec<Change> {
    let retire = |one: &RunbookFile| {
        let id = live.runbooks.get(&one.name);
        vec![call(
            "set_runbook_state",
            json!({"p_runbook_id": id, "p_state": "retired"}),
        )]
    };
    let part = Part {
        title: "runbook",
        key: |one: &RunbookFile| one.name.clone(),
        set: &|_, one| {
            vec![call(
                "apply_runbook",
                json!({"p_runbook": one, "p_state": "active"}),
            )]
        },
        remove: &retire,
    };
    let mut changes = part.changes(live.file.runbooks.as_ref(), wanted.runbooks.as_ref());
    for change in &mut changes {
        let applied = change
            .calls
            .first()
            .and_then(|call| call.arguments.get("p_runbook"));
        change.runbook = applied.and_then(|file| serde_json::from_value(file.clone()).ok());
    }
    changes
}

fn schedules(here: &WorkspaceFile, wanted: &WorkspaceFile) -> Vec<Change> {
    let change = |one: &Schedule, change: &str| {
        call(
            "change_schedule",
            json!({"p_name": one.name, "p_change": change}),
        )
    };
    let set = |before: Option<&Schedule>, one: &Schedule| {
        let resumed = |one: &Schedule| Schedule {
            paused: false,
            ..one.clone()
        };
        // The person who sets a schedule becomes the one who asks: not by pausing it.
        if before.map(resumed) == Some(resumed(one)) {
            return vec![change(one, if one.paused { "pause" } else { "resume" })];
        }
        let mut schedule = json!(resumed(one));
        if let Some(fields) = schedule.as_object_mut() {
            fields.remove("paused");
        }
        let mut calls = vec![call("set_schedule", json!({"p_schedule": schedule}))];
        calls.extend(one.paused.then(|| change(one, "pause")));
        calls
    };
    Part {
        title: "schedule",
        key: |one: &Schedule| one.name.clone(),
        set: &set,
        remove: &|one| vec![change(one, "remove")],
    }
    .changes(here.schedules.as_ref(), wanted.schedules.as_ref())
}

#[cfg(test)]
mod tests;

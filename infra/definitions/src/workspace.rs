//! The configuration of a workspace as one file: settings, caps, what its tools may reach, policies, rate limits, MCP
//! servers, agents, runbooks and schedules. A part that is absent is left as it is; a part that is there is the whole of it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::yaml::{self, Definition};
use crate::{AgentFile, RunbookFile};

/// The configuration of a workspace as people write it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkspaceFile {
    /// `set_workspace_settings`, except the name.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// `set_workspace_limits`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub limits: Map<String, Value>,
    /// Hosts that `http` may call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_hosts: Option<BTreeSet<String>>,
    /// Hosts that `webhook` may post to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_hosts: Option<BTreeSet<String>>,
    /// Domains that `email` may write to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_domains: Option<BTreeSet<String>>,
    /// Schemas that queries may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readable_schemas: Option<BTreeSet<String>>,
    /// Tables that `table_write` may write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writable_tables: Option<Vec<WritableTable>>,
    /// Rules for tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<Policy>>,
    /// Bounds on concurrent calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limits: Option<Vec<RateLimit>>,
    /// MCP servers; the approval of their tools is a person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcp_servers: Option<Vec<McpServer>>,
    /// The active agents of the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents: Option<Vec<AgentFile>>,
    /// The active runbooks of the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbooks: Option<Vec<RunbookFile>>,
    /// Schedules; the person who applies a new or changed one is the one who asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedules: Option<Vec<Schedule>>,
    /// Names of secrets that have to be set. Values are never in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<BTreeSet<String>>,
}

/// A table that tools may write.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WritableTable {
    /// Schema and table, as `public.findings`.
    pub table: String,
    /// `insert`, and `update` where it is permitted too.
    #[serde(default = "insert_alone")]
    pub operations: BTreeSet<String>,
}

fn insert_alone() -> BTreeSet<String> {
    BTreeSet::from(["insert".to_owned()])
}

/// A rule for tools.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Policy {
    /// Its name in the workspace.
    pub name: String,
    /// A tool, or a pattern with `*`.
    pub tool: String,
    /// `allow`, `needs_approval` or `deny`.
    pub effect: String,
    /// The agent that it is for; every one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// True if an allowance also applies to steps that read untrusted content.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub even_if_tainted: bool,
    /// The lowest position decides.
    #[serde(default = "default_position")]
    pub position: i32,
}

fn default_position() -> i32 {
    100
}

/// A bound on concurrent calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RateLimit {
    /// `provider`, `workspace`, `agent` or `tool`.
    pub scope: String,
    /// Its name; `*` is every one.
    pub name: String,
    /// The least time for which each call counts; 0: while it lasts.
    #[serde(default)]
    pub per_seconds: i32,
    /// The number of calls.
    pub slots: i32,
}

/// A server of tools.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct McpServer {
    /// Its name in the workspace.
    pub name: String,
    /// Its address.
    pub url: String,
    /// The header that carries its credentials, the secret `mcp.<name>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
}

/// A question that is asked at the times of a cron expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its name in the workspace.
    pub name: String,
    /// The question.
    pub question: String,
    /// Minute, hour, day of the month, month, day of the week.
    pub cron: String,
    /// The zone of these times.
    pub time_zone: String,
    /// `skip`, `queue` or `replace`.
    #[serde(default = "default_overlap")]
    pub overlap: String,
    /// The number of missed ticks that are asked.
    #[serde(default = "default_catch_up")]
    pub catch_up: i32,
    /// The runbook that each request starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// The runbook's parameters.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// Material for the work.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
    /// The caps of each request.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub budget: Map<String, Value>,
    /// True if it asks nothing until it is resumed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}

fn default_overlap() -> String {
    "skip".to_owned()
}

fn default_catch_up() -> i32 {
    1
}

const WORKSPACE: Definition = Definition {
    name: "workspace",
    fields: &[
        "settings",
        "limits",
        "http_hosts",
        "webhook_hosts",
        "email_domains",
        "readable_schemas",
        "writable_tables",
        "policies",
        "rate_limits",
        "mcp_servers",
        "agents",
        "runbooks",
        "schedules",
        "secrets",
    ],
    further_fields: &[],
};

/// The fields of `settings`.
pub const SETTINGS: [&str; 7] = [
    "time_zone",
    "currency",
    "common_values",
    "learning",
    "analysis_seconds",
    "retention_days",
    "webhooks_signed",
];

/// The fields of `limits`.
pub const LIMITS: [&str; 11] = [
    "max_open_requests",
    "goal_budget_microusd",
    "goal_budget_tokens",
    "user_day_microusd",
    "user_day_tokens",
    "workspace_month_microusd",
    "workspace_month_tokens",
    "plan_approval_microusd",
    "on_exhausted",
    "on_unknown",
    "approve_plans",
];

/// The parts of a file, with the fields that each entry has.
const PARTS: [Definition; 9] = [
    part("settings", &SETTINGS),
    part("limits", &LIMITS),
    part("writable_tables", &["table", "operations"]),
    part(
        "policies",
        &[
            "name",
            "tool",
            "effect",
            "agent",
            "even_if_tainted",
            "position",
        ],
    ),
    part("rate_limits", &["scope", "name", "per_seconds", "slots"]),
    part("mcp_servers", &["name", "url", "header"]),
    part("agents", crate::agent::AGENT.fields),
    part("runbooks", crate::runbook::RUNBOOK.fields),
    part(
        "schedules",
        &[
            "name",
            "question",
            "cron",
            "time_zone",
            "overlap",
            "catch_up",
            "runbook",
            "parameters",
            "context",
            "budget",
            "paused",
        ],
    ),
];

const fn part(name: &'static str, fields: &'static [&'static str]) -> Definition {
    Definition {
        name,
        fields,
        further_fields: &[],
    }
}

impl WorkspaceFile {
    /// Reads a configuration from a YAML file, or from the standard input for `-`.
    ///
    /// # Errors
    /// The file cannot be read, is no YAML, or is no configuration: the message has the file's name.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        Self::of(&yaml::read_json(path)?)
            .with_context(|| format!("{} is no configuration of a workspace", path.display()))
    }

    /// Reads a configuration from YAML.
    ///
    /// # Errors
    /// The text is no YAML, has a field that configurations do not have, lacks one, or names a thing twice.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        Self::of(&yaml::json(text)?)
    }

    fn of(json: &Value) -> anyhow::Result<Self> {
        let fields = yaml::fields(json, &WORKSPACE)?;
        for part in &PARTS {
            let Some(value) = fields.get(part.name) else {
                continue;
            };
            let entries = value
                .as_array()
                .map_or_else(|| std::slice::from_ref(value), std::vec::Vec::as_slice);
            for entry in entries {
                if entry.is_object() {
                    yaml::fields(entry, part)?;
                }
            }
        }
        let mut file = Self::deserialize(json)?;
        file.normalize();
        file.refuse_unfit_names()?;
        Ok(file)
    }

    /// Sorts what has no order, and fills in what the database fills in, so that equal configurations are equal files.
    pub fn normalize(&mut self) {
        self.writable_tables.iter_mut().for_each(|all| all.sort());
        self.policies.iter_mut().for_each(|all| all.sort());
        self.rate_limits.iter_mut().for_each(|all| all.sort());
        self.mcp_servers.iter_mut().for_each(|all| all.sort());
        if let Some(agents) = &mut self.agents {
            agents.sort_by(|a, b| (&a.name, &a.goal_type).cmp(&(&b.name, &b.goal_type)));
        }
        if let Some(runbooks) = &mut self.runbooks {
            *runbooks = runbooks.iter().map(RunbookFile::with_defaults).collect();
            runbooks.sort_by(|a, b| a.name.cmp(&b.name));
        }
        if let Some(schedules) = &mut self.schedules {
            schedules.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }

    fn refuse_unfit_names(&self) -> anyhow::Result<()> {
        let tables = self.writable_tables.iter().flatten();
        let policies = self.policies.iter().flatten();
        let servers = self.mcp_servers.iter().flatten();
        let agents = self.agents.iter().flatten();
        let schedules = self.schedules.iter().flatten();
        let runbooks = self.runbooks.iter().flatten();
        let limits = self.rate_limits.iter().flatten();
        let names: [(&str, Vec<String>); 7] = [
            (
                "writable_tables",
                tables.map(|one| one.table.clone()).collect(),
            ),
            ("policies", policies.map(|one| one.name.clone()).collect()),
            ("mcp_servers", servers.map(|one| one.name.clone()).collect()),
            ("schedules", schedules.map(|one| one.name.clone()).collect()),
            ("runbooks", runbooks.map(|one| one.name.clone()).collect()),
            ("agents", agents.map(AgentFile::key).collect()),
            ("rate_limits", limits.map(RateLimit::key).collect()),
        ];
        for (part, names) in names {
            let mut seen = BTreeSet::new();
            if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
                bail!("{part} has {twice} twice");
            }
            // The database stores names without it, so that the file would differ for ever.
            if let Some(wide) = names.iter().find(|name| name.trim() != name.as_str()) {
                bail!("{part} has {wide:?}, with white space around the name");
            }
        }
        Ok(())
    }
}

impl AgentFile {
    /// Returns the name with the type of goals that it is for: a workspace has one active agent of each.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.goal_type {
            Some(goal_type) => format!("{} for {goal_type}", self.name),
            None => self.name.clone(),
        }
    }
}

impl RateLimit {
    /// Returns what it is about: a workspace has one limit of each.
    #[must_use]
    pub fn key(&self) -> String {
        match self.per_seconds {
            0 => format!("{} {}", self.scope, self.name),
            seconds => format!("{} {} per {seconds} s", self.scope, self.name),
        }
    }
}

#[cfg(test)]
#[path = "workspace/tests.rs"]
mod tests;

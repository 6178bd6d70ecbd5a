//! Reads the configuration of a workspace from its rows, in the form of a file.

use std::collections::BTreeMap;

use anyhow::Context as _;
use definitions::{
    AgentFile, LIMITS, McpServer, Policy, RateLimit, RunbookFile, SETTINGS, Schedule,
    WorkspaceFile, WritableTable,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::super::{secrets, tools};
use client::{Client, Error};

/// The configuration of a workspace, with the rows that can be retired.
pub(super) struct Live {
    pub(super) file: WorkspaceFile,
    /// The ids of active agents by [`AgentFile::key`].
    pub(super) agents: BTreeMap<String, i64>,
    /// The ids of active runbooks by name.
    pub(super) runbooks: BTreeMap<String, i64>,
}

/// A row with its id.
#[derive(Deserialize)]
struct Numbered<T> {
    id: i64,
    #[serde(flatten)]
    row: T,
}

/// A row of `mcp_servers`.
#[derive(Deserialize)]
struct Server {
    name: String,
    url: String,
    auth_header_name: Option<String>,
}

/// A row of `schedules`.
#[derive(Deserialize)]
struct ScheduleRow {
    state: String,
    #[serde(flatten)]
    schedule: Schedule,
}

impl Live {
    /// Reads the configuration of a workspace.
    pub(super) async fn read(client: &Client, workspace: Uuid) -> anyhow::Result<Self> {
        let rows = Rows { client, workspace };
        let (settings, limits) = rows.settings().await?;
        let (reachable, tables) = tools::reachable(client, workspace).await?;
        let tables = tables.into_iter().map(|one| WritableTable {
            table: one.name(),
            operations: one.operations.into_iter().collect(),
        });
        let policies: Vec<Policy> = rows
            .of(
                "tool_policies",
                "name,tool,effect,agent,even_if_tainted,position",
            )
            .await?;
        let rate_limits: Vec<RateLimit> = rows
            .of("rate_limits", "scope,name,per_seconds,slots")
            .await?;
        let servers: Vec<Server> = rows.of("mcp_servers", "name,url,auth_header_name").await?;
        let servers = servers.into_iter().map(|one| McpServer {
            name: one.name,
            url: one.url,
            header: one.auth_header_name,
        });
        let agents: Vec<Numbered<AgentFile>> = rows
            .active("agents", "id,name,role,model,tools,max_turns,goal_type")
            .await?;
        let columns = "id,name,title,description,goal_type,examples,parameters,budget,plan";
        let runbooks: Vec<Numbered<RunbookFile>> = rows.active("runbooks", columns).await?;
        let columns =
            "name,question,cron,time_zone,overlap,catch_up,runbook,parameters,context,budget,state";
        let schedules: Vec<ScheduleRow> = rows.of("schedules", columns).await?;
        let schedules = schedules.into_iter().map(|one| Schedule {
            paused: one.state == "paused",
            ..one.schedule
        });
        let agent_ids = agents.iter().map(|one| (one.row.key(), one.id)).collect();
        let runbook_ids = runbooks
            .iter()
            .map(|one| (one.row.name.clone(), one.id))
            .collect();
        let mut file = WorkspaceFile {
            settings,
            limits,
            http_hosts: Some(reachable.http_hosts.into_iter().collect()),
            webhook_hosts: Some(reachable.webhook_hosts.into_iter().collect()),
            email_domains: Some(reachable.email_domains.into_iter().collect()),
            readable_schemas: Some(reachable.readable_schemas.into_iter().collect()),
            writable_tables: Some(tables.collect()),
            policies: Some(policies),
            rate_limits: Some(rate_limits),
            mcp_servers: Some(servers.collect()),
            agents: Some(agents.into_iter().map(|one| one.row).collect()),
            runbooks: Some(runbooks.into_iter().map(|one| one.row).collect()),
            schedules: Some(schedules.collect()),
            secrets: rows.secrets().await?,
        };
        file.normalize();
        Ok(Self {
            file,
            agents: agent_ids,
            runbooks: runbook_ids,
        })
    }
}

/// The rows of a workspace.
struct Rows<'a> {
    client: &'a Client,
    workspace: Uuid,
}

impl Rows<'_> {
    async fn of<T: DeserializeOwned>(&self, table: &str, columns: &str) -> anyhow::Result<Vec<T>> {
        let query = [
            ("select", columns.to_owned()),
            ("workspace_id", format!("eq.{}", self.workspace)),
        ];
        Ok(self.client.select(table, &query).await?)
    }

    async fn active<T: DeserializeOwned>(
        &self,
        table: &str,
        columns: &str,
    ) -> anyhow::Result<Vec<T>> {
        let query = [
            ("select", columns.to_owned()),
            ("workspace_id", format!("eq.{}", self.workspace)),
            ("state", "eq.active".to_owned()),
        ];
        Ok(self.client.select(table, &query).await?)
    }

    /// Returns the settings and the limits.
    async fn settings(&self) -> anyhow::Result<(Map<String, Value>, Map<String, Value>)> {
        let columns: Vec<&str> = SETTINGS.into_iter().chain(LIMITS).collect();
        let query = [
            ("select", columns.join(",")),
            ("id", format!("eq.{}", self.workspace)),
        ];
        let rows: Vec<Map<String, Value>> = self.client.select("workspaces", &query).await?;
        let row = rows.into_iter().next();
        let row = row.context("you are not in that workspace, or there is none with this id")?;
        Ok(row
            .into_iter()
            .partition(|(name, _)| SETTINGS.contains(&name.as_str())))
    }

    /// Returns the names of the secrets that are set; `None` where the person may not see them.
    async fn secrets(&self) -> anyhow::Result<Option<std::collections::BTreeSet<String>>> {
        match secrets::read(self.client, self.workspace).await {
            Ok(secrets) => Ok(Some(
                secrets
                    .into_iter()
                    .filter(|one| one.set_at.is_some())
                    .map(|one| one.name)
                    .collect(),
            )),
            Err(Error::Refused { code, .. }) if code == "ZG002" => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

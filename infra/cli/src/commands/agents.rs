//! `goalpost agents`: lists, shows, compares, applies, exports, activates and retires the agents of a workspace.

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use definitions::{AgentFile, write};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::arguments::{AgentVersion, Agents, AgentsAction, Global};
use super::raise::dollars;
use super::{ask, connect, edited, print, print_json};
use crate::render::{Screen, age, one_line, table};
use client::Client;

/// A version of an agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Agent {
    id: i64,
    workspace_id: Option<Uuid>,
    version: i32,
    state: String,
    author: String,
    created_at: DateTime<Utc>,
    #[serde(flatten)]
    file: AgentFile,
}

const COLUMNS: &str =
    "id,workspace_id,name,version,state,author,created_at,role,model,tools,max_turns,goal_type";

/// The results of a version in a workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Results {
    agent_id: i64,
    steps: i64,
    successes: i64,
    cost_microusd: i64,
    mean_duration_ms: Option<i64>,
}

/// The goals of one type in which a version worked.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Outcomes {
    version: i32,
    goal_type: String,
    goals: i64,
    successes: i64,
}

/// The answer of `apply_agent` and `set_agent_state`.
#[derive(Debug, Serialize, Deserialize)]
struct Applied {
    agent_id: i64,
    name: String,
    version: i32,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
}

pub(super) async fn run(arguments: &Agents, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let place = Place { client, workspace };
    match &arguments.action {
        None => place.list(false, global).await,
        Some(AgentsAction::List { all }) => place.list(*all, global).await,
        Some(AgentsAction::Show(wanted)) => place.show(wanted, global).await,
        Some(AgentsAction::Diff(given)) => place.diff(&AgentFile::read(&given.file)?, global).await,
        Some(AgentsAction::Apply { file, trial }) => {
            let state = if *trial { "candidate" } else { "active" };
            place
                .apply(&AgentFile::read(&file.file)?, state, global)
                .await
        }
        Some(AgentsAction::Export(wanted)) => {
            let file = place.find(wanted).await?.file;
            if global.json {
                return print_json(&file);
            }
            let text = write(&file)?;
            // One line break is printed; further ones may belong to the last text.
            print(text.strip_suffix('\n').unwrap_or(&text));
            Ok(())
        }
        Some(AgentsAction::Activate(wanted)) => place.set_state(wanted, "active", global).await,
        Some(AgentsAction::Retire(wanted)) => place.set_state(wanted, "retired", global).await,
    }
}

/// A workspace, and the client of a person in it.
struct Place {
    client: Client,
    workspace: Uuid,
}

impl Place {
    async fn agents(&self, filter: &[(&str, String)]) -> anyhow::Result<Vec<Agent>> {
        let mut query = vec![
            ("select", COLUMNS.to_owned()),
            (
                "or",
                format!("(workspace_id.is.null,workspace_id.eq.{})", self.workspace),
            ),
            (
                "order",
                "name.asc,workspace_id.asc.nullslast,version.desc".to_owned(),
            ),
        ];
        query.extend(filter.iter().cloned());
        Ok(self.client.select("agents", &query).await?)
    }

    async fn results(&self) -> anyhow::Result<Vec<Results>> {
        let query = [
            (
                "select",
                "agent_id,steps,successes,cost_microusd,mean_duration_ms".to_owned(),
            ),
            ("workspace_id", format!("eq.{}", self.workspace)),
        ];
        Ok(self.client.select("agent_costs", &query).await?)
    }

    async fn outcomes(&self, name: &str) -> anyhow::Result<Vec<Outcomes>> {
        let query = [
            ("select", "version,goal_type,goals,successes".to_owned()),
            ("workspace_id", format!("eq.{}", self.workspace)),
            ("agent", format!("eq.{name}")),
            ("order", "goal_type.asc,version.desc".to_owned()),
        ];
        Ok(self.client.select("agent_outcomes", &query).await?)
    }

    /// Returns a version: the one that is named, otherwise the one that works in goals without a version of their own.
    async fn find(&self, wanted: &AgentVersion) -> anyhow::Result<Agent> {
        let versions = self
            .agents(&[("name", format!("eq.{}", wanted.name))])
            .await?;
        if versions.is_empty() {
            bail!(
                "there is no agent called {}.\nThose there are: cargo goalpost agents",
                wanted.name
            );
        }
        let found = match wanted.version {
            Some(version) => versions.iter().find(|one| one.version == version),
            None => {
                let active = versions
                    .iter()
                    .find(|one| one.state == "active" && one.file.goal_type.is_none());
                let waiting = versions.iter().find(|one| one.state != "retired");
                active.or(waiting).or(versions.first())
            }
        };
        found.cloned().with_context(|| {
            let numbers: Vec<String> = versions.iter().map(|one| one.version.to_string()).collect();
            format!(
                "the agent {} has no such version; it has {}",
                wanted.name,
                numbers.join(", ")
            )
        })
    }

    async fn list(&self, all: bool, global: &Global) -> anyhow::Result<()> {
        let filter: &[(&str, String)] = if all {
            &[]
        } else {
            &[("state", "neq.retired".to_owned())]
        };
        let agents = self.agents(filter).await?;
        let results = self.results().await?;
        let of = |agent: &Agent| results.iter().find(|one| one.agent_id == agent.id);
        if global.json {
            let rows = agents
                .iter()
                .map(|one| json!({"agent": one, "results": of(one)}));
            return print_json(&rows.collect::<Vec<_>>());
        }
        let row = |agent: &Agent| {
            let mut row = vec![agent.file.name.clone()];
            row.extend(version_cells(agent, of(agent)));
            row.push(one_line(&agent.file.tools.join(", "), 60));
            row
        };
        let rows: Vec<Vec<String>> = agents.iter().map(row).collect();
        let headings = [
            "AGENT",
            "VERSION",
            "STATE",
            "GOALS",
            "BY",
            "SUCCEEDED",
            "COST",
            "TOOLS",
        ];
        for line in table::lines(Screen::stdout(), &headings, &rows) {
            print(&line);
        }
        Ok(())
    }

    async fn show(&self, wanted: &AgentVersion, global: &Global) -> anyhow::Result<()> {
        let agent = self.find(wanted).await?;
        let versions = self
            .agents(&[("name", format!("eq.{}", wanted.name))])
            .await?;
        let results = self.results().await?;
        let of = |id: i64| results.iter().find(|one| one.agent_id == id);
        let outcomes = self.outcomes(&wanted.name).await?;
        if global.json {
            let versions = versions.iter().map(|one| {
                json!({"id": one.id, "version": one.version, "state": one.state, "author": one.author,
                       "goal_type": one.file.goal_type, "created_at": one.created_at, "results": of(one.id)})
            });
            return print_json(&json!({"agent": agent, "versions": versions.collect::<Vec<_>>()}));
        }
        let (screen, now) = (Screen::stdout(), Utc::now());
        let file = &agent.file;
        print(&format!(
            "{}  version {}",
            screen.palette.strong(&file.name),
            agent.version
        ));
        print(&format!("{}\n", file.role.trim_end()));
        print(&format!(
            "model      {}",
            file.model.as_deref().unwrap_or("as configured")
        ));
        print(&format!("max turns  {}", file.max_turns));
        print(&format!("tools      {}\n", file.tools.join(", ")));
        let row = |one: &Agent| {
            let mut row = version_cells(one, of(one.id));
            row.push(age(one.created_at, now));
            row
        };
        let rows: Vec<Vec<String>> = versions.iter().map(row).collect();
        let headings = [
            "VERSION",
            "STATE",
            "GOALS",
            "BY",
            "SUCCEEDED",
            "COST",
            "WRITTEN",
        ];
        for line in table::lines(screen, &headings, &rows) {
            print(&line);
        }
        if !outcomes.is_empty() {
            print("");
        }
        let row = |one: &Outcomes| {
            vec![
                one.goal_type.clone(),
                one.version.to_string(),
                format!("{} of {}", one.successes, one.goals),
            ]
        };
        let rows: Vec<Vec<String>> = outcomes.iter().map(row).collect();
        for line in table::lines(screen, &["GOAL TYPE", "VERSION", "REACHED"], &rows) {
            print(&line);
        }
        Ok(())
    }

    async fn diff(&self, file: &AgentFile, global: &Global) -> anyhow::Result<()> {
        let versions = self
            .agents(&[("name", format!("eq.{}", file.name))])
            .await?;
        let here = versions
            .iter()
            .find(|one| one.state == "active" && one.file.goal_type == file.goal_type)
            .or(versions.first());
        let changes = match here {
            Some(here) => Some(edited::difference(
                &serde_json::to_value(&here.file)?,
                &serde_json::to_value(file)?,
            )),
            None => None,
        };
        if global.json {
            let version = here.map(|here| here.version);
            return print_json(&json!({"name": file.name, "version": version, "changes": changes}));
        }
        let (Some(here), Some(changes)) = (here, changes) else {
            print(&format!(
                "There is no agent {} yet; apply adds its version 1.",
                file.name
            ));
            return Ok(());
        };
        if changes.is_empty() {
            print(&format!(
                "The file is version {} ({}).",
                here.version, here.state
            ));
            return Ok(());
        }
        print(&format!(
            "Against version {} ({}):",
            here.version, here.state
        ));
        changes.iter().for_each(|line| print(line));
        Ok(())
    }

    async fn apply(&self, file: &AgentFile, state: &str, global: &Global) -> anyhow::Result<()> {
        let call = json!({"p_workspace_id": self.workspace, "p_agent": file, "p_state": state});
        let applied: Applied = self.client.call("apply_agent", &call).await?;
        if global.json {
            return print_json(&applied);
        }
        let verb = if applied.changed == Some(true) {
            "is now"
        } else {
            "already was"
        };
        print(&format!(
            "{} {verb} version {} ({}).",
            applied.name,
            applied.version,
            state_name(&applied.state)
        ));
        Ok(())
    }

    async fn set_state(
        &self,
        wanted: &AgentVersion,
        state: &str,
        global: &Global,
    ) -> anyhow::Result<()> {
        let agent = self.find(wanted).await?;
        let call = json!({"p_agent_id": agent.id, "p_state": state});
        let applied: Applied = self.client.call("set_agent_state", &call).await?;
        if global.json {
            return print_json(&applied);
        }
        print(&format!(
            "{} version {} is {}.",
            applied.name, applied.version, applied.state
        ));
        Ok(())
    }
}

/// Returns the cells of a version: number, state, goal type, author, and its steps and cost in the workspace.
fn version_cells(agent: &Agent, results: Option<&Results>) -> Vec<String> {
    let results = results.filter(|one| one.steps > 0);
    let none = || "–".to_owned();
    vec![
        agent.version.to_string(),
        state_name(&agent.state).to_owned(),
        agent
            .file
            .goal_type
            .clone()
            .unwrap_or_else(|| "all".to_owned()),
        match agent.author.as_str() {
            "built_in" => "Goalpost".to_owned(),
            other => other.to_owned(),
        },
        results.map_or_else(none, |one| format!("{} of {}", one.successes, one.steps)),
        results.map_or_else(none, |one| dollars(one.cost_microusd)),
    ]
}

fn state_name(state: &str) -> &str {
    match state {
        "candidate" => "on trial",
        other => other,
    }
}

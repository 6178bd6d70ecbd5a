//! `goalpost agents`: lists, shows, compares, applies, exports, activates and retires the agents of a workspace.

use chrono::Utc;
use definitions::AgentFile;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::arguments::{AgentVersion, Agents, AgentsAction, Global};
use super::raise::dollars;
use super::versions::{self, Place, Version, author_name, state_name};
use super::{ask, connect, print, print_json};
use crate::render::{Screen, age, one_line, table};

type Agent = Version<AgentFile>;

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

pub(super) async fn run(arguments: &Agents, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let place = Place { client, workspace };
    match &arguments.action {
        None => list(&place, false, global).await,
        Some(AgentsAction::List { all }) => list(&place, *all, global).await,
        Some(AgentsAction::Show(wanted)) => show(&place, wanted, global).await,
        Some(AgentsAction::Diff(given)) => {
            diff(&place, &AgentFile::read(&given.file)?, global).await
        }
        Some(AgentsAction::Apply { file, trial }) => {
            let state = if *trial { "candidate" } else { "active" };
            place
                .apply(&AgentFile::read(&file.file)?, state, global)
                .await
        }
        Some(AgentsAction::Export(wanted)) => {
            let found: Agent = place.find(&wanted.name, wanted.version).await?;
            versions::export(&found.file, global)
        }
        Some(AgentsAction::Activate(wanted)) => set_state(&place, wanted, "active", global).await,
        Some(AgentsAction::Retire(wanted)) => set_state(&place, wanted, "retired", global).await,
    }
}

async fn set_state(
    place: &Place,
    wanted: &AgentVersion,
    state: &str,
    global: &Global,
) -> anyhow::Result<()> {
    place
        .set_state::<AgentFile>(&wanted.name, wanted.version, state, global)
        .await
}

async fn results(place: &Place) -> anyhow::Result<Vec<Results>> {
    let query = [
        (
            "select",
            "agent_id,steps,successes,cost_microusd,mean_duration_ms".to_owned(),
        ),
        ("workspace_id", format!("eq.{}", place.workspace)),
    ];
    Ok(place.client.select("agent_costs", &query).await?)
}

async fn outcomes(place: &Place, name: &str) -> anyhow::Result<Vec<Outcomes>> {
    let query = [
        ("select", "version,goal_type,goals,successes".to_owned()),
        ("workspace_id", format!("eq.{}", place.workspace)),
        ("agent", format!("eq.{name}")),
        ("order", "goal_type.asc,version.desc".to_owned()),
    ];
    Ok(place.client.select("agent_outcomes", &query).await?)
}

async fn list(place: &Place, all: bool, global: &Global) -> anyhow::Result<()> {
    let agents: Vec<Agent> = place.listed(all).await?;
    let results = results(place).await?;
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

async fn show(place: &Place, wanted: &AgentVersion, global: &Global) -> anyhow::Result<()> {
    let agent: Agent = place.find(&wanted.name, wanted.version).await?;
    let versions: Vec<Agent> = place.versions_of(&wanted.name).await?;
    let results = results(place).await?;
    let of = |id: i64| results.iter().find(|one| one.agent_id == id);
    let outcomes = outcomes(place, &wanted.name).await?;
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

async fn diff(place: &Place, file: &AgentFile, global: &Global) -> anyhow::Result<()> {
    let versions: Vec<Agent> = place.versions_of(&file.name).await?;
    let here = versions
        .iter()
        .find(|one| one.state == "active" && one.file.goal_type == file.goal_type)
        .or(versions.first());
    let here_file = here.map(|here| &here.file);
    versions::print_difference(&file.name, here, here_file, file, global)
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
        author_name(&agent.author).to_owned(),
        results.map_or_else(none, |one| format!("{} of {}", one.successes, one.steps)),
        results.map_or_else(none, |one| dollars(one.cost_microusd)),
    ]
}

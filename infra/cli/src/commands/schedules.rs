//! `goalpost schedules`: lists, sets, pauses, resumes and removes the schedules of a workspace, and shows their ticks.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use client::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::arguments::{Global, ScheduleToSet, Schedules, SchedulesAction};
use super::{ask, connect, print, print_json};
use crate::render::{Screen, one_line, table};

/// A schedule.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Schedule {
    id: i64,
    name: String,
    user_id: Uuid,
    question: String,
    runbook: Option<String>,
    cron: String,
    time_zone: String,
    overlap: String,
    catch_up: i32,
    state: String,
    next_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str =
    "id,name,user_id,question,runbook,cron,time_zone,overlap,catch_up,state,next_at";

/// What a tick led to.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Tick {
    tick_at: DateTime<Utc>,
    outcome: String,
    request_id: Option<i64>,
    reason: Option<String>,
}

/// The answer of `set_schedule` and `change_schedule`.
#[derive(Debug, Serialize, Deserialize)]
struct Changed {
    name: String,
    state: String,
    next_at: Option<DateTime<Utc>>,
}

pub(super) async fn run(arguments: &Schedules, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let workspace = ask::workspace(&client, arguments.workspace.as_deref()).await?;
    let place = Place { client, workspace };
    match &arguments.action {
        None | Some(SchedulesAction::List) => place.list(global).await,
        Some(SchedulesAction::Set(set)) => place.set(set, global).await,
        Some(SchedulesAction::History { name, limit }) => {
            place.history(&name.name, *limit, global).await
        }
        Some(SchedulesAction::Next {
            cron,
            time_zone,
            count,
        }) => place.next(cron, time_zone.as_deref(), *count, global).await,
        Some(SchedulesAction::Pause(one)) => place.change(&one.name, "pause", global).await,
        Some(SchedulesAction::Resume(one)) => place.change(&one.name, "resume", global).await,
        Some(SchedulesAction::Remove(one)) => place.change(&one.name, "remove", global).await,
    }
}

/// A workspace, and the client of a person in it.
struct Place {
    client: Client,
    workspace: Uuid,
}

impl Place {
    async fn schedules(&self, name: Option<&str>) -> anyhow::Result<Vec<Schedule>> {
        let mut query = vec![
            ("select", COLUMNS.to_owned()),
            ("workspace_id", format!("eq.{}", self.workspace)),
            ("order", "name.asc".to_owned()),
        ];
        query.extend(name.map(|name| ("name", format!("eq.{name}"))));
        Ok(self.client.select("schedules", &query).await?)
    }

    async fn list(&self, global: &Global) -> anyhow::Result<()> {
        let schedules = self.schedules(None).await?;
        if global.json {
            return print_json(&schedules);
        }
        if schedules.is_empty() {
            print("There is no schedule yet; `cargo goalpost schedules set` writes one.");
            return Ok(());
        }
        let row = |one: &Schedule| {
            vec![
                one.name.clone(),
                one.state.clone(),
                one.cron.clone(),
                one.time_zone.clone(),
                one.next_at.map_or_else(|| "–".to_owned(), written),
                one_line(&one.question, 60),
            ]
        };
        let rows: Vec<Vec<String>> = schedules.iter().map(row).collect();
        let headings = [
            "SCHEDULE",
            "STATE",
            "CRON",
            "ZONE",
            "NEXT (UTC)",
            "QUESTION",
        ];
        for line in table::lines(Screen::stdout(), &headings, &rows) {
            print(&line);
        }
        Ok(())
    }

    async fn set(&self, set: &ScheduleToSet, global: &Global) -> anyhow::Result<()> {
        let parameters = set.parameters.as_deref().map(serde_json::from_str::<Value>);
        let parameters = parameters
            .transpose()
            .context("--parameters is not a JSON object")?;
        let mut schedule = json!({
            "name": set.name.name, "question": set.question, "cron": set.cron,
            "overlap": set.overlap.name(), "catch_up": set.catch_up,
        });
        let budget = set.max_microusd.map(|most| json!({"max_microusd": most}));
        for (field, value) in [
            ("time_zone", set.time_zone.clone().map(Value::from)),
            ("runbook", set.runbook.clone().map(Value::from)),
            ("parameters", parameters),
            ("budget", budget),
        ] {
            if let (Some(value), Some(fields)) = (value, schedule.as_object_mut()) {
                fields.insert(field.to_owned(), value);
            }
        }
        let call = json!({"p_workspace_id": self.workspace, "p_schedule": schedule});
        let changed: Changed = self.client.call("set_schedule", &call).await?;
        report(&changed, global)
    }

    async fn history(&self, name: &str, limit: u32, global: &Global) -> anyhow::Result<()> {
        let schedules = self.schedules(Some(name)).await?;
        let schedule = schedules.first().with_context(|| {
            format!(
                "there is no schedule called {name}.\nThose there are: cargo goalpost schedules"
            )
        })?;
        let query = [
            ("select", "tick_at,outcome,request_id,reason".to_owned()),
            ("schedule_id", format!("eq.{}", schedule.id)),
            ("order", "tick_at.desc".to_owned()),
            ("limit", limit.to_string()),
        ];
        let ticks: Vec<Tick> = self.client.select("schedule_ticks", &query).await?;
        if global.json {
            return print_json(&ticks);
        }
        if ticks.is_empty() {
            print("It has not ticked yet.");
            return Ok(());
        }
        let row = |tick: &Tick| {
            vec![
                written(tick.tick_at),
                tick.outcome.clone(),
                tick.request_id
                    .map_or_else(|| "–".to_owned(), |id| id.to_string()),
                one_line(tick.reason.as_deref().unwrap_or_default(), 80),
            ]
        };
        let rows: Vec<Vec<String>> = ticks.iter().map(row).collect();
        let headings = ["TICK (UTC)", "OUTCOME", "REQUEST", "REASON"];
        for line in table::lines(Screen::stdout(), &headings, &rows) {
            print(&line);
        }
        Ok(())
    }

    async fn next(
        &self,
        cron: &str,
        time_zone: Option<&str>,
        count: u32,
        global: &Global,
    ) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Zone {
            time_zone: String,
        }
        let zone = match time_zone {
            Some(zone) => zone.to_owned(),
            None => {
                let query = [
                    ("select", "time_zone".to_owned()),
                    ("id", format!("eq.{}", self.workspace)),
                ];
                let zones: Vec<Zone> = self.client.select("workspaces", &query).await?;
                let zone = zones.into_iter().next().context("the workspace is gone")?;
                zone.time_zone
            }
        };
        let call = json!({"p_cron": cron, "p_time_zone": zone, "p_count": count});
        let ticks: Vec<DateTime<Utc>> = self.client.call("next_ticks", &call).await?;
        if global.json {
            return print_json(&ticks);
        }
        print(&format!("{cron} in {zone}, in UTC:"));
        ticks.iter().for_each(|tick| print(&written(*tick)));
        Ok(())
    }

    async fn change(&self, name: &str, change: &str, global: &Global) -> anyhow::Result<()> {
        let call = json!({"p_workspace_id": self.workspace, "p_name": name, "p_change": change});
        let changed: Changed = self.client.call("change_schedule", &call).await?;
        report(&changed, global)
    }
}

fn report(changed: &Changed, global: &Global) -> anyhow::Result<()> {
    if global.json {
        return print_json(changed);
    }
    print(&match changed.next_at {
        Some(next) => format!(
            "{} is {}; the next tick is {} UTC.",
            changed.name,
            changed.state,
            written(next)
        ),
        None => format!("{} is {}.", changed.name, changed.state),
    });
    Ok(())
}

/// Returns an instant as people read it, in UTC.
fn written(at: DateTime<Utc>) -> String {
    at.format("%a %Y-%m-%d %H:%M").to_string()
}

//! Stage of a measurement: a complete stack with a Postgres of its own under the settings of the peers' harness, a
//! workspace of its own, and caps raised as an operator would raise them.
//!
//! Commits are durable (fsync on); wakes and the sweep inside the database are on. Only the outside schedule, which
//! fires once a minute, is off.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use local_stack::binaries::FUNCTIONS;
use local_stack::home::Home;
use local_stack::progress::Progress;
use local_stack::stack::{
    DatabaseChoice, FunctionLimits, Person, Port, Sandboxes, ServerChoice, Stack, StackOptions,
    Switch,
};
use serde::Serialize;
use tokio_postgres::Client as Session;
use uuid::Uuid;

use super::counters::Reader;
use super::model::{self, ModelServer};
use crate::people::Client;

/// Settings of the peers' Postgres: durable commits as by default; autovacuum and timed checkpoints off, so that
/// counters are the engine's own. `wal_level` is the default, as theirs is; a hosted Supabase project has `logical`,
/// which writes more for each update: `--set wal_level=logical` measures that.
pub const PEERS_SETTINGS: [&str; 8] = [
    "shared_buffers=512MB",
    "synchronous_commit=on",
    "autovacuum=off",
    "checkpoint_timeout=1h",
    "max_wal_size=16GB",
    "min_wal_size=2GB",
    "wal_level=replica",
    "max_connections=200",
];
/// Workspace of the runs.
const WORKSPACE: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_00be);
/// Concurrent invocations of one sandbox on Managed Instances.
const MANAGED_INVOCATIONS: usize = 16;

/// Differences of a stage from the default.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Settings {
    /// Emulates Managed Instances, instead of one invocation per sandbox at a time.
    pub managed: bool,
    /// Settings of Postgres (`name=value`) added to those of the peers.
    pub postgres: Vec<String>,
    /// Sandboxes of the executor, if not the default number.
    pub sandboxes: Option<usize>,
    /// Steps per invocation at a time, if not the default number.
    pub batch: Option<i32>,
    /// Disables the sweep inside the database, whose rounds a short measurement cannot subtract exactly.
    pub without_sweep: bool,
}

/// Running stack, prepared for measurements.
pub struct Stage {
    pub(super) stack: Stack,
    pub(super) owner: Session,
    pub(super) person: Client,
    pub(super) workspace: Uuid,
    pub(super) reader: Reader,
    pub(super) settings: Settings,
    /// Model that the functions call, if there is one.
    _model: Option<ModelServer>,
}

impl Stage {
    /// Starts a stack of its own for measurements.
    ///
    /// # Errors
    /// As [`Stack::start`], and [`Stage::on`].
    pub async fn start(home: Home, settings: Settings, progress: Progress) -> anyhow::Result<Self> {
        let options = StackOptions::for_people(home, progress);
        Self::start_with(options, settings, None).await
    }

    /// Starts a stack whose functions call a model that answers at once, for [`super::Workload::Agent`].
    ///
    /// # Errors
    /// As [`Stage::start`].
    pub async fn with_model(
        home: Home,
        settings: Settings,
        progress: Progress,
    ) -> anyhow::Result<Self> {
        let options = StackOptions::for_people(home, progress);
        Self::start_with(options, settings, Some(ModelServer::start().await?)).await
    }

    async fn start_with(
        mut options: StackOptions,
        settings: Settings,
        model: Option<ModelServer>,
    ) -> anyhow::Result<Self> {
        let progress = options.progress.clone();
        options.server = ServerChoice::Throwaway;
        options.database = DatabaseChoice::Fresh("goalpost_bench".to_owned());
        options.port = Port::Any;
        options.outside_schedules = None;
        if settings.without_sweep {
            options.cron = Switch::Off;
        }
        // No model is called, whatever the environment configures: its time is not the system's.
        options.environment = BTreeMap::new();
        options.openai_api_key = None;
        options.anthropic_api_key = None;
        if let Some(model) = &model {
            let named = [
                ("OPENAI_BASE_URL", model.base_url.clone()),
                ("GOALPOST_MODEL", model::MODEL.to_owned()),
                ("GOALPOST_PRIVATE_HOSTS", String::new()),
            ];
            let named = named.map(|(name, value)| (name.to_owned(), value));
            options.environment = BTreeMap::from(named);
            options.openai_api_key = Some("sk-bench".to_owned().into());
        }
        options.postgres_settings = PEERS_SETTINGS.iter().map(|&s| s.to_owned()).collect();
        options.postgres_settings.extend(settings.postgres.clone());
        options.limits = limits(&settings);
        let stack = Stack::start(options).await?;
        let phase = progress.phase("Filling the log ahead");
        fill_log(&stack).await?;
        phase.done();
        let stage = Self::on(stack, settings).await?;
        Ok(Self {
            _model: model,
            ..stage
        })
    }

    /// Prepares a running stack for measurements.
    ///
    /// # Errors
    /// The database refuses the preparation.
    pub async fn on(stack: Stack, settings: Settings) -> anyhow::Result<Self> {
        let owner = stack.admin_db().await?;
        owner
            .batch_execute(&preparation())
            .await
            .context("preparing the bench's workspace")?;
        Ok(Self {
            reader: Reader::new(&stack).await?,
            owner,
            person: Client::of(&stack, Person::Owner),
            workspace: WORKSPACE,
            stack,
            settings,
            _model: None,
        })
    }

    /// Returns the stack.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Stops the stack.
    ///
    /// # Errors
    /// As [`Stack::stop`].
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self {
            stack,
            owner,
            reader,
            ..
        } = self;
        drop((owner, reader));
        stack.stop().await
    }

    /// Returns Postgres' version, and its settings that affect the figures.
    ///
    /// # Errors
    /// Postgres does not answer.
    pub async fn postgres(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let query = "select name, current_setting(name) from pg_settings where name in
          ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'shared_buffers',
           'autovacuum', 'data_checksums', 'max_connections')";
        let rows = self
            .owner
            .query(query, &[])
            .await
            .context("reading Postgres' settings")?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Runs the vacuum that autovacuum would run, while nothing is measured.
    pub(super) async fn tidy(&self) -> anyhow::Result<()> {
        self.reader.vacuum().await
    }

    /// Returns the number of invocations that have ended, of all functions.
    pub(super) fn invocations(&self) -> u64 {
        self.stack
            .host()
            .stats()
            .iter()
            .map(|f| f.invocations)
            .sum()
    }

    /// Counts the open requests, in one transaction.
    pub(super) async fn open_requests(&self) -> anyhow::Result<i64> {
        let query = "select count(*) from goalpost.requests
                      where workspace_id = $1::text::uuid and state in ('submitted', 'accepted')";
        self.number(query, &self.workspace.to_string()).await
    }

    pub(super) async fn newest_request(&self) -> anyhow::Result<i64> {
        let query = "select coalesce(max(id), 0) from goalpost.requests where workspace_id = $1::text::uuid";
        self.number(query, &self.workspace.to_string()).await
    }

    async fn number(&self, query: &str, argument: &String) -> anyhow::Result<i64> {
        let row = self.owner.query_one(query, &[argument]).await;
        Ok(row.context("looking at the bench's requests")?.get(0))
    }

    /// Reads the results of the newest requests; every request must have been answered.
    pub(super) async fn ended_after(&self, newest: i64, runs: usize) -> anyhow::Result<Ended> {
        let query = "
          select q.state, q.reason, (extract(epoch from q.ended_at) * 1000)::float8 as ended_at,
                 array(select (extract(epoch from s.ended_at) * 1000)::float8
                         from goalpost.workflow_runs r join goalpost.steps s on s.run_id = r.id
                        where r.workspace_id = q.workspace_id and r.request_id = q.id and s.state = 'completed'
                        order by s.ended_at) as step_ends,
                 (select count(*) from goalpost.workflow_runs r join goalpost.usage_events u on u.run_id = r.id
                   where r.workspace_id = q.workspace_id and r.request_id = q.id) as model_calls
            from goalpost.requests q
           where q.workspace_id = $1::text::uuid and q.id > $2 order by q.id";
        let rows = self
            .owner
            .query(query, &[&self.workspace.to_string(), &newest])
            .await
            .context("reading the rows of the runs")?;
        let mut ended = Ended {
            request_ends_ms: Vec::new(),
            step_ends_ms: Vec::new(),
            steps: 0,
            model_calls: 0,
        };
        ensure!(
            rows.len() == runs,
            "{runs} runs were submitted, and there are {}",
            rows.len()
        );
        for row in rows {
            let state: String = row.get("state");
            let reason: Option<String> = row.get("reason");
            ensure!(
                state == "answered",
                "a run ended {state}: {}",
                reason.unwrap_or_else(|| "no reason given".to_owned())
            );
            let ends: Vec<f64> = row.get("step_ends");
            ended.request_ends_ms.push(row.get("ended_at"));
            ended.steps += ends.len() as u64;
            ended.step_ends_ms.push(ends);
            ended.model_calls +=
                u64::try_from(row.get::<_, i64>("model_calls")).unwrap_or_default();
        }
        Ok(ended)
    }
}

/// Rows of ended requests. Times are the database clock's, in milliseconds.
pub(super) struct Ended {
    pub(super) request_ends_ms: Vec<f64>,
    /// Ends of the steps of each request, in order.
    pub(super) step_ends_ms: Vec<Vec<f64>>,
    pub(super) steps: u64,
    pub(super) model_calls: u64,
}

/// Returns the limits of the functions that differ from the default.
fn limits(settings: &Settings) -> BTreeMap<String, FunctionLimits> {
    let of = |function: &&str| {
        let mut limits = FunctionLimits::of(function);
        if settings.managed {
            limits.sandboxes = Sandboxes::Managed {
                invocations: MANAGED_INVOCATIONS,
            };
        }
        if *function == "executor" {
            limits.max_sandboxes = settings.sandboxes.unwrap_or(limits.max_sandboxes);
            limits.batch_size = settings.batch.unwrap_or(limits.batch_size);
        }
        ((*function).to_owned(), limits)
    };
    FUNCTIONS.iter().map(of).collect()
}

/// Returns the SQL that creates the workspace, its owner, and sufficient caps.
fn preparation() -> String {
    format!(
        "insert into goalpost.workspaces (id, name, max_open_requests) values ('{WORKSPACE}', 'Bench', 100000)
           on conflict (id) do nothing;
         insert into goalpost.members (workspace_id, user_id, role) values ('{WORKSPACE}', '{}', 'owner')
           on conflict (workspace_id, user_id) do nothing;
         insert into goalpost.agents (workspace_id, name, role, tools)
           values ('{WORKSPACE}', '{agent}', 'You add numbers.', '{{calculate}}');
         update goalpost_private.limits
            set max_steps = 10000, max_fan_out = 5000, max_depth = 200, max_plan_bytes = 16777216;",
        Person::Owner.id(),
        agent = model::AGENT,
    )
}

/// Fills segments of the log once, so that no run pays for creating them; they are recycled after a checkpoint.
async fn fill_log(stack: &Stack) -> anyhow::Result<()> {
    let superuser = stack
        .server()
        .connect(local_stack::postgres::SUPERUSER, "postgres")
        .await?;
    let commands = [
        "create table filling as select repeat(md5(n::text), 30) as text from generate_series(1, 300000) n",
        "checkpoint",
        "drop table filling",
        "checkpoint",
    ];
    for command in commands {
        superuser
            .batch_execute(command)
            .await
            .context("filling the log")?;
    }
    Ok(())
}

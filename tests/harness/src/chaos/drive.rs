//! Drives a run: sends requests, decides approvals, crashes Postgres, and detects the end.
//!
//! Faults may cut short each of these calls, so each is repeated until the rows show its effect. Requests carry an
//! idempotency key, and a repeated decision changes nothing.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures::future::join_all;
use local_stack::progress::Phase;
use local_stack::stack::{DEMO_WORKSPACE, Person, Stack};
use serde_json::json;
use uuid::Uuid;

use super::generate::generate;
use super::settings::Settings;
use super::shape::{Work, goal_number};
use super::wire;
use crate::faults::Faults;
use crate::people::Client;

/// Interval between two reads of the rows.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// A run is stuck if no goal ends for this long: longer than every lease, sweep and retry delay together.
const PATIENCE: Duration = Duration::from_secs(180);
/// Requests sent at once.
const MAX_ASKED_AT_ONCE: usize = 25;
/// Caps of the one person: above the booked upper bounds of thousands of lost turns, below the month's cap of the seed.
const DAY_MICROUSD: u64 = 900_000_000;
const DAY_TOKENS: u64 = 9_000_000_000;
/// Longest time for Postgres to be available again and work to continue after a crash.
const MAX_CRASH: Duration = Duration::from_secs(60);

/// Driver of the goals of one run.
pub(super) struct Driver<'a> {
    stack: &'a Stack,
    settings: &'a Settings,
    faults: &'a Faults,
    workspace: Uuid,
    owner: Client,
    db: Option<tokio_postgres::Client>,
    /// Time of the first request.
    began: Instant,
    /// Numbers of goals not yet requested, the next one last.
    to_ask: Vec<u64>,
    /// For each crash of Postgres, the seconds until the next step ended.
    pub(super) crashes: Vec<f64>,
}

/// State read from the rows.
struct Seen {
    ended: u64,
    open: u64,
    /// Analyses that were started, and those that go on.
    analyses: u64,
    open_analyses: u64,
    /// Waiting approvals: number and key of the step.
    waiting: Vec<(i64, String)>,
}

impl<'a> Driver<'a> {
    /// Creates the demo workspace's agent, its limits and a price of the model, and allows it to post to `host`.
    pub(super) async fn new(
        stack: &'a Stack,
        settings: &'a Settings,
        faults: &'a Faults,
        host: &str,
    ) -> anyhow::Result<Self> {
        let owner = Client::of(stack, Person::Owner);
        // A private host needs a workspace id that is known before the functions start; only this one is.
        let workspace = DEMO_WORKSPACE;
        let db = stack.admin_db().await?;
        // A turn of a killed worker is booked at its upper bound, and one person makes all requests.
        let limits = json!({
            "max_open_requests": settings.goals + 10,
            "user_day_microusd": DAY_MICROUSD, "user_day_tokens": DAY_TOKENS,
        });
        let limits = json!({"p_workspace_id": workspace, "p_limits": limits});
        let set = owner.rpc("set_workspace_limits", &limits).await?;
        set.into_body().context("setting the workspace's limits")?;
        let host = json!({"p_workspace_id": workspace, "p_kind": "webhook", "p_name": host});
        let allowed = owner.rpc("set_tool_access", &host).await?;
        allowed.into_body().context("allowing the webhook's host")?;
        let price = json!({
            "p_provider": "openai", "p_model": wire::MODEL, "p_input_microusd": 1_000_000,
            "p_output_microusd": 4_000_000,
        });
        let set = owner.rpc("set_model_price", &price).await?;
        set.into_body().context("setting the model's price")?;
        let agent =
            json!({"name": wire::AGENT, "role": "You follow instructions.", "tools": ["webhook"]});
        let agent = json!({"p_workspace_id": workspace, "p_agent": agent});
        let applied = owner.rpc("apply_agent", &agent).await?;
        applied.into_body().context("adding the agent")?;
        Ok(Self {
            stack,
            settings,
            faults,
            workspace,
            owner,
            db: Some(db),
            began: Instant::now(),
            to_ask: (1..=settings.goals).rev().collect(),
            crashes: Vec::new(),
        })
    }

    pub(super) fn workspace(&self) -> Uuid {
        self.workspace
    }

    /// Returns the number of goals requested.
    pub(super) fn asked(&self) -> u64 {
        self.settings.goals - u64::try_from(self.to_ask.len()).unwrap_or(0)
    }

    /// Runs until all goals have ended or nothing moves any more; returns the number of open goals.
    pub(super) async fn drive(&mut self, phase: &mut Phase) -> anyhow::Result<u64> {
        self.began = Instant::now();
        let mut last = (0, self.began);
        loop {
            let Some(seen) = self.read_rows().await else {
                // Postgres is unavailable, or was; the next read connects again.
                tokio::time::sleep(POLL_INTERVAL).await;
                continue;
            };
            phase.note(self.note(&seen));
            if seen.open == 0 && seen.open_analyses == 0 && self.to_ask.is_empty() {
                return Ok(0);
            }
            if seen.ended > last.0 {
                last = (seen.ended, Instant::now());
            }
            if last.1.elapsed() > PATIENCE {
                return Ok(seen.open);
            }
            if self.crash_is_due(seen.ended) {
                self.crash().await?;
                last.1 = Instant::now();
                continue;
            }
            self.decide(&seen.waiting).await;
            self.analyse(&seen).await;
            self.ask(seen.open).await?;
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    fn note(&self, seen: &Seen) -> String {
        const WIDTH: u64 = 24;
        let full = WIDTH * seen.ended / self.settings.goals.max(1);
        let bar: String = (0..WIDTH)
            .map(|at| if at < full { '━' } else { '╌' })
            .collect();
        let counts = self.faults.counts();
        let faults = counts.total_kills() + counts.total_freezes();
        let (ended, goals) = (seen.ended, self.settings.goals);
        format!(
            "{bar} {ended} of {goals} goals, {faults} sandbox faults, {} crashes",
            self.crashes.len()
        )
    }

    /// Reads the rows; none while Postgres is unavailable.
    async fn read_rows(&mut self) -> Option<Seen> {
        if self
            .db
            .as_ref()
            .is_none_or(tokio_postgres::Client::is_closed)
        {
            self.db = self.stack.admin_db().await.ok();
        }
        let db = self.db.as_ref()?;
        let workspace = self.workspace.to_string();
        let counted = db
            .query_one(
                "select count(*) filter (where ended_at is not null and idempotency_key is not null),
                        count(*) filter (where ended_at is null and idempotency_key is not null),
                        -- Analyses have no key.
                        count(*) filter (where idempotency_key is null),
                        count(*) filter (where ended_at is null and idempotency_key is null)
                   from goalpost.requests where workspace_id = $1::text::uuid",
                &[&workspace],
            )
            .await
            .ok()?;
        let waiting = db
            .query(
                "select id, step_key from goalpost.approvals where state = 'pending' and workspace_id = $1::text::uuid limit 200",
                &[&workspace],
            )
            .await
            .ok()?;
        let number = |at: usize| u64::try_from(counted.get::<_, i64>(at)).unwrap_or(0);
        Some(Seen {
            ended: number(0),
            open: number(1),
            analyses: number(2),
            open_analyses: number(3),
            waiting: waiting.iter().map(|row| (row.get(0), row.get(1))).collect(),
        })
    }

    /// Decides as the shapes require. A decision that does not get through is repeated at the next read.
    async fn decide(&self, waiting: &[(i64, String)]) {
        let decisions = waiting.iter().filter_map(|(id, key)| {
            let goal = generate(self.settings.seed, goal_number(key)?);
            let Work::Approval { is_approved, .. } = goal.step(key)?.work else {
                return None;
            };
            let decision = if is_approved { "approved" } else { "rejected" };
            Some(json!({"p_approval_id": id, "p_decision": decision}))
        });
        let calls = decisions.map(|arguments| async move {
            let decided = self.owner.rpc("decide_approval", &arguments).await;
            decided.is_ok()
        });
        join_all(calls).await;
    }

    /// Requests further goals, up to the allowed number of open ones.
    async fn ask(&mut self, open: u64) -> anyhow::Result<()> {
        let room = self.settings.parallel.saturating_sub(open).min(self.due());
        let room = usize::try_from(room).unwrap_or(0);
        let count = room.min(MAX_ASKED_AT_ONCE).min(self.to_ask.len());
        let numbers = self.to_ask.split_off(self.to_ask.len() - count);
        let (seed, workspace, owner) = (self.settings.seed, self.workspace, &self.owner);
        let calls = numbers.iter().rev().map(|number| {
            let arguments = json!({
                "p_workspace_id": workspace,
                "p_question": wire::question(seed, *number),
                "p_idempotency_key": idempotency_key(*number),
            });
            async move { owner.rpc("accept_request", &arguments).await }
        });
        let answers = join_all(calls).await;
        for (number, answer) in numbers.iter().rev().zip(answers) {
            match answer {
                Ok(answer) if !answer.status.is_server_error() => {
                    let accepted = answer.into_body();
                    accepted.with_context(|| format!("asking for goal {number}"))?;
                }
                // The request may have been accepted; its idempotency key makes a repetition safe.
                Ok(_) | Err(_) => self.to_ask.push(*number),
            }
        }
        Ok(())
    }

    /// Starts the next analysis if one is due. A call that does not get through is repeated at the next read; one whose
    /// answer is lost has started it.
    async fn analyse(&self, seen: &Seen) {
        if seen.open_analyses == 0 && self.is_due(seen.ended, self.settings.analyses, seen.analyses)
        {
            let workspace = json!({"p_workspace_id": self.workspace});
            let started = self.owner.rpc("start_analysis", &workspace).await;
            if let Err(error) = started {
                tracing::debug!(%error, "the analysis is started at the next read");
            }
        }
    }

    /// Returns how many goals may be asked by now that were not, at the rate of the settings.
    fn due(&self) -> u64 {
        self.settings.per_minute.map_or(u64::MAX, |rate| {
            let by_now = 1 + self.began.elapsed().as_secs() * rate / 60;
            by_now.saturating_sub(self.asked())
        })
    }

    fn crash_is_due(&self, ended: u64) -> bool {
        let done = u64::try_from(self.crashes.len()).unwrap_or(u64::MAX);
        self.is_due(ended, self.settings.crash_postgres, done)
    }

    /// Returns true if the next of so many occurrences is due: they are spread evenly over the goals.
    fn is_due(&self, ended: u64, wanted: u64, done: u64) -> bool {
        done < wanted && ended * (wanted + 1) >= self.settings.goals * (done + 1)
    }

    async fn crash(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        self.stack.crash_postgres().await?;
        let moving = tokio::time::timeout(MAX_CRASH, self.until_moving()).await;
        moving.context("nothing moved for a minute after Postgres had been crashed")??;
        self.crashes.push(began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Waits until an event is recorded after this moment of the database's clock.
    async fn until_moving(&mut self) -> anyhow::Result<()> {
        let db = self.stack.admin_db().await?;
        let now: chrono::DateTime<chrono::Utc> =
            db.query_one("select clock_timestamp()", &[]).await?.get(0);
        let moved = "select exists (select from goalpost.events where created_at > $1)";
        while !db.query_one(moved, &[&now]).await?.get::<_, bool>(0) {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        self.db = Some(db);
        Ok(())
    }
}

/// Returns the key that makes a request repeatable and identifies its row.
pub(super) fn idempotency_key(number: u64) -> String {
    format!("g{number}")
}

//! Small numbers of each injected fault: all guarantees hold, and the rows show it.
//!
//! No test waits for real time. A trial advances the database's clock whenever nothing moves by itself, as the minutes
//! between two sweeps would.

mod answers;
mod frozen;
mod kills;
mod model;
mod poison;
mod postgres;
mod rules;
mod sweepers;
mod wakes;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use harness::faults::{FaultPlan, Faults, SandboxFaultRule};
use harness::oracle;
use local_stack::lambda::FunctionStats;
use local_stack::stack::{Person, Stack, StackOptions};
use serde_json::json;
use system_tests::people::{Client, DEMO};
use system_tests::stacks;

use model::Model;

/// Short, so that many leases end before the clock exceeds the tolerance of signatures; long enough to be renewed in
/// time on a busy machine.
pub(crate) const LEASE_SECONDS: u32 = 10;
/// A function refuses a wake whose time differs more than this from its own, which limits the clock of a trial.
const SIGNATURES_HOLD: u32 = 280;
/// A trial that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// Stack with a fault layer and a scripted model.
pub(crate) struct Trial {
    pub(crate) stack: Stack,
    pub(crate) faults: Faults,
    model: Model,
    pub(crate) owner: Client,
    clock_seconds: Mutex<u32>,
}

impl Trial {
    pub(crate) async fn start(plan: FaultPlan) -> Self {
        Self::start_with(plan, |options| options).await
    }

    pub(crate) async fn start_with(
        plan: FaultPlan,
        change: impl FnOnce(StackOptions) -> StackOptions,
    ) -> Self {
        Self::start_on(Faults::new(plan), change).await
    }

    /// Starts a trial with faults that the servers of a test already report to.
    pub(crate) async fn start_on(
        faults: Faults,
        change: impl FnOnce(StackOptions) -> StackOptions,
    ) -> Self {
        let model = Model::serve(&faults).await;
        let environment = [
            ("OPENAI_BASE_URL", model.base_url.clone()),
            ("GOALPOST_MODEL", "scripted".to_owned()),
            ("GOALPOST_LEASE_SECONDS", LEASE_SECONDS.to_string()),
        ];
        let with_faults = |mut options: StackOptions| {
            let named = environment.map(|(name, value)| (name.to_owned(), value));
            options.environment.extend(named);
            options.openai_api_key = Some("sk-test-key".to_owned().into());
            options.faults = faults.hook();
            change(options)
        };
        let stack = stacks::start_with(with_faults).await.unwrap();
        let owner = Client::of(&stack, Person::Owner);
        Self {
            stack,
            faults,
            model,
            owner,
            clock_seconds: Mutex::new(0),
        }
    }

    /// Requests a goal with that plan of [`model`], and returns the request's id.
    pub(crate) async fn ask(&self, plan: &str) -> i64 {
        let question = format!("Carry this out, whatever it takes: [{plan}]");
        let arguments = json!({"p_workspace_id": DEMO, "p_question": question});
        let accepted = self.owner.rpc("accept_request", &arguments).await.unwrap();
        assert!(accepted.status.is_success(), "{accepted:?}");
        accepted.body["request_id"].as_i64().unwrap()
    }

    /// Waits until every request has ended. When nothing moves, the clock advances by a lease, and a sweep runs.
    pub(crate) async fn settle(&self) {
        self.settle_deciding(async || false).await;
    }

    /// Waits as [`Trial::settle`] does where people decide; `decide` returns true if it made a decision.
    pub(crate) async fn settle_deciding(&self, mut decide: impl AsyncFnMut() -> bool) {
        let database = self.stack.admin_db().await.unwrap();
        loop {
            self.until_still(&database).await;
            if self.has_ended(&database).await {
                return;
            }
            if decide().await {
                continue;
            }
            self.let_time_pass(&database, LEASE_SECONDS + 1).await;
            database
                .batch_execute("select goalpost_private.sweep()")
                .await
                .unwrap();
        }
    }

    /// Waits until every request has ended, or no function runs and no wake is in transit.
    async fn until_still(&self, database: &tokio_postgres::Client) {
        self.until(async || self.is_at_rest(database).await || self.has_ended(database).await)
            .await;
    }

    /// Waits until no function runs and no wake is in transit.
    pub(crate) async fn until_at_rest(&self, database: &tokio_postgres::Client) {
        self.until(async || self.is_at_rest(database).await).await;
    }

    async fn is_at_rest(&self, database: &tokio_postgres::Client) -> bool {
        let runs = |stats: &FunctionStats| {
            stats.running + stats.waiting_callers + stats.waiting_events > 0
        };
        // In this order: a wake is in transit until it has been answered, and its function starts before that.
        let sending = self.count(database, "net.http_request_queue").await;
        sending == 0 && !self.stack.host().stats().iter().any(runs)
    }

    /// Waits for an event that occurs by itself.
    pub(crate) async fn until(&self, mut is_so: impl AsyncFnMut() -> bool) {
        let began = Instant::now();
        while !is_so().await {
            assert!(began.elapsed() < PATIENCE, "it never came to be so");
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn has_ended(&self, database: &tokio_postgres::Client) -> bool {
        let open = "goalpost.requests where state in ('submitted', 'accepted')";
        self.count(database, open).await == 0
    }

    /// Advances the database's clock.
    pub(crate) async fn let_time_pass(&self, database: &tokio_postgres::Client, seconds: u32) {
        let seconds = {
            let mut clock = self.clock_seconds.lock().unwrap();
            *clock += seconds;
            *clock
        };
        assert!(
            seconds < SIGNATURES_HOLD,
            "it is stuck:\n{}",
            self.describe(database).await
        );
        database
            .batch_execute(&format!(
                "create or replace function goalpost_private.clock() returns timestamptz
                 language sql volatile set search_path = ''
                 as $$ select clock_timestamp() + interval '{seconds} seconds' $$"
            ))
            .await
            .unwrap();
    }

    pub(crate) async fn count(&self, database: &tokio_postgres::Client, what: &str) -> i64 {
        let row = database
            .query_one(&format!("select count(*) from {what}"), &[])
            .await;
        row.unwrap().get(0)
    }

    pub(crate) async fn describe(&self, database: &tokio_postgres::Client) -> String {
        let rows = database
            .query("select to_jsonb(s)::text from goalpost.steps s where state not in ('completed', 'cancelled')", &[])
            .await
            .unwrap();
        let rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        rows.join("\n")
    }

    /// Requires that every request was answered, and that every rule of the oracle holds.
    pub(crate) async fn end(self) {
        let database = self.stack.admin_db().await.unwrap();
        let failed = self.count(&database, "goalpost.requests where state <> 'answered'");
        assert_eq!(failed.await, 0, "{}", self.describe(&database).await);
        self.end_in_order(&database).await;
    }

    /// Requires that every rule of the oracle holds.
    async fn end_in_order(self, database: &tokio_postgres::Client) {
        // Work still under way (a duplicated wake) may end first.
        self.faults.pause();
        let violations = oracle::check(database).await.unwrap();
        assert!(violations.is_empty(), "{violations:#?}");
        self.stack.stop().await.unwrap();
    }
}

/// Returns a plan with only these sandbox faults.
pub(crate) fn sandbox_fault_plan(sandbox_faults: Vec<SandboxFaultRule>) -> FaultPlan {
    FaultPlan {
        sandbox_faults,
        ..FaultPlan::default()
    }
}

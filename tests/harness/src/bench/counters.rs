//! Counters of Postgres, the gateway, the Lambda host and the kernel, read at both ends of a window.
//!
//! Postgres sessions delay their statistics by up to ten seconds, so each session is made to report at both ends of a
//! window. That costs the same in a window of work and in an idle one, and cancels out in the difference.

use std::time::{Duration, Instant};

use anyhow::Context;
use local_stack::rest::Calls;
use local_stack::stack::Stack;
use tokio_postgres::Client;

use super::processor;

/// A session reports at the end of a transaction, but at most once per second.
const BETWEEN_REPORTS: Duration = Duration::from_millis(1050);
/// Time for pg_net's worker to read its queue and find it empty.
const QUEUE_READ: Duration = Duration::from_millis(100);

/// One reading of all counters.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    pub(super) at: Instant,
    /// Transactions committed and rolled back in the measured database, including read-only ones.
    pub(super) transactions: i64,
    /// Transaction ids assigned: the transactions that wrote.
    pub(super) written: i64,
    /// Rows inserted, updated and deleted.
    pub(super) rows: i64,
    pub(super) wal_bytes: i64,
    pub(super) wal_position: String,
    pub(super) fsyncs: i64,
    pub(super) postgres_seconds: f64,
    pub(super) functions_seconds: f64,
    pub(super) stack_seconds: f64,
    pub(super) machine_seconds: f64,
    pub(super) invocations: u64,
    /// Notifications that woke pg_net's worker.
    pub(super) pg_net_wakes: u64,
    pub(super) calls: Calls,
}

/// Reader of the counters, over a session outside the measured database.
pub(super) struct Reader {
    outside: Client,
    inside: Client,
    database: String,
    postmaster: i32,
}

const QUERY: &str = "
select (d.xact_commit + d.xact_rollback)::int8 as transactions,
       pg_snapshot_xmax(pg_current_snapshot())::text::int8 as written,
       d.tup_inserted + d.tup_updated + d.tup_deleted as rows,
       (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::int8 as wal_bytes,
       pg_current_wal_insert_lsn()::text as wal_position,
       (select coalesce(sum(fsyncs), 0)::int8 from pg_stat_io where object = 'wal') as fsyncs
  from pg_stat_database d where d.datname = $1";

impl Reader {
    pub(super) async fn new(stack: &Stack) -> anyhow::Result<Self> {
        let server = stack.server();
        let outside = server
            .connect(local_stack::postgres::SUPERUSER, "postgres")
            .await?;
        let inside = server
            .connect(local_stack::postgres::SUPERUSER, stack.database())
            .await?;
        let backend: i32 = outside
            .query_one("select pg_backend_pid()", &[])
            .await
            .context("asking for a session's process")?
            .get(0);
        Ok(Self {
            outside,
            inside,
            database: stack.database().to_owned(),
            postmaster: processor::of(backend).map_or(0, |process| process.parent),
        })
    }

    /// Reads the counters at the beginning of a window; the window begins when this returns.
    pub(super) async fn begin(&self, stack: &Stack) -> anyhow::Result<Counters> {
        self.make_all_report(stack).await?;
        let row = self.row().await?;
        Ok(self.counters(stack, &row))
    }

    /// Reads the counters at the end of a window; the window ends when this is called.
    pub(super) async fn end(&self, stack: &Stack) -> anyhow::Result<Counters> {
        // Forcing the reports adds work of its own, so only counts that depend on the reports are read after it.
        let early = self.row().await?;
        let mut counters = self.counters(stack, &early);
        self.make_all_report(stack).await?;
        let late = self.row().await?;
        counters.transactions = late.get("transactions");
        counters.rows = late.get("rows");
        counters.fsyncs = late.get("fsyncs");
        Ok(counters)
    }

    fn counters(&self, stack: &Stack, row: &tokio_postgres::Row) -> Counters {
        let (functions_seconds, stack_seconds) = of_this_process(stack);
        Counters {
            at: Instant::now(),
            transactions: row.get("transactions"),
            written: row.get("written"),
            rows: row.get("rows"),
            wal_bytes: row.get("wal_bytes"),
            wal_position: row.get("wal_position"),
            fsyncs: row.get("fsyncs"),
            postgres_seconds: processor::of_family(self.postmaster),
            functions_seconds,
            stack_seconds,
            machine_seconds: processor::of_machine(),
            invocations: stack.host().stats().iter().map(|f| f.invocations).sum(),
            pg_net_wakes: stack.pg_net_wakes(),
            calls: stack.rest().calls(),
        }
    }

    /// Runs a checkpoint, so that the next measurement starts without dirty pages.
    pub(super) async fn checkpoint(&self) -> anyhow::Result<()> {
        let done = self.outside.batch_execute("checkpoint").await;
        done.context("a checkpoint")
    }

    /// Runs the vacuum that autovacuum would run.
    pub(super) async fn vacuum(&self) -> anyhow::Result<()> {
        let done = self.inside.batch_execute("vacuum analyze").await;
        done.context("vacuum analyze")
    }

    /// Returns the session outside the measured database.
    pub(super) fn outside(&self) -> &Client {
        &self.outside
    }

    /// Returns the superuser session inside the measured database.
    pub(super) fn inside(&self) -> &Client {
        &self.inside
    }

    async fn row(&self) -> anyhow::Result<tokio_postgres::Row> {
        let row = self.outside.query_one(QUERY, &[&self.database]).await;
        row.context("reading the database's counters")
    }

    async fn make_all_report(&self, stack: &Stack) -> anyhow::Result<()> {
        tokio::time::sleep(BETWEEN_REPORTS).await;
        stack.rest().flush_statistics().await?;
        // pg_net's worker reports its statistics after it has found its queue empty.
        self.inside
            .batch_execute("notify pg_net_wake")
            .await
            .context("waking pg_net's worker")?;
        tokio::time::sleep(QUEUE_READ).await;
        let own = "select pg_catalog.pg_stat_force_next_flush()";
        self.inside.batch_execute(own).await.context("reporting")
    }
}

/// Returns the processor time of the functions (running and ended) and of the stack with all its parts.
fn of_this_process(stack: &Stack) -> (f64, f64) {
    let own = processor::of(nix::unistd::getpid().as_raw()).unwrap_or_default();
    let living: f64 = stack
        .host()
        .stats()
        .iter()
        .flat_map(|function| &function.sandboxes)
        .filter_map(|sandbox| processor::of(sandbox.process_id))
        .map(|process| process.own)
        .sum();
    (own.children + living, own.own)
}

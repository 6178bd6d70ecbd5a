//! One measurement: counters, the workload, counters, minus the cost of an idle window.
//!
//! Subtracted are the sweep inside the database and the clocks of the local stand-ins as far as they tick without work,
//! and the bench's own polls for the end. Everything that the work causes is counted: wakes, their delivery, sweeps
//! that find something. Sessions that listen for wakes here, where a hosted project's pg_net is woken within Postgres,
//! are reported separately as `listening_transactions_per_step`.

use std::time::Duration;

use super::counters::Counters;
use super::figures::{median, per, percentile, rounded};
use super::measured::{CallFigures, Measured};
use super::processor;
use super::stage::Stage;
use super::workload::{Worked, Workload, milliseconds};

/// Longest idle window.
const LONGEST_IDLE: Duration = Duration::from_secs(20);
/// The bench's own transactions in a window beside the polls: before the first submission, and after the last end.
const OWN_TRANSACTIONS: i64 = 2;
/// Listening sessions: the gateway's for a new schema, and that of pg_net's worker. Each receives every notification in
/// a transaction of its own. A hosted project's pg_net is woken without one.
const LISTENERS: u64 = 2;

/// Differences of two readings.
struct Used {
    during: Duration,
    transactions: f64,
    written: f64,
    rows: f64,
    wal_bytes: f64,
    fsyncs: f64,
    postgres_seconds: f64,
    functions_seconds: f64,
    stack_seconds: f64,
    machine_seconds: f64,
}

impl Used {
    #[expect(clippy::cast_precision_loss, reason = "counts of one window are small")]
    fn between(before: &Counters, after: &Counters) -> Self {
        Self {
            during: after.at - before.at,
            transactions: (after.transactions - before.transactions) as f64,
            written: (after.written - before.written) as f64,
            rows: (after.rows - before.rows) as f64,
            wal_bytes: (after.wal_bytes - before.wal_bytes) as f64,
            fsyncs: (after.fsyncs - before.fsyncs) as f64,
            postgres_seconds: after.postgres_seconds - before.postgres_seconds,
            functions_seconds: after.functions_seconds - before.functions_seconds,
            stack_seconds: after.stack_seconds - before.stack_seconds,
            machine_seconds: after.machine_seconds - before.machine_seconds,
        }
    }

    fn own_seconds(&self) -> f64 {
        self.postgres_seconds + self.functions_seconds + self.stack_seconds
    }

    /// Subtracts the cost of an idle window. Periodic costs are scaled by the seconds; reading the counters costs the
    /// same in both windows.
    fn without(&self, idle: &Self) -> Self {
        Self {
            during: self.during,
            transactions: self.transactions - idle.transactions,
            written: self.written - idle.written,
            rows: self.rows - idle.rows,
            wal_bytes: self.wal_bytes - idle.wal_bytes,
            fsyncs: self.fsyncs - idle.fsyncs,
            postgres_seconds: self.postgres_seconds - idle.postgres_seconds,
            functions_seconds: self.functions_seconds - idle.functions_seconds,
            stack_seconds: self.stack_seconds - idle.stack_seconds,
            machine_seconds: self.machine_seconds,
        }
    }
}

pub(super) async fn measure(
    stage: &Stage,
    workload: Workload,
    runs: usize,
) -> anyhow::Result<Measured> {
    Ok(measure_with_latencies(stage, workload, runs).await?.0)
}

/// Measures a workload, and returns the latencies beside the figures.
pub(super) async fn measure_with_latencies(
    stage: &Stage,
    workload: Workload,
    runs: usize,
) -> anyhow::Result<(Measured, Vec<f64>)> {
    let before = stage.reader.begin(&stage.stack).await?;
    let worked = workload.work(stage, runs).await?;
    let after = stage.reader.end(&stage.stack).await?;
    let idle_before = stage.reader.begin(&stage.stack).await?;
    tokio::time::sleep((after.at - before.at).min(LONGEST_IDLE)).await;
    let idle_after = stage.reader.end(&stage.stack).await?;

    let used = Used::between(&before, &after);
    let foreign = processor::foreign_cores(used.machine_seconds, used.own_seconds(), used.during);
    let idle = Used::between(&idle_before, &idle_after);
    let net = used.without(&idle);
    let mut measured = figures(workload, &worked, &net, &before, &after);
    measured.foreign_cores = rounded(foreign, 2);
    measured.mode = if stage.settings.managed {
        "managed"
    } else {
        "frozen"
    };
    measured.runs = runs;
    measured.wal_from = before.wal_position;
    measured.wal_to = after.wal_position;
    Ok((measured, worked.latencies_ms))
}

fn figures(
    workload: Workload,
    worked: &Worked,
    net: &Used,
    before: &Counters,
    after: &Counters,
) -> Measured {
    let steps = worked.steps;
    let wall_ms = milliseconds(worked.wall);
    // A burst counts as a whole; of successive runs the median one counts.
    let ms_per_step = match workload {
        Workload::Chain | Workload::Throughput | Workload::Large | Workload::Agent => {
            per(wall_ms, steps)
        }
        Workload::Fanout | Workload::Goal => {
            median(&worked.runs_ms) / per(count(steps), worked.runs_ms.len() as u64)
        }
    };
    let calls = CallFigures::between(&before.calls, &after.calls);
    let requests = calls.values().map(|call| call.count).sum::<u64>();
    let listening = count((after.pg_net_wakes - before.pg_net_wakes) * LISTENERS);
    let own = f64::from(worked.polls) + count(OWN_TRANSACTIONS.unsigned_abs()) + listening;
    Measured {
        workload: workload.name(),
        steps,
        wall_seconds: rounded(worked.wall.as_secs_f64(), 4),
        ms_per_step: rounded(ms_per_step, 4),
        steps_per_second: rounded(1000.0 / ms_per_step, 1),
        p50_ms: rounded(percentile(&worked.latencies_ms, 50.0), 3),
        p95_ms: rounded(percentile(&worked.latencies_ms, 95.0), 3),
        transactions_per_step: rounded(per(net.transactions - own, steps), 4),
        wal_bytes_per_step: rounded(per(net.wal_bytes, steps), 1),
        requests_per_step: rounded(
            per(count(requests.saturating_sub(worked.submissions)), steps),
            4,
        ),
        rows_per_step: rounded(per(net.rows, steps), 3),
        writing_transactions_per_step: rounded(per(net.written, steps), 4),
        listening_transactions_per_step: rounded(per(listening, steps), 4),
        fsyncs_per_step: rounded(per(net.fsyncs, steps), 4),
        postgres_cpu_ms_per_step: rounded(per(net.postgres_seconds * 1000.0, steps), 3),
        functions_cpu_ms_per_step: rounded(per(net.functions_seconds * 1000.0, steps), 3),
        stack_cpu_ms_per_step: rounded(per(net.stack_seconds * 1000.0, steps), 3),
        invocations_per_step: rounded(per(count(after.invocations - before.invocations), steps), 4),
        model_calls: worked.model_calls,
        latency_of: workload.latency_of(),
        calls,
        ..Measured::default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one window are small")]
fn count(number: u64) -> f64 {
    number as f64
}

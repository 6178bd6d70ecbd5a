//! Figures of a measurement.
//!
//! The first ten fields of [`Measured`] are the agreed ones; the following fields explain them.

use std::collections::BTreeMap;

use local_stack::rest::Calls;
use serde::Serialize;

use super::figures::{per, rounded};

/// One repetition of a workload. Times are in milliseconds and include the functions, the gateway and Postgres.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Measured {
    /// Name of the workload.
    pub workload: &'static str,
    /// Completed steps; for the agent workload, model calls.
    pub steps: u64,
    /// Seconds from the first submission to the last end.
    pub wall_seconds: f64,
    /// Milliseconds per step. Chain and throughput: wall time divided by steps. Fan-out and goal: of the median run.
    pub ms_per_step: f64,
    /// Steps per second, the inverse of `ms_per_step`.
    pub steps_per_second: f64,
    /// Median of the latency that `latency_of` names.
    pub p50_ms: f64,
    /// 95th percentile of the latency that `latency_of` names.
    pub p95_ms: f64,
    /// Transactions committed and rolled back, including read-only ones; without an idle window's and the bench's
    /// polls.
    pub transactions_per_step: f64,
    /// Bytes of the write-ahead log.
    pub wal_bytes_per_step: f64,
    /// Requests to the REST surface that functions made.
    pub requests_per_step: f64,

    /// `frozen`: one invocation per sandbox; `managed`: as on Managed Instances.
    pub mode: &'static str,
    /// Runs of this repetition.
    pub runs: usize,
    /// Subject of the percentiles.
    pub latency_of: &'static str,
    /// Rows inserted, updated and deleted, in all tables.
    pub rows_per_step: f64,
    /// Transactions that wrote (transaction ids assigned).
    pub writing_transactions_per_step: f64,
    /// Transactions of sessions that listen for wakes here but not on a hosted project; not in `transactions_per_step`.
    pub listening_transactions_per_step: f64,
    /// Calls of fsync for the files of the write-ahead log.
    pub fsyncs_per_step: f64,
    /// Processor time of Postgres, all its processes.
    pub postgres_cpu_ms_per_step: f64,
    /// Processor time of the functions.
    pub functions_cpu_ms_per_step: f64,
    /// Processor time of the stack: gateway, Lambda host, pg_net, pg_cron, and the bench itself.
    pub stack_cpu_ms_per_step: f64,
    /// Invocations of functions.
    pub invocations_per_step: f64,
    /// Calls of a language model.
    pub model_calls: u64,
    /// Cores that other programs kept busy meanwhile; from 0.25 on the times are unreliable.
    pub foreign_cores: f64,
    /// Calls of database functions, including the bench's own submissions.
    pub calls: BTreeMap<String, CallFigures>,
    /// Position of the write-ahead log at the beginning.
    pub wal_from: String,
    /// Position of the write-ahead log at the end.
    pub wal_to: String,
}

/// Number of calls of one function, and their mean times.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CallFigures {
    /// Number of calls.
    pub count: u64,
    /// Mean time in the gateway, from the arrival of the request to its answer.
    pub mean_ms: f64,
    /// Mean time in Postgres, contained in `mean_ms`.
    pub mean_database_ms: f64,
}

impl CallFigures {
    pub(super) fn between(before: &Calls, after: &Calls) -> BTreeMap<String, Self> {
        let of = |(name, after): (&String, &local_stack::rest::Call)| {
            let before = before.get(name).copied().unwrap_or_default();
            let count = after.count.saturating_sub(before.count);
            let mean =
                |sum: std::time::Duration| rounded(per(sum.as_secs_f64() * 1000.0, count), 3);
            let figures = Self {
                count,
                mean_ms: mean(after.took.saturating_sub(before.took)),
                mean_database_ms: mean(after.in_database.saturating_sub(before.in_database)),
            };
            (count > 0).then(|| (name.clone(), figures))
        };
        after.iter().filter_map(of).collect()
    }
}

/// All repetitions of a workload in one mode.
#[derive(Clone, Debug, Serialize)]
pub struct Repetitions {
    /// Repetition with the median time per step.
    #[serde(flatten)]
    pub median: Measured,
    /// All repetitions, in order.
    #[serde(rename = "repetitions")]
    pub all: Vec<Measured>,
    /// Bytes of the median repetition by table, if requested.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wal_by_table: Vec<Written>,
}

/// Log volume of one relation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Written {
    /// Name of the relation; of an index, prefixed with its table.
    pub relation: String,
    /// `table`, `index`, `long values`, or `other`.
    pub kind: String,
    /// Kind of record, as Postgres names it: `INSERT`, `HOT_UPDATE` …
    pub record: String,
    /// Number of records.
    pub records: u64,
    /// Bytes of the records, including full-page images.
    pub bytes: u64,
    /// Bytes of full-page images.
    pub full_page_bytes: u64,
    /// Bytes divided by the steps of the measurement.
    pub bytes_per_step: f64,
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use super::*;

    #[test]
    fn mean_times_are_of_the_calls_in_between() {
        use std::time::Duration;
        let call = |count, ms| local_stack::rest::Call {
            count,
            took: Duration::from_millis(ms),
            in_database: Duration::from_millis(ms / 2),
        };
        let before = Calls::from([
            ("claim_steps".to_owned(), call(1, 100)),
            ("sweep".to_owned(), call(2, 6)),
        ]);
        let after = Calls::from([
            ("claim_steps".to_owned(), call(3, 140)),
            ("sweep".to_owned(), call(2, 6)),
        ]);
        let between = CallFigures::between(&before, &after);
        assert_eq!(between.len(), 1);
        let claims = between["claim_steps"];
        assert_eq!(
            (claims.count, claims.mean_ms.to_string()),
            (2, "20".to_owned())
        );
        assert_eq!(claims.mean_database_ms.to_string(), "10");
    }
}

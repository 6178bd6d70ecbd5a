//! Recovery times of struck steps, from the rows.
//!
//! A fault leaves no row, so its moment is bounded by the rows around it: the step was claimed before the fault, so the
//! time from that claim to the next one is an upper bound of the time from the fault to the next claim.

use anyhow::Context;
use serde::Serialize;
use tokio_postgres::Client;
use uuid::Uuid;

/// Summary of times in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Times {
    /// Number of values.
    pub count: usize,
    /// Median.
    pub p50_seconds: Option<f64>,
    /// 99th percentile.
    pub p99_seconds: Option<f64>,
    /// Maximum.
    pub max_seconds: Option<f64>,
}

impl Times {
    /// Summarizes these seconds, in any order.
    #[must_use]
    pub fn of(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        Self {
            count: seconds.len(),
            p50_seconds: percentile(&seconds, 50),
            p99_seconds: percentile(&seconds, 99),
            max_seconds: seconds.last().copied().map(rounded),
        }
    }
}

/// Returns the smallest value that at least `share` per cent do not exceed (nearest rank).
fn percentile(sorted: &[f64], share: usize) -> Option<f64> {
    let rank = (sorted.len() * share).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied().map(rounded)
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// Returns, for each lost attempt, the time from its claim to the next claim of its step, if there was one.
pub(super) async fn of_lost_attempts(db: &Client, workspace: Uuid) -> anyhow::Result<Times> {
    let query = "
        select extract(epoch from coalesce(n.started_at, s.started_at) - a.started_at)::float8
          from goalpost.step_attempts a
          join goalpost.steps s on s.run_id = a.run_id and s.key = a.step_key
          left join goalpost.step_attempts n
            on n.run_id = a.run_id and n.step_key = a.step_key and n.attempt = a.attempt + 1
         where a.outcome = 'lost' and a.workspace_id = $1::text::uuid
           and coalesce(n.started_at, s.started_at) > a.started_at";
    let rows = db
        .query(query, &[&workspace.to_string()])
        .await
        .context("reading lost attempts")?;
    Ok(Times::of(rows.iter().map(|row| row.get(0)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values() {
        let times = Times::of((1..=200).rev().map(f64::from).collect());
        assert_eq!(
            (
                times.count,
                times.p50_seconds,
                times.p99_seconds,
                times.max_seconds
            ),
            (200, Some(100.0), Some(198.0), Some(200.0))
        );
        assert_eq!(Times::of(vec![3.0]).p99_seconds, Some(3.0));
        assert_eq!(Times::of(Vec::new()), Times::default());
    }
}

//! `bench growth`: the time of work as a function of finished goals and of the length of a goal.
//!
//! Finished goals are copies of one goal that was executed, made in SQL row by row with keys of their own, because a
//! hundred thousand executed goals would take hours. Constraints and indexes apply to the copies; only triggers and
//! foreign-key checks are disabled while they are inserted.

use anyhow::{Context, ensure};
use local_stack::progress::Progress;
use local_stack::terminal::{Screen, table};
use serde::Serialize;
use serde_json::json;

use super::figures::rounded;
use super::{Amount, Measured, Stage, Workload, measure, window};

/// Numbers of finished goals at which the work is measured.
pub const LEVELS: [u64; 3] = [10, 1_000, 100_000];
/// Distance between the keys of successive copies, larger than the number of runs of a goal.
const STRIDE: u64 = 8;

/// All figures of growth.
#[derive(Clone, Debug, Serialize)]
pub struct Growth {
    /// By the number of finished goals.
    pub levels: Vec<Level>,
    /// One goal of thousands of steps; none if it did not complete.
    pub large_goal: Option<LargeGoal>,
    /// Problem of the large goal. The levels are reported nevertheless, since they took minutes.
    pub large_goal_problem: Option<String>,
}

/// Cost of work at one number of finished goals.
#[derive(Clone, Debug, Serialize)]
pub struct Level {
    /// Number of goals finished before, each with all its rows.
    pub finished_goals: u64,
    /// Bytes of the database, indexes included.
    pub database_bytes: i64,
    /// Chain workload at this level.
    pub chain: Measured,
    /// Throughput workload at this level.
    pub throughput: Measured,
}

/// One goal of thousands of steps, 100 of them side by side.
#[derive(Clone, Debug, Serialize)]
pub struct LargeGoal {
    /// Figures of the whole goal.
    pub whole: Measured,
    /// Milliseconds per step over the first tenth of the step ends.
    pub first_tenth_ms_per_step: f64,
    /// Milliseconds per step over the last tenth of the step ends.
    pub last_tenth_ms_per_step: f64,
}

/// Measures the work at each level, and the large goal at the end.
///
/// # Errors
/// A run does not complete, or the database refuses the copies.
pub async fn grow(stage: &Stage, levels: &[u64], progress: &Progress) -> anyhow::Result<Growth> {
    let pattern = Pattern::work(stage).await?;
    let mut measured = Vec::new();
    let mut finished = 1;
    for &level in levels {
        let phase = progress.phase(format!("Making {level} finished goals"));
        finished += pattern.copy(stage, level.saturating_sub(finished)).await?;
        phase.done();
        let phase = progress.phase(format!("Measuring among {level} finished goals"));
        let of = async |workload: Workload| {
            let amount = Amount {
                runs: workload.usual_runs(),
                repetitions: 3,
            };
            anyhow::Ok(measure(stage, workload, amount).await?.median)
        };
        measured.push(Level {
            finished_goals: level,
            database_bytes: database_bytes(stage).await?,
            chain: of(Workload::Chain).await?,
            throughput: of(Workload::Throughput).await?,
        });
        phase.done();
    }
    let phase = progress.phase("Measuring a goal of 5,000 steps");
    let large_goal = large_goal(stage).await;
    if large_goal.is_ok() {
        phase.done();
    }
    let (large_goal, problem) = match large_goal {
        Ok(large_goal) => (Some(large_goal), None),
        Err(error) => (None, Some(format!("{error:#}"))),
    };
    Ok(Growth {
        levels: measured,
        large_goal,
        large_goal_problem: problem,
    })
}

/// Creates this number of finished goals: executes one and copies it.
///
/// # Errors
/// As [`grow`].
pub async fn fill(stage: &Stage, goals: u64) -> anyhow::Result<()> {
    let pattern = Pattern::work(stage).await?;
    pattern.copy(stage, goals.saturating_sub(1)).await?;
    Ok(())
}

async fn large_goal(stage: &Stage) -> anyhow::Result<LargeGoal> {
    Workload::Large.publish(stage).await?;
    stage.tidy().await?;
    let (whole, ends) = window::measure_with_latencies(stage, Workload::Large, 1).await?;
    let (first, last) = tenths(&ends);
    Ok(LargeGoal {
        whole,
        first_tenth_ms_per_step: rounded(first, 4),
        last_tenth_ms_per_step: rounded(last, 4),
    })
}

/// Returns the milliseconds per step over the first and the last tenth of the ends.
fn tenths(ends: &[f64]) -> (f64, f64) {
    let mut ends = ends.to_vec();
    ends.sort_by(f64::total_cmp);
    let tenth = (ends.len() / 10).max(1);
    let at = |index: usize| ends.get(index).copied().unwrap_or_default();
    let newest = ends.len().saturating_sub(1);
    #[expect(clippy::cast_precision_loss, reason = "numbers of steps are small")]
    let steps = tenth as f64;
    let first = (at(tenth.min(newest)) - at(0)) / steps;
    let last = (at(newest) - at(newest.saturating_sub(tenth))) / steps;
    (first, last)
}

async fn database_bytes(stage: &Stage) -> anyhow::Result<i64> {
    let row = stage
        .owner
        .query_one("select pg_database_size(current_database())", &[])
        .await;
    Ok(row.context("asking for the database's size")?.get(0))
}

/// Pattern for copies: its request, its smallest id of each kind, and the first id of a copy.
struct Pattern {
    request: i64,
    goal: i64,
    run: i64,
}

/// Key columns and the kind of each key.
const KEYS: &str = "
  case when a.attname = 'request_id' or (c.relname = 'requests' and a.attname = 'id') then 'request'
       when a.attname in ('goal_id', 'parent_goal_id', 'root_goal_id') or (c.relname = 'goals' and a.attname = 'id') then 'goal'
       when a.attname in ('run_id', 'root_run_id', 'parent_run_id') or (c.relname = 'workflow_runs' and a.attname = 'id') then 'run'
  end";

impl Pattern {
    /// Executes one goal as the pattern for copies.
    async fn work(stage: &Stage) -> anyhow::Result<Self> {
        Workload::Goal.publish(stage).await?;
        let newest = stage.newest_request().await?;
        Workload::Goal.work(stage, 1).await?;
        Self::after(stage, newest).await
    }

    async fn after(stage: &Stage, newest: i64) -> anyhow::Result<Self> {
        let query = "
          select q.id, q.goal_id, (select min(r.id) from goalpost.workflow_runs r
                                    where r.workspace_id = q.workspace_id and r.request_id = q.id)
            from goalpost.requests q where q.workspace_id = $1::text::uuid and q.id > $2 and q.state = 'answered'";
        let row = stage
            .owner
            .query_one(query, &[&stage.workspace.to_string(), &newest])
            .await
            .context("looking for the goal to copy")?;
        Ok(Self {
            request: row.get(0),
            goal: row.get(1),
            run: row.get(2),
        })
    }

    /// Inserts this number of copies and returns how many were added.
    async fn copy(&self, stage: &Stage, copies: u64) -> anyhow::Result<u64> {
        if copies == 0 {
            return Ok(0);
        }
        let base = "select greatest((select max(id) from goalpost.requests), (select max(id) from goalpost.goals),
                                    (select max(id) from goalpost.workflow_runs))";
        let base: i64 = stage
            .owner
            .query_one(base, &[])
            .await
            .context("looking for free keys")?
            .get(0);
        let session = stage.reader.inside();
        session
            .batch_execute("begin; set local session_replication_role = replica")
            .await
            .context("making copies")?;
        for (table, columns, values, condition) in self.tables(stage, base).await? {
            let insert = format!(
                "insert into goalpost.{table} ({columns})
                 select {values} from goalpost.{table} t cross join generate_series(1, {copies}) i where {condition}"
            );
            session
                .batch_execute(&insert)
                .await
                .with_context(|| format!("copying rows of {table}"))?;
        }
        let newest = i128::from(base) + i128::from((copies + 1) * STRIDE);
        let sequences = format!(
            "select setval('goalpost.requests_id_seq', {newest}), setval('goalpost.goals_id_seq', {newest}),
                    setval('goalpost.workflow_runs_id_seq', {newest}); commit; analyze"
        );
        session
            .batch_execute(&sequences)
            .await
            .context("finishing the copies")?;
        self.check(stage, base, copies).await?;
        Ok(copies)
    }

    /// Returns, for each table that belongs to a request, its columns, their values in a copy, and the rows to copy.
    async fn tables(
        &self,
        stage: &Stage,
        base: i64,
    ) -> anyhow::Result<Vec<(String, String, String, String)>> {
        let of = |kind: &str| match kind {
            "request" => self.request,
            "goal" => self.goal,
            _ => self.run,
        };
        let query = format!(
            "select c.relname::text,
                    array_agg(quote_ident(a.attname) order by a.attnum),
                    array_agg(coalesce({KEYS}, '') order by a.attnum)
               from pg_class c join pg_attribute a on a.attrelid = c.oid
              where c.relnamespace = 'goalpost'::regnamespace and c.relkind = 'r' and a.attnum > 0
                and not a.attisdropped and a.attgenerated = ''
              group by c.relname
             having bool_or({KEYS} is not null)
                and not bool_or(a.attidentity <> '' and {KEYS} is null)"
        );
        let rows = stage
            .owner
            .query(&query, &[])
            .await
            .context("reading the tables")?;
        let mut tables = Vec::new();
        for row in rows {
            let (table, columns, kinds): (String, Vec<String>, Vec<String>) =
                (row.get(0), row.get(1), row.get(2));
            let copied = |(column, kind): (&String, &String)| match kind.as_str() {
                "" => format!("t.{column}"),
                kind => format!("t.{column} - {} + {base} + i * {STRIDE}", of(kind)),
            };
            let values: Vec<String> = columns.iter().zip(&kinds).map(copied).collect();
            // Rows belong to the goal by the key of the request, else of a run, else of the goal.
            let own = ["request", "run", "goal"].into_iter().find_map(|kind| {
                let at = kinds.iter().position(|other| other == kind)?;
                Some((columns.get(at)?.clone(), kind))
            });
            let Some((column, kind)) = own else { continue };
            let condition = match kind {
                "run" => format!(
                    "t.{column} in (select id from goalpost.workflow_runs where request_id = {})",
                    self.request
                ),
                kind => format!("t.{column} = {}", of(kind)),
            };
            tables.push((table, columns.join(", "), values.join(", "), condition));
        }
        Ok(tables)
    }

    /// Requires that copies have all steps, attempts and plans of their pattern, under existing runs.
    async fn check(&self, stage: &Stage, base: i64, copies: u64) -> anyhow::Result<()> {
        for table in ["steps", "step_attempts", "plan_revisions"] {
            let query = format!(
                "with of_pattern as (select count(*) as n from goalpost.{table} where run_id in
                                       (select id from goalpost.workflow_runs where request_id = {}))
                 select (select n from of_pattern) * {copies},
                        (select count(*) from goalpost.{table} t join goalpost.workflow_runs r on r.id = t.run_id
                          where t.run_id > {base})",
                self.request
            );
            let row = stage
                .owner
                .query_one(&query, &[])
                .await
                .context("checking the copies")?;
            let (expected, found): (i64, i64) = (row.get(0), row.get(1));
            ensure!(
                expected == found,
                "{expected} rows of {table} should have been copied, and {found} were"
            );
        }
        Ok(())
    }
}

/// Formats the figures as tables, with the growth from the first to the last level.
pub(crate) fn lines(screen: Screen, growth: &Growth) -> Vec<String> {
    let headings = [
        "FINISHED GOALS",
        "DATABASE MB",
        "CHAIN MS/STEP",
        "WAL B/STEP",
        "THROUGHPUT MS/STEP",
        "WAL B/STEP",
    ];
    let mut rows: Vec<Vec<String>> = growth.levels.iter().map(level_cells).collect();
    if let (Some(first), Some(last)) = (growth.levels.first(), growth.levels.last()) {
        let times = |of: fn(&Level) -> f64| format!("× {:.2}", of(last) / of(first));
        rows.push(vec![
            "last by first".to_owned(),
            String::new(),
            times(|level| level.chain.ms_per_step),
            times(|level| level.chain.wal_bytes_per_step),
            times(|level| level.throughput.ms_per_step),
            times(|level| level.throughput.wal_bytes_per_step),
        ]);
    }
    let mut lines = table::lines(screen, &headings, &rows);
    let Some(large) = &growth.large_goal else {
        return lines;
    };
    lines.push(String::new());
    lines.push(format!(
        "A goal of {} steps: {:.2} ms a step; {:.2} in its first tenth, {:.2} in its last; {:.0} bytes of WAL a step.",
        large.whole.steps,
        large.whole.ms_per_step,
        large.first_tenth_ms_per_step,
        large.last_tenth_ms_per_step,
        large.whole.wal_bytes_per_step,
    ));
    lines
}

fn level_cells(level: &Level) -> Vec<String> {
    vec![
        level.finished_goals.to_string(),
        (level.database_bytes / 1_000_000).to_string(),
        format!("{:.2}", level.chain.ms_per_step),
        format!("{:.0}", level.chain.wal_bytes_per_step),
        format!("{:.3}", level.throughput.ms_per_step),
        format!("{:.0}", level.throughput.wal_bytes_per_step),
    ]
}

/// Returns the figures as JSON.
pub(crate) fn in_json(growth: &Growth) -> serde_json::Value {
    json!({
        "workload": "growth", "levels": growth.levels, "large_goal": growth.large_goal,
        "large_goal_problem": growth.large_goal_problem,
    })
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
    fn slowdown_shows_in_last_tenth() {
        // 50 steps of 1 ms each, then 50 of 3 ms each, passed unordered.
        let mut ends: Vec<f64> = (1..=50).map(f64::from).collect();
        ends.extend((1..=50).map(|n| 50.0 + 3.0 * f64::from(n)));
        ends.reverse();
        let (first, last) = tenths(&ends);
        assert!(
            (first - 1.0).abs() < 1e-9 && (last - 3.0).abs() < 1e-9,
            "{first} {last}"
        );
        assert_eq!(tenths(&[]), (0.0, 0.0));
    }
}

//! Rows that a run left in the database, read once at its end.

use std::collections::BTreeMap;

use anyhow::Context;
use tokio_postgres::Client;
use uuid::Uuid;

/// Request, with the number of its goal.
#[derive(Debug)]
pub(super) struct RequestRow {
    pub(super) id: i64,
    pub(super) state: String,
    pub(super) has_ended: bool,
}

/// Run with its steps.
#[derive(Debug)]
pub(super) struct RunRow {
    pub(super) id: i64,
    pub(super) state: String,
    pub(super) steps: BTreeMap<String, StepRow>,
}

/// Step of a run.
#[derive(Debug)]
pub(super) struct StepRow {
    pub(super) state: String,
    pub(super) attempt: i32,
    pub(super) max_attempts: i32,
    pub(super) error_code: Option<String>,
    /// For a failed step: outcome, time and worker of each of its attempts.
    pub(super) history: Option<String>,
    /// Model answers in its journal, over all attempts.
    pub(super) booked_calls: i64,
}

/// Attempts by outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Attempts {
    /// Completed with a result.
    pub completed: i64,
    /// Failed with an error that the worker reported.
    pub failed: i64,
    /// Ended by the end of the lease.
    pub lost: i64,
    /// Ended by the time limit.
    pub timed_out: i64,
}

/// All rows of a run.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Requests by the number of the goal.
    pub(super) requests: BTreeMap<u64, RequestRow>,
    /// Runs by the number of the goal and its title; none: the run of the request itself.
    pub(super) runs: BTreeMap<(u64, Option<String>), RunRow>,
    pub(super) attempts: Attempts,
    /// All booked model answers, and those with an unexpected number of tokens.
    pub(super) booked_calls: i64,
    pub(super) odd_bookings: i64,
    pub(super) postgres_version: String,
    pub(super) analyses: Analyses,
}

/// Analyses of the workspace: requests without an idempotency key.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Analyses {
    /// Those that were started.
    pub started: i64,
    /// Those that ended with a result.
    pub answered: i64,
    /// Those that have not ended.
    pub open: i64,
    /// Improvements that they proposed.
    pub proposed: i64,
}

pub(super) async fn read(db: &Client, workspace: Uuid, tokens: (i64, i64)) -> anyhow::Result<Rows> {
    let workspace = workspace.to_string();
    let mut rows = Rows::default();
    read_requests(db, &workspace, &mut rows).await?;
    let names = read_runs(db, &workspace, &mut rows).await?;
    read_steps(db, &workspace, &names, &mut rows).await?;
    read_sums(db, &workspace, tokens, &mut rows).await?;
    rows.analyses = read_analyses(db, &workspace).await?;
    rows.postgres_version = db
        .query_one("show server_version", &[])
        .await
        .context("asking for Postgres' version")?
        .get(0);
    Ok(rows)
}

/// Returns the number of the goal from the request's idempotency key.
fn number_of(key: &str) -> u64 {
    super::shape::goal_number(key).unwrap_or(0)
}

async fn read_requests(db: &Client, workspace: &str, rows: &mut Rows) -> anyhow::Result<()> {
    let query = "select idempotency_key, id, state, ended_at is not null from goalpost.requests
                  where workspace_id = $1::text::uuid and idempotency_key is not null";
    for row in db
        .query(query, &[&workspace])
        .await
        .context("reading requests")?
    {
        let request = RequestRow {
            id: row.get(1),
            state: row.get(2),
            has_ended: row.get(3),
        };
        rows.requests.insert(number_of(row.get(0)), request);
    }
    Ok(())
}

async fn read_analyses(db: &Client, workspace: &str) -> anyhow::Result<Analyses> {
    let query = "select count(*), count(*) filter (where state = 'answered'), count(*) filter (where ended_at is null),
                        (select count(*) from goalpost.improvements i where i.workspace_id = $1::text::uuid)
                   from goalpost.requests where workspace_id = $1::text::uuid and idempotency_key is null";
    let row = db.query_one(query, &[&workspace]).await;
    let row = row.context("reading the analyses")?;
    Ok(Analyses {
        started: row.get(0),
        answered: row.get(1),
        open: row.get(2),
        proposed: row.get(3),
    })
}

type Name = (u64, Option<String>);

async fn read_runs(
    db: &Client,
    workspace: &str,
    rows: &mut Rows,
) -> anyhow::Result<BTreeMap<i64, Name>> {
    let query = "
        select q.idempotency_key, g.title, r.id, r.state
          from goalpost.workflow_runs r
          join goalpost.requests q on q.id = r.request_id
          left join goalpost.goals g on g.id = r.goal_id
         where r.workspace_id = $1::text::uuid and q.idempotency_key is not null";
    let mut names = BTreeMap::new();
    for row in db
        .query(query, &[&workspace])
        .await
        .context("reading runs")?
    {
        let name: Name = (number_of(row.get(0)), row.get(1));
        let run = RunRow {
            id: row.get(2),
            state: row.get(3),
            steps: BTreeMap::new(),
        };
        names.insert(run.id, name.clone());
        anyhow::ensure!(
            rows.runs.insert(name.clone(), run).is_none(),
            "goal {} has two runs of the name {:?}; the names of a run are not unique",
            name.0,
            name.1
        );
    }
    Ok(names)
}

async fn read_steps(
    db: &Client,
    workspace: &str,
    names: &BTreeMap<i64, Name>,
    rows: &mut Rows,
) -> anyhow::Result<()> {
    let query = "
        select s.run_id, s.key, s.state, s.attempt, s.max_attempts, s.error ->> 'code',
               (select count(*) from goalpost.step_turns t
                 where t.run_id = s.run_id and t.step_key = s.key and t.state = 'answered'),
               case when s.state = 'failed' then (
                 select string_agg(format('%s %s after %s s, at %s, by %s', a.attempt, a.outcome,
                                          round(extract(epoch from a.ended_at - a.started_at), 1),
                                          to_char(a.ended_at, 'HH24:MI:SS.MS'), a.worker), '; ' order by a.attempt)
                   from goalpost.step_attempts a where a.run_id = s.run_id and a.step_key = s.key) end
          from goalpost.steps s
         where s.workspace_id = $1::text::uuid";
    for row in db
        .query(query, &[&workspace])
        .await
        .context("reading steps")?
    {
        let step = StepRow {
            state: row.get(2),
            attempt: row.get(3),
            max_attempts: row.get(4),
            error_code: row.get(5),
            booked_calls: row.get(6),
            history: row.get(7),
        };
        let run = names
            .get(&row.get(0))
            .and_then(|name| rows.runs.get_mut(name));
        if let Some(run) = run {
            run.steps.insert(row.get(1), step);
        }
    }
    Ok(())
}

async fn read_sums(
    db: &Client,
    workspace: &str,
    (input, output): (i64, i64),
    rows: &mut Rows,
) -> anyhow::Result<()> {
    let query = "select outcome, count(*) from goalpost.step_attempts where workspace_id = $1::text::uuid group by outcome";
    for row in db
        .query(query, &[&workspace])
        .await
        .context("counting attempts")?
    {
        let count = row.get(1);
        match row.get(0) {
            "completed" => rows.attempts.completed = count,
            "failed" => rows.attempts.failed = count,
            "lost" => rows.attempts.lost = count,
            _ => rows.attempts.timed_out = count,
        }
    }
    let query = "
        select count(*), count(*) filter (where input_tokens <> $2 or output_tokens <> $3)
          from goalpost.usage_events u where workspace_id = $1::text::uuid and not u.is_estimate
           -- A refused call has no tokens, and one of unknown end has an estimate.
           and exists (select from goalpost.step_turns t
                        where t.run_id = u.run_id and t.step_key = u.step_key and t.number = u.number
                          and t.lease_epoch = u.lease_epoch and t.input_tokens > 0)";
    let row = db
        .query_one(query, &[&workspace, &input, &output])
        .await
        .context("summing usage")?;
    (rows.booked_calls, rows.odd_bookings) = (row.get(0), row.get(1));
    Ok(())
}

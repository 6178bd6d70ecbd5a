//! pg_cron's clock: runs the jobs of `cron.job` when they are due.
//!
//! The one thing to know: a job has one run at a time. Minutes that came due meanwhile are run one
//! after the other when it is done; intervals of seconds are not made up for.
//! `fidelity/pg_cron.md` has sources and differences.

mod run;
mod schedule;

use anyhow::Context as _;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use schedule::Schedule;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
};
use tokio_postgres::{Client, Config, NoTls};

/// How long the clock waits before it tries again when Postgres or the extension is not there.
const AWAY: Duration = Duration::from_millis(500);
/// How often the jobs are read while one of them counts in seconds.
const SECOND: Duration = Duration::from_secs(1);
/// A clock that jumped further than this runs no minutes in between.
const MINUTES_MADE_UP: i64 = 5;

/// Where jobs run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobDatabase {
    /// In the database that the job names, as the original.
    #[default]
    AsScheduled,
    /// In the clock's own database: a database cloned from a template has jobs that name the template.
    Own,
}

/// What can be set about the clock.
#[derive(Clone, Debug, Default)]
pub struct CronOptions {
    /// Where jobs run.
    pub job_database: JobDatabase,
}

/// A running clock. Dropping it ends it and the runs under way.
#[derive(Debug)]
pub struct CronClock {
    work: JoinHandle<()>,
    stop: watch::Sender<bool>,
    look: Arc<Notify>,
}

impl CronClock {
    /// Starts the clock for the jobs of one database, as a superuser. Jobs run as their own user,
    /// who logs in with the same password. Postgres need not be there yet.
    ///
    /// # Errors
    /// When the address cannot be read.
    pub fn start(database_url: &str, options: CronOptions) -> anyhow::Result<Self> {
        let mut database: Config = database_url
            .parse()
            .context("the database address of the pg_cron clock cannot be read")?;
        database.application_name("pg_cron scheduler");
        let (stop, stopping) = watch::channel(false);
        let look = Arc::new(Notify::new());
        let clock = Clock {
            database,
            options,
            stopping,
            look: Arc::clone(&look),
            states: HashMap::new(),
        };
        Ok(Self {
            work: tokio::spawn(clock.run()),
            stop,
            look,
        })
    }

    /// Makes the clock read the jobs now. Without it a first job in seconds is seen within a minute.
    pub fn look_again(&self) {
        self.look.notify_one();
    }

    /// Stops the clock and waits for the runs under way.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // An error means that it had ended already.
        let _ = (&mut self.work).await;
    }
}

impl Drop for CronClock {
    fn drop(&mut self) {
        self.work.abort();
    }
}

#[derive(Clone, Debug)]
struct Job {
    id: i64,
    schedule: Schedule,
    command: String,
    database: String,
    username: String,
}

/// What the clock remembers of a job between looks.
#[derive(Default)]
struct State {
    pending: u32,
    started_at: Option<DateTime<Utc>>,
    running: bool,
    started_at_start: bool,
}

struct Clock {
    database: Config,
    options: CronOptions,
    stopping: watch::Receiver<bool>,
    look: Arc<Notify>,
    states: HashMap<i64, State>,
}

impl Clock {
    async fn run(mut self) {
        let mut last_minute = minute_of(Utc::now());
        while !*self.stopping.borrow() {
            let mut runs = JoinSet::new();
            if let Err(error) = self.tick_while_connected(&mut last_minute, &mut runs).await {
                tracing::debug!(%error, "the pg_cron clock waits for Postgres");
                runs.shutdown().await;
                self.states
                    .values_mut()
                    .for_each(|state| state.running = false);
                tokio::select! {
                    () = tokio::time::sleep(AWAY) => {}
                    _ = self.stopping.changed() => {}
                }
            }
            while runs.join_next().await.is_some() {}
        }
    }

    async fn tick_while_connected(
        &mut self,
        last_minute: &mut DateTime<Utc>,
        runs: &mut JoinSet<Ended>,
    ) -> Result<(), tokio_postgres::Error> {
        let (records, connection) = self.database.connect(NoTls).await?;
        let _connection = tokio::spawn(connection);
        let records = Arc::new(records);
        run::fail_orphans(&records).await?;
        loop {
            let jobs = read_jobs(&records).await?;
            let now = Utc::now();
            self.count_due(&jobs, *last_minute, now);
            *last_minute = minute_of(now).max(*last_minute);
            self.start_pending(&jobs, now, &records, runs);
            let in_seconds = jobs
                .iter()
                .any(|job| matches!(job.schedule, Schedule::Every(_)));
            let pause = if in_seconds {
                SECOND.min(until_next_minute(now))
            } else {
                until_next_minute(now)
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.look.notified() => {}
                Some(ended) = runs.join_next() => self.end(ended)?,
                _ = self.stopping.changed() => return Ok(()),
            }
        }
    }

    fn count_due(&mut self, jobs: &[Job], last_minute: DateTime<Utc>, now: DateTime<Utc>) {
        self.states
            .retain(|id, state| state.running || jobs.iter().any(|job| job.id == *id));
        for job in jobs {
            let state = self.states.entry(job.id).or_default();
            match &job.schedule {
                Schedule::Every(interval) => {
                    let elapsed = state
                        .started_at
                        .is_none_or(|at| (now - at).to_std().is_ok_and(|e| e >= *interval));
                    state.pending = u32::from(elapsed && !state.running);
                }
                Schedule::Minutes(fields) => {
                    let due =
                        minutes_between(last_minute, now).filter(|minute| fields.include(*minute));
                    state.pending += u32::try_from(due.count()).unwrap_or_default();
                }
                Schedule::AtStart if !state.started_at_start => {
                    state.started_at_start = true;
                    state.pending += 1;
                }
                Schedule::AtStart => {}
            }
        }
    }

    fn start_pending(
        &mut self,
        jobs: &[Job],
        now: DateTime<Utc>,
        records: &Arc<Client>,
        runs: &mut JoinSet<Ended>,
    ) {
        for job in jobs {
            let state = self.states.entry(job.id).or_default();
            if state.running || state.pending == 0 {
                continue;
            }
            state.pending -= 1;
            state.running = true;
            state.started_at = Some(now);
            let (records, job, session) = (Arc::clone(records), job.clone(), self.session(job));
            runs.spawn(async move { (job.id, run::run(&records, session, &job).await) });
        }
    }

    fn end(
        &mut self,
        ended: Result<Ended, tokio::task::JoinError>,
    ) -> Result<(), tokio_postgres::Error> {
        // A run that panicked is not known by its job; the next connection clears it up.
        let Ok((id, recorded)) = ended else {
            return Ok(());
        };
        if let Some(state) = self.states.get_mut(&id) {
            state.running = false;
        }
        recorded
    }

    /// How the job's user logs in.
    fn session(&self, job: &Job) -> Config {
        let mut session = self.database.clone();
        session.user(&job.username).application_name("pg_cron");
        if self.options.job_database == JobDatabase::AsScheduled {
            session.dbname(&job.database);
        }
        session
    }
}

type Ended = (i64, Result<(), tokio_postgres::Error>);

async fn read_jobs(records: &Client) -> Result<Vec<Job>, tokio_postgres::Error> {
    let query = "select jobid, schedule, command, database, username from cron.job where active order by jobid";
    let mut jobs = Vec::new();
    for row in records.query(query, &[]).await? {
        let (id, text): (i64, String) = (row.try_get("jobid")?, row.try_get("schedule")?);
        let Some(schedule) = Schedule::read(&text) else {
            tracing::warn!(
                job_id = id,
                schedule = text,
                "a job has a schedule that cannot be read and is not run"
            );
            continue;
        };
        jobs.push(Job {
            id,
            schedule,
            command: row.try_get("command")?,
            database: row.try_get("database")?,
            username: row.try_get("username")?,
        });
    }
    Ok(jobs)
}

fn minute_of(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::minutes(1)).unwrap_or(time)
}

/// The minutes after `last` up to the one that `now` is in; after a long jump, that one only.
fn minutes_between(last: DateTime<Utc>, now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let minute = minute_of(now);
    let passed = (minute - last).num_minutes();
    let made_up = if passed > MINUTES_MADE_UP {
        1
    } else {
        passed.max(0)
    };
    (0..made_up)
        .rev()
        .map(move |back| minute - TimeDelta::minutes(back))
}

fn until_next_minute(now: DateTime<Utc>) -> Duration {
    let next = minute_of(now) + TimeDelta::minutes(1);
    (next - now).to_std().unwrap_or(SECOND)
}

#[cfg(test)]
mod tests;

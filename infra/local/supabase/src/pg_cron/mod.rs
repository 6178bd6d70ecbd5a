//! pg_cron's clock: runs the jobs of `cron.job` when they are due.
//!
//! A job has one run at a time. Minutes that came due meanwhile are run one after the other when it is done; missed
//! intervals of seconds are skipped. `fidelity/pg_cron.md` has sources and differences.

mod job;
mod run;
mod schedule;

use anyhow::Context as _;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use job::{Job, read_jobs};
use schedule::Schedule;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
};
use tokio_postgres::{Client, Config, NoTls};

/// The pause before another attempt while Postgres or the extension is missing.
const AWAY: Duration = Duration::from_millis(500);
/// The period for reading the jobs while one of them has a period in seconds.
const SECOND: Duration = Duration::from_secs(1);
/// After a larger jump of the clock, the minutes in between are not run.
const MAX_MISSED_MINUTES: i64 = 5;

/// The database in which jobs run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobDatabase {
    /// The database that the job names, as in the original.
    #[default]
    AsScheduled,
    /// The clock's own database: a database cloned from a template has jobs that name the template.
    Own,
}

/// Options of the clock.
#[derive(Clone, Debug, Default)]
pub struct CronOptions {
    /// The database in which jobs run.
    pub job_database: JobDatabase,
}

/// A running clock. Dropping it ends it and its running jobs.
#[derive(Debug)]
pub struct CronClock {
    work: JoinHandle<()>,
    stop: watch::Sender<bool>,
    read_now: Arc<Notify>,
}

impl CronClock {
    /// Starts the clock for the jobs of one database, as a superuser. Jobs run as their own user, who logs in with the
    /// same password. Postgres may start later.
    ///
    /// # Errors
    /// The address cannot be parsed.
    pub fn start(database_url: &str, options: CronOptions) -> anyhow::Result<Self> {
        let mut database: Config = database_url
            .parse()
            .context("the database address of the pg_cron clock cannot be read")?;
        database.application_name("pg_cron scheduler");
        let (stop, stopping) = watch::channel(false);
        let read_now = Arc::new(Notify::new());
        let clock = Clock {
            database,
            options,
            stopping,
            read_now: Arc::clone(&read_now),
            states: HashMap::new(),
        };
        Ok(Self {
            work: tokio::spawn(clock.run()),
            stop,
            read_now,
        })
    }

    /// Makes the clock read the jobs now. Without it a first job in seconds is noticed within a minute.
    pub fn read_jobs_now(&self) {
        self.read_now.notify_one();
    }

    /// Stops the clock and waits for the running jobs.
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

/// The state of a job between readings.
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
    read_now: Arc<Notify>,
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
                () = self.read_now.notified() => {}
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
        // A run that panicked cannot be assigned to its job; the next connection marks it as failed.
        let Ok((id, recorded)) = ended else {
            return Ok(());
        };
        if let Some(state) = self.states.get_mut(&id) {
            state.running = false;
        }
        recorded
    }

    /// Returns the connection settings for the job's user.
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

fn minute_of(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::minutes(1)).unwrap_or(time)
}

/// Returns the minutes after `last` up to the present one; after a long jump, only the present one.
fn minutes_between(last: DateTime<Utc>, now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let minute = minute_of(now);
    let passed = (minute - last).num_minutes();
    let missed = if passed > MAX_MISSED_MINUTES {
        1
    } else {
        passed.max(0)
    };
    (0..missed)
        .rev()
        .map(move |back| minute - TimeDelta::minutes(back))
}

fn until_next_minute(now: DateTime<Utc>) -> Duration {
    let next = minute_of(now) + TimeDelta::minutes(1);
    (next - now).to_std().unwrap_or(SECOND)
}

#[cfg(test)]
mod tests;

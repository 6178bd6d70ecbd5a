//! The callers of functions: pg_net's worker for wakes, pg_cron's clock and the schedules outside the database for
//! sweeps.
//!
//! Either of the two clocks alone finds all work. Tests leave them out, or stop them at some point, to observe wakes
//! alone, and the other way round.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::StackOptions;
use super::Switch;
use crate::binaries::FUNCTIONS;
use crate::lambda::Host;
use crate::pg_cron::{CronClock, CronOptions, JobDatabase};
use crate::pg_net::{PgNetOptions, PgNetWorker};
use crate::postgres::{SUPERUSER, Server};
use crate::schedule::{Rate, Schedule, Scheduler, Service};

/// The running callers; dropping one ends it.
pub(super) struct Callers {
    scheduler: Mutex<Option<Scheduler>>,
    cron: Mutex<Option<CronClock>>,
    pub(super) pg_net: Option<PgNetWorker>,
    superuser: String,
    /// A given server has the real extensions, workers included.
    is_ours: bool,
}

impl Callers {
    pub(super) async fn start(
        options: &StackOptions,
        server: &Server,
        database: &str,
        host: &Host,
    ) -> anyhow::Result<Self> {
        let mut callers = Self {
            scheduler: Mutex::default(),
            cron: Mutex::default(),
            pg_net: None,
            superuser: server.url(SUPERUSER, database),
            is_ours: server.program("psql").is_some(),
        };
        if options.pg_net == Switch::On && callers.is_ours {
            let options = PgNetOptions {
                pause: Duration::ZERO,
                faults: options.faults.clone(),
                ..PgNetOptions::default()
            };
            callers.pg_net = Some(PgNetWorker::start(&callers.superuser, options)?);
        }
        if options.cron == Switch::On {
            callers.start_cron()?;
        }
        if let Some(every) = options.outside_schedules {
            callers.start_schedules(host, every).await?;
        }
        Ok(callers)
    }

    /// Starts pg_cron's clock, unless it runs or the server has one of its own.
    pub(super) fn start_cron(&self) -> anyhow::Result<()> {
        let mut cron = held(&self.cron);
        if cron.is_none() && self.is_ours {
            let options = CronOptions {
                job_database: JobDatabase::Own,
            };
            *cron = Some(CronClock::start(&self.superuser, options)?);
        }
        Ok(())
    }

    /// Ends pg_cron's clock after the running jobs.
    pub(super) async fn stop_cron(&self) {
        let cron = held(&self.cron).take();
        if let Some(cron) = cron {
            cron.stop().await;
        }
    }

    /// Replaces the schedules: each function is woken with this period from outside the database.
    pub(super) async fn start_schedules(&self, host: &Host, every: Duration) -> anyhow::Result<()> {
        let scheduler = Scheduler::start(host, schedules(every)?).await?;
        *held(&self.scheduler) = Some(scheduler);
        Ok(())
    }

    /// Ends the schedules; running invocations continue.
    pub(super) fn stop_schedules(&self) {
        drop(held(&self.scheduler).take());
    }

    /// Ends both clocks.
    pub(super) async fn stop_clocks(&self) {
        self.stop_schedules();
        self.stop_cron().await;
    }

    /// Ends pg_net's worker after the present batch.
    pub(super) async fn stop_pg_net(&mut self) {
        if let Some(pg_net) = self.pg_net.take() {
            pg_net.stop().await;
        }
    }
}

fn held<T>(clock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    clock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the sweep from outside the database, for each function; the analyzer has no other clock.
fn schedules(every: Duration) -> anyhow::Result<Vec<Schedule>> {
    let rate = Rate::every(every)?;
    let schedule = |function: &&str| Schedule {
        name: format!("goalpost-{function}"),
        function: (*function).to_owned(),
        rate,
        service: Service::Scheduler,
    };
    Ok(FUNCTIONS.iter().map(schedule).collect())
}

//! What calls the functions: pg_net's worker for wakes, pg_cron's clock and the schedules outside the database for
//! sweeps.
//!
//! The one thing to know: either of the two clocks alone finds all work. Tests leave them out to see what wakes do,
//! and the other way round.

use std::time::Duration;

use super::{StackOptions, Switch};
use crate::binaries::FUNCTIONS;
use crate::lambda::Host;
use crate::pg_cron::{CronClock, CronOptions, JobDatabase};
use crate::pg_net::{PgNetOptions, PgNetWorker};
use crate::postgres::{SUPERUSER, Server};
use crate::schedule::{Rate, Schedule, Scheduler, Service};

/// Those that run; what is dropped ends.
pub(super) struct Callers {
    scheduler: Option<Scheduler>,
    cron: Option<CronClock>,
    pub(super) pg_net: Option<PgNetWorker>,
}

impl Callers {
    pub(super) async fn start(
        options: &StackOptions,
        server: &Server,
        database: &str,
        host: &Host,
    ) -> anyhow::Result<Self> {
        let superuser = server.url(SUPERUSER, database);
        // A given server has the real extensions, workers included.
        let is_ours = server.program("psql").is_some();
        let pg_net = match options.pg_net {
            Switch::On if is_ours => {
                let without_pause = PgNetOptions {
                    pause: Duration::ZERO,
                    ..PgNetOptions::default()
                };
                Some(PgNetWorker::start(&superuser, without_pause)?)
            }
            Switch::On | Switch::Off => None,
        };
        let cron = match options.cron {
            Switch::On if is_ours => Some(CronClock::start(
                &superuser,
                CronOptions {
                    job_database: JobDatabase::Own,
                },
            )?),
            Switch::On | Switch::Off => None,
        };
        let scheduler = match options.outside_schedules {
            Some(every) => Some(Scheduler::start(host, schedules(every)?).await?),
            None => None,
        };
        Ok(Self {
            scheduler,
            cron,
            pg_net,
        })
    }

    /// Ends both clocks; a job under way is waited for.
    pub(super) async fn stop_clocks(&mut self) {
        drop(self.scheduler.take());
        if let Some(cron) = self.cron.take() {
            cron.stop().await;
        }
    }

    /// Ends pg_net's worker after the batch under way.
    pub(super) async fn stop_pg_net(&mut self) {
        if let Some(pg_net) = self.pg_net.take() {
            pg_net.stop().await;
        }
    }
}

/// The sweep from outside the database, for each function; the analyzer has no other clock.
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

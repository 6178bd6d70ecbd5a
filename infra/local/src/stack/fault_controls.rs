//! Deliberate faults of a running stack: a crash of Postgres, a sweeper that stops.
//!
//! Nothing here repairs anything: the stack recovers by itself, as it would in production.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::{HeldServer, Stack};

impl Stack {
    /// Ends Postgres at once, without a checkpoint, and starts it again; returns the duration of its absence. Sessions
    /// break; uncommitted work is lost, and so is the content of unlogged tables: every wake that was not yet sent.
    ///
    /// # Errors
    /// The server is shared with other tests, or was given by `DATABASE_URL`; or it does not come back.
    pub async fn crash_postgres(&self) -> anyhow::Result<Duration> {
        let server = match &self.server {
            HeldServer::Kept(server) | HeldServer::Throwaway(server) => Arc::clone(server),
            HeldServer::Shared(_) => bail!(
                "other tests use this Postgres: start the stack with ServerChoice::Throwaway to crash it"
            ),
        };
        let crashed = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            server.crash()?;
            server.start_again()?;
            anyhow::Ok(began.elapsed())
        });
        crashed.await.context("crashing Postgres")?
    }

    /// Starts pg_cron's clock, if it does not run: the sweep from inside the database.
    ///
    /// # Errors
    /// The database's address cannot be read.
    pub fn start_cron(&self) -> anyhow::Result<()> {
        self.callers.start_cron()
    }

    /// Ends pg_cron's clock after the running jobs.
    pub async fn stop_cron(&self) {
        self.callers.stop_cron().await;
    }

    /// Starts schedules that wake each function with this period from outside the database.
    ///
    /// # Errors
    /// The period is zero.
    pub async fn start_schedules(&self, every: Duration) -> anyhow::Result<()> {
        self.callers.start_schedules(self.host(), every).await
    }

    /// Ends the schedules outside the database; running invocations continue.
    pub fn stop_schedules(&self) {
        self.callers.stop_schedules();
    }
}

//! What can be done to a running stack on purpose: a crash of Postgres, a sweeper that stops.
//!
//! The one thing to know: nothing here repairs anything. What comes back comes back by itself, as it would in
//! production.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::{HeldServer, Stack};

impl Stack {
    /// Ends Postgres at once, without a checkpoint, and starts it again; returns how long it was away. Sessions break,
    /// what was not committed is gone, and so is the content of unlogged tables: every wake that was not yet sent.
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

    /// Ends pg_cron's clock; a job under way is waited for.
    pub async fn stop_cron(&self) {
        self.callers.stop_cron().await;
    }

    /// Wakes each function so often from outside the database: the sweep from outside.
    ///
    /// # Errors
    /// The period is zero.
    pub async fn start_schedules(&self, every: Duration) -> anyhow::Result<()> {
        self.callers.start_schedules(self.host(), every).await
    }

    /// Ends the schedules outside the database; what they have invoked goes on.
    pub fn stop_schedules(&self) {
        self.callers.stop_schedules();
    }
}

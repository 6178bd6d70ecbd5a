//! pg_net's worker: sends the requests that `net.http_post` and its siblings queued, and stores the responses.
//!
//! A batch is one transaction, so its responses become visible only when the slowest of it is done, and a worker that
//! ends before that sends the whole batch again. No response of an endpoint causes a retry. `fidelity/pg_net.md` has
//! sources.

mod batch;
mod options;
mod send;

pub use options::PgNetOptions;

use crate::listener::{self, ListenerEvent};
use anyhow::Context as _;
use futures::{StreamExt as _, channel::mpsc::UnboundedReceiver};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::{sync::watch, task::JoinHandle};
use tokio_postgres::{Config, NoTls};

/// The pause before another attempt while Postgres or the extension is missing.
const AWAY: Duration = Duration::from_millis(200);

/// A running worker. Dropping it kills it, even in the middle of a batch.
#[derive(Debug)]
pub struct PgNetWorker {
    work: JoinHandle<()>,
    listening: JoinHandle<()>,
    stop: watch::Sender<bool>,
    wakes: Arc<AtomicU64>,
}

impl PgNetWorker {
    /// Starts the worker for one database, as a role with all rights in schema `net`. Postgres may start later.
    ///
    /// # Errors
    /// The address cannot be parsed or no HTTP client can be created.
    pub fn start(database_url: &str, options: PgNetOptions) -> anyhow::Result<Self> {
        let mut database: Config = database_url
            .parse()
            .context("the database address of the pg_net worker cannot be read")?;
        database.application_name("pg_net");
        let http = send::client()?;
        let (listening, events) = listener::listen(database.clone(), "pg_net_wake");
        let (stop, stopping) = watch::channel(false);
        let wakes = Arc::new(AtomicU64::new(0));
        let worker = Worker {
            wakes: Arc::clone(&wakes),
            database,
            options,
            http,
            events,
            stopping,
        };
        Ok(Self {
            work: tokio::spawn(worker.run()),
            listening,
            stop,
            wakes,
        })
    }

    /// Returns the number of notifications that woke it so far.
    #[must_use]
    pub fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Relaxed)
    }

    /// Ends the worker after the present batch.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // An error means that it had ended already.
        let _ = (&mut self.work).await;
    }

    /// Kills the worker, as a crash would: the present batch is rolled back and will be sent again.
    pub async fn kill(mut self) {
        self.work.abort();
        let _ = (&mut self.work).await;
    }
}

impl Drop for PgNetWorker {
    fn drop(&mut self) {
        self.work.abort();
        self.listening.abort();
    }
}

struct Worker {
    database: Config,
    options: PgNetOptions,
    http: reqwest::Client,
    events: UnboundedReceiver<ListenerEvent>,
    stopping: watch::Receiver<bool>,
    wakes: Arc<AtomicU64>,
}

impl Worker {
    async fn run(mut self) {
        // A wake that came before the listener would be lost.
        tokio::select! {
            _ = self.events.next() => {}
            _ = self.stopping.changed() => {}
        }
        while !*self.stopping.borrow() {
            if let Err(error) = self.work_while_connected().await {
                tracing::debug!(%error, "the pg_net worker waits for Postgres");
                self.wait(AWAY).await;
            }
        }
    }

    async fn work_while_connected(&mut self) -> Result<(), tokio_postgres::Error> {
        let (mut client, connection) = self.database.connect(NoTls).await?;
        let _connection = tokio::spawn(connection);
        // The first check needs no wake: there may be earlier requests.
        loop {
            while batch::work_off(&mut client, &self.http, &self.options).await? {
                self.wait(self.options.pause).await;
                if *self.stopping.borrow() {
                    return Ok(());
                }
            }
            tokio::select! {
                event = self.events.next() => match event {
                    Some(event) => self.count(&event),
                    None => return Ok(()),
                },
                _ = self.stopping.changed() => return Ok(()),
            }
            self.drop_queued_wakes();
        }
    }

    /// Waits for the pause, but not longer than until the next wake, or until the listener is connected again: wakes in
    /// between were lost.
    async fn wait(&mut self, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            event = self.events.next() => {
                if let Some(event) = event {
                    self.count(&event);
                }
                self.drop_queued_wakes();
            }
            _ = self.stopping.changed() => {}
        }
    }

    /// Drops queued wakes: many of them are one reason to check.
    fn drop_queued_wakes(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.count(&event);
        }
    }

    fn count(&self, event: &ListenerEvent) {
        if matches!(event, ListenerEvent::Notification(_)) {
            self.wakes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

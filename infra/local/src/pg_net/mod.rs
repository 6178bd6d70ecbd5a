//! pg_net's worker: sends what `net.http_post` and its sisters queued, and stores what came back.
//!
//! The one thing to know: a batch is one transaction, so its answers can be seen only when the
//! slowest of it is done, and a worker that dies before that sends the whole batch again.
//! Nothing is ever retried because of what an endpoint answered. `fidelity/pg_net.md` has sources.

mod batch;
mod send;

use crate::fault_hook::FaultHook;
use crate::listener::{self, Heard};
use anyhow::Context as _;
use futures::{StreamExt as _, channel::mpsc::UnboundedReceiver};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::{sync::watch, task::JoinHandle};
use tokio_postgres::{Config, NoTls};

/// How long the worker waits before it tries again when Postgres or the extension is not there.
const AWAY: Duration = Duration::from_millis(200);

/// What can be set about the worker; the defaults are the original's.
#[derive(Clone, Debug)]
pub struct PgNetOptions {
    /// The most requests of one batch.
    pub batch_size: i32,
    /// How long responses are kept.
    pub ttl: Duration,
    /// The pause after each batch; a wake ends it early. Zero sends as fast as endpoints answer.
    pub pause: Duration,
    /// Decides how wakes travel; none: all are sent. Requests that are no wakes of ours are never touched.
    pub faults: Option<Arc<dyn FaultHook>>,
}

impl Default for PgNetOptions {
    fn default() -> Self {
        Self {
            batch_size: 200,
            ttl: Duration::from_secs(6 * 3600),
            pause: Duration::from_secs(1),
            faults: None,
        }
    }
}

/// A running worker. Dropping it kills it, in the middle of a batch if need be.
#[derive(Debug)]
pub struct PgNetWorker {
    work: JoinHandle<()>,
    listening: JoinHandle<()>,
    stop: watch::Sender<bool>,
    wakes: Arc<AtomicU64>,
}

impl PgNetWorker {
    /// Starts the worker for one database, as a role that may do everything in schema `net`.
    /// Postgres need not be there yet.
    ///
    /// # Errors
    /// When the address cannot be read or no HTTP client can be made.
    pub fn start(database_url: &str, options: PgNetOptions) -> anyhow::Result<Self> {
        let mut database: Config = database_url
            .parse()
            .context("the database address of the pg_net worker cannot be read")?;
        database.application_name("pg_net");
        let http = send::client()?;
        let (listening, heard) = listener::listen(database.clone(), "pg_net_wake");
        let (stop, stopping) = watch::channel(false);
        let wakes = Arc::new(AtomicU64::new(0));
        let worker = Worker {
            wakes: Arc::clone(&wakes),
            database,
            options,
            http,
            heard,
            stopping,
        };
        Ok(Self {
            work: tokio::spawn(worker.run()),
            listening,
            stop,
            wakes,
        })
    }

    /// How often it was woken by a notification so far.
    #[must_use]
    pub fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Relaxed)
    }

    /// Ends the worker after the batch under way.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // An error means that it had ended already.
        let _ = (&mut self.work).await;
    }

    /// Kills the worker, as a crash would: the batch under way is rolled back and will be sent again.
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
    heard: UnboundedReceiver<Heard>,
    stopping: watch::Receiver<bool>,
    wakes: Arc<AtomicU64>,
}

impl Worker {
    async fn run(mut self) {
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
        // The first look needs no wake: there may be requests from before.
        loop {
            while batch::work_off(&mut client, &self.http, &self.options).await? {
                self.wait(self.options.pause).await;
                if *self.stopping.borrow() {
                    return Ok(());
                }
            }
            tokio::select! {
                heard = self.heard.next() => match heard {
                    Some(heard) => self.count(&heard),
                    None => return Ok(()),
                },
                _ = self.stopping.changed() => return Ok(()),
            }
            self.forget_wakes();
        }
    }

    /// Waits, but not longer than until the next wake.
    async fn wait(&mut self, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        let heard = &mut self.heard;
        let wake = async {
            // That the listener is connected wakes nobody: whoever waits here looks again anyway.
            while let Some(Heard::Connected) = heard.next().await {}
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = wake => {
                self.wakes.fetch_add(1, Ordering::Relaxed);
                self.forget_wakes();
            }
            _ = self.stopping.changed() => {}
        }
    }

    /// Many wakes are one reason to look.
    fn forget_wakes(&mut self) {
        while let Ok(heard) = self.heard.try_recv() {
            self.count(&heard);
        }
    }

    fn count(&self, heard: &Heard) {
        if matches!(heard, Heard::Notification(_)) {
            self.wakes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

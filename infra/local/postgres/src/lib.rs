//! The database of the local stack: a real Postgres 18, set up like a hosted project's.
//!
//! [`Server::start`] fetches it, creates a cluster, and starts it under a watcher that stops it when this process ends
//! in any way. `DATABASE_URL` names a server to use instead. Migrations run as `postgres`, which is not a superuser,
//! exactly as on a hosted project; `supabase_admin` is the superuser in both.
//!
//! The crate also has the folder that all parts of the stack keep their state in ([`home`]), and the reports of slow
//! work ([`progress`]): the server is the first to need both.

mod address;
pub mod builtin_runbooks;
mod cluster;
pub mod database;
mod extensions;
mod folder;
mod given;
pub mod home;
pub mod migrations;
pub mod pgtap;
pub mod progress;
mod running;
pub mod schemas;
pub mod seed;
mod source_lines;
pub mod statements;
mod test_cluster;
mod wheel;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use tokio::sync::OnceCell;

pub use address::{Address, SUPERUSER};
pub use wheel::Binaries;

use crate::home::{Home, Lock};
use crate::progress::Progress;
use cluster::Cluster;
use running::Running;

/// The database port of `supabase start`; another one is taken if it is not free.
const STACK_PORT: u16 = 54322;

/// The purpose of a server, which decides the place and the lifetime of its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The stack of `goalpost up`: one per home, its data stays.
    Stack,
    /// Tests: a cluster for this process alone, removed when the process ends.
    Tests,
}

/// A running server. Dropping it (or ending the process in any way) stops it.
#[derive(Debug)]
pub struct Server {
    home: Home,
    address: Address,
    own: Option<Own>,
    template: OnceCell<String>,
}

/// The parts of the stack's own server. The fields are dropped in this order: the lock last.
#[derive(Debug)]
struct Own {
    running: Mutex<Running>,
    cluster: Cluster,
    _lock: Lock,
}

impl Server {
    /// Starts a server and sets up missing parts, or connects to the one that `DATABASE_URL` names.
    ///
    /// # Errors
    /// As [`Server::start_with`].
    pub async fn start(home: &Home, purpose: Purpose, progress: &Progress) -> anyhow::Result<Self> {
        Self::start_with(home, purpose, &[], progress).await
    }

    /// Starts a server as [`Server::start`] with settings (`name=value`) beside the usual ones. A server that
    /// `DATABASE_URL` names keeps its own.
    ///
    /// # Errors
    /// The cause that keeps it from running, with advice: no way to fetch it, another process that runs the stack, a
    /// log with the reason why Postgres ended, a missing extension of a given server.
    pub async fn start_with(
        home: &Home,
        purpose: Purpose,
        settings: &[String],
        progress: &Progress,
    ) -> anyhow::Result<Self> {
        if let Some(url) = std::env::var("DATABASE_URL")
            .ok()
            .filter(|url| !url.is_empty())
        {
            let phase = progress.phase("Looking at the server of DATABASE_URL");
            let server = Self::given(home.clone(), given::check(&url).await?);
            phase.done();
            return Ok(server);
        }
        if let Some(notice) = home.notice() {
            progress.print(notice);
        }
        let (home, progress, settings) = (home.clone(), progress.clone(), settings.to_vec());
        let started = tokio::task::spawn_blocking(move || {
            Self::start_own(&home, purpose, settings, &progress)
        });
        started.await.context("starting Postgres was interrupted")?
    }

    /// Returns the server that all tests of this process share: the first call starts it, and it stops when the process
    /// ends.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn shared_by_tests() -> anyhow::Result<&'static Self> {
        static SHARED: OnceCell<Server> = OnceCell::const_new();
        let start = async || Self::start(&Home::open()?, Purpose::Tests, &Progress::quiet()).await;
        SHARED.get_or_try_init(start).await
    }

    fn start_own(
        home: &Home,
        purpose: Purpose,
        settings: Vec<String>,
        progress: &Progress,
    ) -> anyhow::Result<Self> {
        let binaries = wheel::ensure(home, progress)?;
        let extensions = extensions::ensure(home, progress)?;
        let place = match purpose {
            Purpose::Stack => Place::of_stack(home)?,
            Purpose::Tests => Place::of_tests(home)?,
        };
        let cluster = Cluster {
            home: home.clone(),
            binaries,
            extensions,
            data: place.data,
            log: place.log,
            doomed: place.doomed,
            settings,
        };
        let phase = progress.phase("Starting Postgres");
        let password = cluster.make()?;
        let running = cluster.start(place.wanted_port)?;
        phase.done();
        let address = Address::local(running.port, password);
        if purpose == Purpose::Stack {
            address.record(home)?;
        }
        let own = Own {
            running: Mutex::new(running),
            cluster,
            _lock: place.lock,
        };
        Ok(Self {
            own: Some(own),
            ..Self::given(home.clone(), address)
        })
    }

    fn given(home: Home, address: Address) -> Self {
        Self {
            home,
            address,
            own: None,
            template: OnceCell::new(),
        }
    }

    /// Returns a connection string for a role and a database. The roles that log in are `supabase_admin` (superuser),
    /// `postgres`, `authenticator` and `supabase_storage_admin`; the others are reached with `set role`.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        self.address.url(role, database)
    }

    /// Returns the superuser: [`SUPERUSER`], or the role that `DATABASE_URL` names.
    #[must_use]
    pub fn superuser(&self) -> &str {
        self.address.superuser()
    }

    /// Returns the port it listens on, on 127.0.0.1 unless `DATABASE_URL` has another host.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the home it was started from.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Returns one of the server's programs (`psql`, `pg_dump`, `pgbench`), if this is the stack's own server.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        self.own
            .as_ref()
            .map(|own| own.cluster.binaries.program(name))
    }

    /// Opens a session. It ends when the client is dropped.
    ///
    /// # Errors
    /// The server does not answer, or refuses the role or the database.
    pub async fn connect(
        &self,
        role: &str,
        database: &str,
    ) -> anyhow::Result<tokio_postgres::Client> {
        self.address.connect(role, database).await
    }

    /// Returns true if the server still runs; for a given server, that it did at the start.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.with_running(Running::is_running).unwrap_or(true)
    }

    /// Ends all sessions, writes all data, and waits until the server has ended. A given server stays.
    ///
    /// # Errors
    /// It does not end in time.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.with_running(Running::stop).unwrap_or(Ok(()))
    }

    /// Ends the server at once, as a power cut would. Crashing a given server is an error.
    ///
    /// # Errors
    /// A given server, or one that does not end in time.
    pub fn crash(&self) -> anyhow::Result<()> {
        match self.with_running(Running::crash) {
            Some(crashed) => crashed,
            None => {
                bail!("the server of DATABASE_URL is not ours to crash: unset it for this test")
            }
        }
    }

    /// Starts a stopped or crashed server again, with its data and on its port.
    ///
    /// # Errors
    /// It still runs, its port was taken meanwhile, or it is a given server.
    pub fn start_again(&self) -> anyhow::Result<()> {
        let Some(own) = &self.own else {
            bail!("the server of DATABASE_URL is not ours to start")
        };
        let mut running = own.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_running() {
            bail!("Postgres is running already (port {})", running.port);
        }
        let again = own.cluster.start(Some(running.port))?;
        if again.port != running.port {
            bail!(
                "the port {} was taken by another program while Postgres was down",
                running.port
            );
        }
        *running = again;
        Ok(())
    }

    fn is_own(&self) -> bool {
        self.own.is_some()
    }

    fn with_running<T>(&self, act: impl FnOnce(&mut Running) -> T) -> Option<T> {
        let own = self.own.as_ref()?;
        Some(act(&mut own
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Drop for Own {
    /// Removes the folder, since a server that had crashed has no watcher left to do so.
    fn drop(&mut self) {
        let running = self
            .running
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        running.end_with_owner();
        if let Some(doomed) = &self.cluster.doomed {
            let _ = std::fs::remove_dir_all(doomed);
        }
    }
}

/// The folder of a cluster, and the lock that reserves it.
struct Place {
    data: PathBuf,
    log: PathBuf,
    doomed: Option<PathBuf>,
    wanted_port: Option<u16>,
    lock: Lock,
}

impl Place {
    fn of_stack(home: &Home) -> anyhow::Result<Self> {
        let Some(lock) = home.try_lock("postgres-data")? else {
            bail!(
                "the local stack's database is already in use by another process. `cargo goalpost status` \
                 shows the stack that is running, `cargo goalpost down` stops it."
            );
        };
        Ok(Self {
            data: home.data(),
            log: home.logs().join("postgres.log"),
            doomed: None,
            wanted_port: Some(
                Address::recorded(home)?.map_or(STACK_PORT, |address| address.port()),
            ),
            lock,
        })
    }

    fn of_tests(home: &Home) -> anyhow::Result<Self> {
        let (folder, lock) = test_cluster::claim(home)?;
        Ok(Self {
            data: folder.join("data"),
            log: folder.join("postgres.log"),
            doomed: Some(folder),
            wanted_port: None,
            lock,
        })
    }
}

#[cfg(test)]
mod tests;

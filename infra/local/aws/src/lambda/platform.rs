//! State that all functions of one host share.
//!
//! It includes the signal of a change, so that tests and `goalpost status` can wait for a state instead of for a time.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use secrecy::SecretString;
use tokio::sync::watch;

use super::{config::HostConfig, guard::Guard, logs::Logs};

pub(super) struct Platform {
    pub(super) region: String,
    pub(super) account_id: String,
    pub(super) session_token: SecretString,
    pub(super) init_timeout: Duration,
    pub(super) event_retry_pauses: Vec<Duration>,
    pub(super) runtime_api: SocketAddr,
    pub(super) logs: Arc<Logs>,
    guard: Mutex<Guard>,
    changes: watch::Sender<u64>,
}

impl Platform {
    pub(super) fn new(config: &HostConfig, runtime_api: SocketAddr) -> anyhow::Result<Self> {
        use anyhow::Context;
        let guard = Guard::start().context(
            "/bin/sh could not be started; the Lambda host needs it to end its functions",
        )?;
        Ok(Self {
            region: config.region.clone(),
            account_id: config.account_id.clone(),
            session_token: config.session_token.clone(),
            init_timeout: config.init_timeout,
            event_retry_pauses: config.event_retry_pauses.clone(),
            runtime_api,
            logs: Arc::new(Logs::open(config.log_folder.clone())?),
            guard: Mutex::new(guard),
            changes: watch::Sender::new(0),
        })
    }

    /// Returns the process group in which sandboxes end with the host.
    pub(super) fn sandbox_group(&self) -> io::Result<i32> {
        self.guard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .group()
    }

    pub(super) fn kill_sandboxes(&self) {
        self.guard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .kill_group();
    }

    pub(super) fn announce_change(&self) {
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn arn(&self, function: &str) -> String {
        format!(
            "arn:aws:lambda:{}:{}:function:{function}",
            self.region, self.account_id
        )
    }
}

//! State that the provider and the receiver of webhooks share.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::effects::Effects;
use crate::faults::Faults;

/// Tokens of every model answer.
pub(in crate::chaos) const TOKENS: (i64, i64) = (100, 10);

/// Shared state of both servers.
#[derive(Clone)]
pub(super) struct SharedState {
    pub(super) seed: u64,
    pub(super) faults: Faults,
    pub(super) effects: Arc<Mutex<Effects>>,
    pub(super) answers: Arc<AtomicU64>,
    pub(super) port: u16,
}

impl SharedState {
    pub(super) fn effects(&self) -> MutexGuard<'_, Effects> {
        self.effects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn effect_url(&self) -> String {
        format!("http://{}/effect", host(self.port))
    }
}

pub(super) fn host(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

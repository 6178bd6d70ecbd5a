//! An event on its way to a sandbox, and the request for work it travels through.
//!
//! The one thing to know: both tidy up when they are dropped, because either may end at any moment: the
//! process is killed, its connection breaks, the host stops.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    dispatch::Function,
    ids::{RequestId, SandboxId},
    state::PollId,
};

/// An event on its way into a sandbox. Dropped before it was delivered, it goes back to the queue:
/// the connection it was meant for is gone, and the function has not seen it.
pub(super) struct Handover {
    pub(super) function: Arc<Function>,
    pub(super) sandbox: SandboxId,
    pub(super) is_settled: bool,
    pub(super) request: RequestId,
    pub(super) payload: Bytes,
    pub(super) deadline_epoch_ms: u128,
}

/// A sandbox's open request for work. Its end, however it comes, takes it off the list of idle
/// polls: a killed process must not be counted as idle, or no other would ever be started.
pub(super) struct Poll {
    pub(super) function: Arc<Function>,
    pub(super) sandbox: SandboxId,
    pub(super) id: PollId,
    pub(super) handover: oneshot::Receiver<Handover>,
}

impl Handover {
    /// The connection has taken the event; from here on the function may have seen it.
    pub(super) fn delivered(&mut self) {
        self.is_settled = true;
        self.function.look(|state| {
            if let Some(running) = state.running.get_mut(&self.request) {
                running.delivered = true;
            }
        });
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        if !self.is_settled {
            self.function.not_delivered(self.sandbox, self.request);
        }
    }
}

impl Poll {
    /// Waits for work. `None`: the host is stopping.
    pub(super) async fn work(&mut self) -> Option<Handover> {
        (&mut self.handover).await.ok()
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        self.function.close_poll(self.sandbox, self.id);
    }
}

//! An event on its way to a sandbox, and the request for work it travels through.
//!
//! Both clean up when they are dropped, because either may end at any moment: the process is killed, its connection
//! breaks, the host stops.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::ids::{PollId, RequestId, SandboxId};

/// The function that events and polls belong to, and that they report their end to.
pub(super) trait Owner: Send + Sync {
    /// Records that the sandbox may have received the event.
    fn record_delivery(&self, request: RequestId);
    /// Returns an event to the queue unless its delivery was recorded.
    fn requeue_undelivered(self: Arc<Self>, sandbox: SandboxId, request: RequestId);
    /// Removes a poll from the open ones.
    fn close_poll(self: Arc<Self>, sandbox: SandboxId, poll: PollId);
}

/// An event on its way into a sandbox. Dropped before delivery, it returns to the queue: its connection is closed, and
/// the function has not received it.
pub(super) struct Handover {
    pub(super) owner: Arc<dyn Owner>,
    pub(super) sandbox: SandboxId,
    pub(super) is_settled: bool,
    pub(super) request: RequestId,
    pub(super) payload: Bytes,
    pub(super) deadline_epoch_ms: u128,
}

/// A sandbox's open request for work. Its end in any way removes it from the list of idle polls: a killed process
/// counted as idle would keep others from being started.
pub(super) struct Poll {
    pub(super) owner: Arc<dyn Owner>,
    pub(super) sandbox: SandboxId,
    pub(super) id: PollId,
    pub(super) handover: oneshot::Receiver<Handover>,
}

impl Handover {
    /// Records that the connection has taken the event; from here on the function may have received it.
    pub(super) fn delivered(&mut self) {
        self.is_settled = true;
        self.owner.record_delivery(self.request);
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        if !self.is_settled {
            Arc::clone(&self.owner).requeue_undelivered(self.sandbox, self.request);
        }
    }
}

impl Poll {
    /// Waits for work. `None` if the host is stopping.
    pub(super) async fn work(&mut self) -> Option<Handover> {
        (&mut self.handover).await.ok()
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        Arc::clone(&self.owner).close_poll(self.sandbox, self.id);
    }
}

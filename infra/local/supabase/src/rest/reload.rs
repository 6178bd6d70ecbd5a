//! Reads the schema again when it has changed.

use super::{pool::database, shared::Shared};
use crate::listener;
use futures::StreamExt as _;
use std::sync::Arc;

/// Clears the cached signatures, and makes postrust read the schema again, whenever `pgrst` is notified or the
/// connection was (re)opened: a notification may have been missed.
pub(super) fn reload_on_notification(shared: Arc<Shared>) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let Ok(database) = database(&shared.config) else {
            return;
        };
        let (listening, mut events) = listener::listen(database, "pgrst");
        let _listening = AbortOnDrop(listening);
        // Also for the first connection: requests are served before it listens, and the schema may have changed since
        // they were cached.
        while events.next().await.is_some() {
            shared.routines.clear();
            shared.tables.reload().await;
        }
    })
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

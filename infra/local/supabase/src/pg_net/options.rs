//! Options of pg_net's worker.

use local_fault_hook::FaultHook;
use std::sync::Arc;
use std::time::Duration;

/// Options of the worker; the defaults are the original's.
#[derive(Clone, Debug)]
pub struct PgNetOptions {
    /// The largest number of requests in one batch.
    pub batch_size: i32,
    /// The retention of responses.
    pub ttl: Duration,
    /// The pause after each batch; a wake ends it early. Zero sends as fast as endpoints answer.
    pub pause: Duration,
    /// Decides how wakes travel; none: all are sent. Requests that are not wakes of the engine are never changed.
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

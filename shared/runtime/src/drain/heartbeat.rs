//! Renews the leases of all steps in flight, and stops the steps whose lease was lost.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::{Lease, Store};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// `heartbeat_steps` takes no more at once.
const MAX_LEASES_PER_CALL: usize = 100;

/// The leases in flight, shared between the drain and its heartbeat.
#[derive(Clone, Default)]
pub(crate) struct Leases {
    held: Arc<Mutex<HashMap<Lease, Held>>>,
    calls: Arc<AtomicUsize>,
}

struct Held {
    /// The time until which the lease certainly holds, counted from before the call that renewed it.
    until: Instant,
    /// Stops the step's work; of no effect once that has ended.
    work: AbortHandle,
}

impl Leases {
    pub(crate) fn insert(&self, lease: Lease, until: Instant, work: AbortHandle) {
        self.lock().insert(lease, Held { until, work });
    }

    pub(crate) fn remove(&self, lease: &Lease) {
        self.lock().remove(lease);
    }

    /// Returns true while this worker may assume that it holds the lease.
    pub(crate) fn is_held(&self, lease: &Lease) -> bool {
        let held = self.lock();
        held.get(lease)
            .is_some_and(|held| held.until > Instant::now())
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn snapshot(&self) -> Vec<Lease> {
        self.lock().keys().cloned().collect()
    }

    fn renew(&self, lease: &Lease, until: Instant) {
        if let Some(held) = self.lock().get_mut(lease) {
            held.until = until;
        }
    }

    fn abort(&self, lease: &Lease) -> bool {
        let Some(held) = self.lock().remove(lease) else {
            return false;
        };
        held.work.abort();
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Lease, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running heartbeat. Dropping it ends it.
pub(crate) struct Heartbeat {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Heartbeat {
    /// Starts renewing each third of a lease. Lost leases are reported through `lost`, after their work was aborted.
    pub(crate) fn start(
        store: &Store,
        leases: Leases,
        lease_seconds: u32,
        lost: mpsc::UnboundedSender<Lease>,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let store = store.clone();
        let thread = tokio::task::spawn_blocking(move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    tracing::error!(%error, "no heartbeat: leases end after {lease_seconds} seconds");
                    return;
                }
            };
            runtime.block_on(async move {
                tokio::select! {
                    _ = stopped => {}
                    () = beat(store, leases, lease_seconds, lost) => {}
                }
            });
            // Without waiting for a name lookup that may be under way.
            runtime.shutdown_background();
        });
        Self { stop, thread }
    }

    /// Ends the heartbeat and waits until its thread is gone: a frozen sandbox must not wake up in the middle of a
    /// call.
    pub(crate) async fn end(self) {
        drop(self.stop);
        let _ = self.thread.await;
    }
}

async fn beat(
    store: Store,
    leases: Leases,
    lease_seconds: u32,
    lost: mpsc::UnboundedSender<Lease>,
) {
    let length = Duration::from_secs(lease_seconds.into());
    let period = length / 3;
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Most drains end before the first beat; only a longer one pays for the connection.
    let mut connected = None;
    loop {
        ticks.tick().await;
        let store = connected.get_or_insert_with(|| store.with_own_connections());
        let in_flight = leases.snapshot();
        for some in in_flight.chunks(MAX_LEASES_PER_CALL) {
            for lease in renew(store, &leases, some, lease_seconds, length).await {
                if leases.abort(&lease) {
                    let _ = lost.send(lease);
                }
            }
        }
    }
}

/// Renews these leases and returns the lost ones. While the database does not answer, a lease counts as lost from the
/// moment it must have ended: another worker may have the step by then.
async fn renew(
    store: &Store,
    leases: &Leases,
    some: &[Lease],
    lease_seconds: u32,
    length: Duration,
) -> Vec<Lease> {
    let until = Instant::now() + length;
    leases.calls.fetch_add(1, Ordering::Relaxed);
    // A beat that runs past the next one would delay noticing other leases that ended.
    let call = store.heartbeat_steps(some, lease_seconds);
    let reply = tokio::time::timeout(length / 3, call).await;
    let Ok(Ok(reply)) = reply else {
        let reason = reply.map_or_else(
            |_| "no answer in time".to_owned(),
            |result| {
                result
                    .err()
                    .map_or_else(String::new, |error| error.to_string())
            },
        );
        tracing::warn!(reason, "leases could not be renewed");
        return some
            .iter()
            .filter(|lease| !leases.is_held(lease))
            .cloned()
            .collect();
    };
    let is_held = |lease: &&Lease| {
        reply.iter().any(|answer| {
            answer.held && answer.run_id == lease.run_id && answer.step_key == lease.step_key
        })
    };
    let (held, lost): (Vec<&Lease>, Vec<&Lease>) = some.iter().partition(is_held);
    for lease in held {
        leases.renew(lease, until);
    }
    lost.into_iter().cloned().collect()
}

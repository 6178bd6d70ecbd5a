//! Figures about each function, for `goalpost status` and for tests.
//!
//! They are a snapshot under the function's lock, so they agree with each other.

use std::time::Duration;

use super::{dispatch::Function, ids::SandboxId};

/// Figures about one function.
#[derive(Clone, Debug)]
pub struct FunctionStats {
    /// Its name.
    pub name: String,
    /// Its sandboxes, oldest first.
    pub sandboxes: Vec<SandboxStats>,
    /// Synchronous invocations that wait for a sandbox.
    pub waiting_callers: usize,
    /// `Event` invocations that wait for a sandbox (not those in a pause between attempts).
    pub waiting_events: usize,
    /// Invocations under way.
    pub running: usize,
    /// Invocations that ended in any way.
    pub invocations: u64,
    /// Those of them that ended in a function error.
    pub errors: u64,
    /// Those that reached their time limit, and sandboxes that did not poll again after their answer.
    pub timeouts: u64,
    /// Invocations refused because all sandboxes were busy.
    pub throttles: u64,
    /// Sandboxes that sent their first request for work.
    pub cold_starts: u64,
    /// Events given up after their last attempt.
    pub events_dropped: u64,
    /// The time from starting the newest ready sandbox to its first request for work.
    pub last_init: Duration,
}

/// One sandbox.
#[derive(Clone, Copy, Debug)]
pub struct SandboxStats {
    /// Its id.
    pub id: SandboxId,
    /// Its process.
    pub process_id: i32,
    /// True until its first request for work.
    pub is_starting: bool,
    /// True while it waits for work.
    pub is_idle: bool,
    /// True while it is stopped for lack of work.
    pub is_frozen: bool,
    /// The number of its open requests for work.
    pub open_polls: usize,
    /// The number of its invocations.
    pub running: usize,
}

impl FunctionStats {
    /// Returns the number of sandboxes that wait for work.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.sandboxes
            .iter()
            .filter(|sandbox| sandbox.is_idle)
            .count()
    }
}

impl Function {
    pub(super) fn stats(&self) -> FunctionStats {
        self.read(|state| {
            let mut sandboxes: Vec<_> = state
                .sandboxes
                .iter()
                .filter(|(_, s)| !s.is_ending)
                .collect();
            sandboxes.sort_by_key(|(_, s)| s.spawned);
            FunctionStats {
                name: self.config.name.clone(),
                sandboxes: sandboxes
                    .into_iter()
                    .map(|(id, s)| SandboxStats {
                        id: *id,
                        process_id: s.pid.as_raw(),
                        is_starting: s.is_starting,
                        is_idle: s.is_idle(),
                        is_frozen: s.is_frozen,
                        open_polls: s.polls.len(),
                        running: s.running,
                    })
                    .collect(),
                waiting_callers: state.callers.len(),
                waiting_events: state.events.len(),
                running: state.running.len(),
                invocations: state.counters.invocations,
                errors: state.counters.errors,
                timeouts: state.counters.timeouts,
                throttles: state.counters.throttles,
                cold_starts: state.counters.cold_starts,
                events_dropped: state.counters.events_dropped,
                last_init: state.counters.last_init,
            }
        })
    }

    /// Returns true if any process is left, those that are ending included.
    pub(super) fn has_processes(&self) -> bool {
        self.read(|state| !state.sandboxes.is_empty())
    }
}

//! Counts of a drain.

use std::collections::HashSet;

use store::{Lease, Outcome};

/// The counts of a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DrainReport {
    /// Steps claimed.
    pub claimed: usize,
    /// Outcomes that counted: completed.
    pub completed: usize,
    /// Outcomes that counted: failed, for good or for this attempt.
    pub failed: usize,
    /// Outcomes that counted: waiting.
    pub waiting: usize,
    /// Outcomes that counted: released unfinished.
    pub released: usize,
    /// Steps whose lease was lost.
    pub lost: usize,
    /// Steps whose outcome could not be reported; the sweep reclaims them.
    pub abandoned: usize,
    /// Calls of the database, heartbeats included, each counted once however often it was repeated.
    pub rpc_calls: usize,
}

/// The counts, with each lost lease once, whichever part noticed it first.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) report: DrainReport,
    lost: HashSet<Lease>,
}

impl Counts {
    pub(crate) fn accepted(&mut self, outcome: &Outcome) {
        let count = match outcome {
            Outcome::Completed { .. } => &mut self.report.completed,
            Outcome::Failed { .. } => &mut self.report.failed,
            Outcome::Waiting { .. } | Outcome::Suspended => &mut self.report.waiting,
            Outcome::Released => &mut self.report.released,
        };
        *count = count.saturating_add(1);
    }

    pub(crate) fn lost(&mut self, lease: &Lease) {
        self.lost.insert(lease.clone());
        self.report.lost = self.lost.len();
    }

    pub(crate) fn is_lost(&self, lease: &Lease) -> bool {
        self.lost.contains(lease)
    }
}

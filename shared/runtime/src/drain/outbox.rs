//! Outcomes that wait to be reported, and the rules for reporting them together.

use store::{FinishedStep, Lease, Outcome, StepError};

use super::bounds;
use super::step::Records;

/// `finish_steps` takes no more at once.
const MAX_OUTCOMES_PER_CALL: usize = 100;

/// An outcome that waits, with its handling so far.
pub(super) struct Pending {
    pub(super) finished: FinishedStep,
    pub(super) delivery: Delivery,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It is reported together with others.
    Together,
    /// A report that held it was rejected as a whole: it is reported alone, so that it cannot affect others again.
    Alone,
    /// It replaces an outcome that was rejected even alone.
    Replacement,
}

/// Ended steps that are not reported yet.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: Vec<Pending>,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn push(&mut self, lease: Lease, outcome: Outcome, records: Records) {
        self.put_back(Pending {
            finished: FinishedStep {
                lease,
                outcome: bounds::checked(outcome),
                calls: records.calls,
            },
            delivery: Delivery::Together,
        });
    }

    pub(super) fn put_back(&mut self, pending: Pending) {
        self.waiting.push(pending);
    }

    /// Queues a failure in place of an outcome that cannot be accepted; the lease still holds. Its calls are dropped,
    /// since they may be the part that was rejected.
    pub(super) fn replace(&mut self, mut pending: Pending, error: StepError) {
        pending.finished.outcome = Outcome::failed(error);
        pending.finished.calls.clear();
        pending.delivery = Delivery::Replacement;
        self.put_back(pending);
    }

    /// Returns the outcomes of the next report: all that may be reported together, or one that must be reported alone.
    pub(super) fn next_load(&mut self) -> Vec<Pending> {
        let (mut load, mut later): (Vec<_>, Vec<_>) = self
            .take_all()
            .into_iter()
            .partition(|pending| pending.delivery == Delivery::Together);
        if load.is_empty() {
            load = later;
            later = load.split_off(load.len().min(1));
        }
        if load.len() > MAX_OUTCOMES_PER_CALL {
            later.extend(load.split_off(MAX_OUTCOMES_PER_CALL));
        }
        self.waiting = later;
        load
    }

    /// Returns the leases whose outcomes wait.
    pub(super) fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.waiting.iter().map(|pending| &pending.finished.lease)
    }

    pub(super) fn take_all(&mut self) -> Vec<Pending> {
        std::mem::take(&mut self.waiting)
    }
}

//! Counts of injected faults, for reports and for tests that require their fault to have happened.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Fate, Point};

/// Faults that were injected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FaultCounts {
    /// Sandboxes killed, by function and point.
    pub kills: BTreeMap<String, BTreeMap<Point, u64>>,
    /// Sandboxes stopped for a while, by function and point.
    pub freezes: BTreeMap<String, BTreeMap<Point, u64>>,
    /// Fates of wakes.
    pub wakes: Carried,
    /// Fates of queue messages.
    pub messages: Carried,
    /// Answers cut before the call was executed, by call.
    pub answers_cut_before: BTreeMap<String, u64>,
    /// Answers cut after it was committed, by call.
    pub answers_cut_after: BTreeMap<String, u64>,
    /// Faults and cuts withheld because a step would have lost its last attempt.
    pub spared: u64,
}

/// Fates of things in transit. Nothing is counted while the plan has no fault for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// Number of things in transit.
    pub seen: u64,
    /// Lost.
    pub dropped: u64,
    /// Copies beyond the first.
    pub duplicated: u64,
    /// Copies that came later.
    pub delayed: u64,
    /// Copies held back for reordering.
    pub reordered: u64,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Wake,
    Message,
}

impl FaultCounts {
    /// Returns the number of all kills.
    #[must_use]
    pub fn total_kills(&self) -> u64 {
        self.kills.values().flat_map(BTreeMap::values).sum()
    }

    /// Returns the number of all freezes.
    #[must_use]
    pub fn total_freezes(&self) -> u64 {
        self.freezes.values().flat_map(BTreeMap::values).sum()
    }

    pub(super) fn of(&mut self, kind: Kind) -> &mut Carried {
        match kind {
            Kind::Wake => &mut self.wakes,
            Kind::Message => &mut self.messages,
        }
    }
}

impl Carried {
    pub(super) fn count(&mut self, fate: &Fate) {
        let copies = u64::try_from(fate.delays().len()).unwrap_or(u64::MAX);
        let delayed = fate
            .delays()
            .iter()
            .filter(|delay| !delay.is_zero())
            .count();
        self.seen += 1;
        self.dropped += u64::from(copies == 0);
        self.duplicated += copies.saturating_sub(1);
        self.delayed += u64::try_from(delayed).unwrap_or(u64::MAX);
        if fate.is_held_back() {
            self.reordered += copies;
        }
    }
}

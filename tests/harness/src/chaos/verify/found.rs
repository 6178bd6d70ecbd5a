//! Result of a comparison.

/// Counts of effects.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct EffectCounts {
    /// Effects that had to happen.
    pub required: u64,
    /// Effects that happened: one for each idempotency key that was accepted.
    pub done: u64,
    /// Webhooks that arrived.
    pub arrivals: u64,
    /// Arrivals under a key that had been accepted before, and changed nothing.
    pub repeated: u64,
}

/// Result of the comparison.
#[derive(Debug, Default)]
pub(in crate::chaos) struct Found {
    pub(in crate::chaos) violations: Vec<String>,
    pub(in crate::chaos) effects: EffectCounts,
    /// Goals that failed because the last attempt of a step was lost, where [`crate::chaos::Settings::may_wear_out`].
    pub(in crate::chaos) worn_out: u64,
}

impl Found {
    pub(super) fn add(&mut self, number: u64, sentence: &str) {
        self.violations.push(format!("goal {number} {sentence}"));
    }
}

//! Arrivals at the receiver by idempotency key: one effect per key, however often it arrived.

use std::collections::{BTreeMap, BTreeSet};

/// All arrivals of a run.
#[derive(Debug, Default)]
pub(in crate::chaos) struct Effects {
    by_key: BTreeMap<String, Effect>,
    /// Arrivals with too little data to be counted, one sentence each.
    pub(in crate::chaos) unreadable: Vec<String>,
}

/// Arrivals under one key.
#[derive(Debug, Default)]
pub(in crate::chaos) struct Effect {
    /// Effects it belongs to, by the names of the plans.
    pub(in crate::chaos) names: BTreeSet<String>,
    /// Number of arrivals.
    pub(in crate::chaos) arrivals: u32,
    /// True once it was accepted; later arrivals do not change it.
    pub(in crate::chaos) is_done: bool,
    /// Number of arrivals after it had been accepted.
    pub(in crate::chaos) repeats: u32,
    /// Sandboxes that sent it, as far as known.
    pub(in crate::chaos) senders: BTreeSet<String>,
}

impl Effects {
    /// Records an arrival and returns the number of arrivals under its key, including this one.
    pub(in crate::chaos) fn note(&mut self, key: &str, name: &str, sender: Option<String>) -> u32 {
        let effect = self.by_key.entry(key.to_owned()).or_default();
        effect.names.insert(name.to_owned());
        effect.senders.extend(sender);
        effect.arrivals += 1;
        effect.repeats += u32::from(effect.is_done);
        effect.arrivals
    }

    /// Counts the effect, once per key.
    pub(in crate::chaos) fn take(&mut self, key: &str) {
        if let Some(effect) = self.by_key.get_mut(key) {
            effect.is_done = true;
        }
    }

    pub(in crate::chaos) fn iter(&self) -> impl Iterator<Item = (&str, &Effect)> {
        self.by_key
            .iter()
            .map(|(key, effect)| (key.as_str(), effect))
    }
}

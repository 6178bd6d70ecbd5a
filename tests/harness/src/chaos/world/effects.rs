//! What has arrived at the receiver, by idempotency key: one effect per key, however often it came.

use std::collections::{BTreeMap, BTreeSet};

/// All arrivals of a run.
#[derive(Debug, Default)]
pub(in crate::chaos) struct Effects {
    by_key: BTreeMap<String, Effect>,
    /// Arrivals that said too little to be counted, in a sentence.
    pub(in crate::chaos) unreadable: Vec<String>,
}

/// What came under one key.
#[derive(Debug, Default)]
pub(in crate::chaos) struct Effect {
    /// What it is about, by the names of the plans.
    pub(in crate::chaos) names: BTreeSet<String>,
    /// How often it came.
    pub(in crate::chaos) arrivals: u32,
    /// Whether it was taken: once, whatever came after.
    pub(in crate::chaos) is_done: bool,
    /// How often it came after it had been taken.
    pub(in crate::chaos) repeats: u32,
    /// Which sandboxes sent it, as far as is known.
    pub(in crate::chaos) senders: BTreeSet<String>,
}

impl Effects {
    /// Notes an arrival; how many there have been under its key, this one included.
    pub(in crate::chaos) fn note(&mut self, key: &str, name: &str, sender: Option<String>) -> u32 {
        let effect = self.by_key.entry(key.to_owned()).or_default();
        effect.names.insert(name.to_owned());
        effect.senders.extend(sender);
        effect.arrivals += 1;
        effect.repeats += u32::from(effect.is_done);
        effect.arrivals
    }

    /// Counts the effect, which happens once.
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

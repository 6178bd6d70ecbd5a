//! Chance that can be had again: the same seed gives the same choices, trial by trial.
//!
//! The one thing to know: each trial has a generator of its own, made from the seed, the kind and the trial's number,
//! so a trial's choices do not depend on how many ran before it. What Postgres and the machine make of them is not
//! chosen here.

use fastrand::Rng;

use crate::random::generator;

/// The generator of one trial.
#[derive(Debug, Clone)]
pub(super) struct Chance(Rng);

impl Chance {
    /// Returns the generator of one trial.
    pub(super) fn of(seed: u64, kind: u64, trial: u64) -> Self {
        Self(generator(seed, &[kind, trial]))
    }

    /// A number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: usize, most: usize) -> usize {
        self.0.usize(least..=most.max(least))
    }

    /// True once in so many times.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.between(1, times) == 1
    }

    /// One of several.
    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T], otherwise: T) -> T {
        self.0.choice(choices).copied().unwrap_or(otherwise)
    }

    /// How long a racer counts before it calls: rows of `generate_series`, each a fraction of a microsecond. Half of
    /// them call at once.
    pub(super) fn head_start(&mut self) -> i32 {
        if self.once_in(2) {
            return 1;
        }
        i32::try_from(self.between(1, 4000)).unwrap_or(1)
    }

    /// Puts them into any order.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_choices_and_another_trial_others() {
        let draw = |seed, trial| {
            let mut chance = Chance::of(seed, 1, trial);
            (0..20).map(|_| chance.between(0, 1000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, 3), draw(7, 3));
        assert_ne!(draw(7, 3), draw(7, 4));
        assert_ne!(draw(7, 3), draw(8, 3));
        assert!(draw(7, 3).iter().all(|number| *number <= 1000));
    }
}

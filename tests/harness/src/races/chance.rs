//! Reproducible random choices: the same seed gives the same choices, trial by trial.
//!
//! Each trial has a generator of its own, derived from the seed, the kind and the trial's number, so its choices do not
//! depend on earlier trials. The scheduling by Postgres and the machine is not reproducible.

use fastrand::Rng;

use crate::random::generator;

/// Generator of one trial.
#[derive(Debug, Clone)]
pub(super) struct Chance(Rng);

impl Chance {
    /// Returns the generator of one trial.
    pub(super) fn of(seed: u64, kind: u64, trial: u64) -> Self {
        Self(generator(seed, &[kind, trial]))
    }

    /// Draws a number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: usize, most: usize) -> usize {
        self.0.usize(least..=most.max(least))
    }

    /// Returns true with a probability of 1 ÷ `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.between(1, times) == 1
    }

    /// Draws one of several.
    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T], otherwise: T) -> T {
        self.0.choice(choices).copied().unwrap_or(otherwise)
    }

    /// Draws the delay of a racer before its call: rows of `generate_series`, each a fraction of a microsecond. Half of
    /// the racers have none.
    pub(super) fn head_start(&mut self) -> i32 {
        if self.once_in(2) {
            return 1;
        }
        i32::try_from(self.between(1, 4000)).unwrap_or(1)
    }

    /// Shuffles the items.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_repeats_choices_and_trials_differ() {
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

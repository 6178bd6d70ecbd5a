//! What the races showed, for people and for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// How many violations are told in full; all are counted.
const MOST_TOLD: usize = 10;

/// All kinds that were raced.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The seed: the same one makes the same racers again, though not the same luck.
    pub seed: u64,
    /// Wall time of all.
    pub wall_seconds: f64,
    /// Kind by kind.
    pub kinds: Vec<Races>,
}

impl Report {
    /// How often something was as it must not be.
    #[must_use]
    pub fn violations(&self) -> u64 {
        self.kinds.iter().map(|races| races.violations).sum()
    }
}

/// One kind of race.
#[derive(Debug, Clone, Serialize)]
pub struct Races {
    /// Its name.
    pub kind: String,
    /// How many trials ran.
    pub trials: u64,
    /// Trials in which a session was seen waiting for another's lock. It is looked for a few times only, so more met.
    pub met: u64,
    /// Calls that raced.
    pub calls: u64,
    /// Who won, or how it ended, and how often.
    pub won: BTreeMap<String, u64>,
    /// Trials in which something was as it must not be.
    pub violations: u64,
    /// The first of them, with what was called and answered.
    pub told: Vec<Violation>,
    /// Without a violation, the true rate lies below this with 95 % confidence: 3 ÷ trials. Null otherwise.
    pub upper_bound_95: Option<f64>,
    /// Wall time.
    pub wall_seconds: f64,
    /// Trials per second.
    pub trials_per_second: f64,
}

/// A trial that went wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Violation {
    /// The trial's number.
    pub trial: u64,
    /// What was as it must not be.
    pub found: Vec<String>,
    /// Who called what, and what came back.
    pub transcript: Vec<String>,
}

/// Counts while races run.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) trials: u64,
    pub(super) met: u64,
    pub(super) calls: u64,
    pub(super) won: BTreeMap<String, u64>,
    pub(super) violations: u64,
    pub(super) told: Vec<Violation>,
}

impl Tally {
    pub(super) fn violated(&mut self, violation: Violation) {
        self.violations += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(violation);
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.trials += other.trials;
        self.met += other.met;
        self.calls += other.calls;
        for (won, times) in other.won {
            *self.won.entry(won).or_default() += times;
        }
        self.violations += other.violations;
        self.told.extend(other.told);
        self.told.truncate(MOST_TOLD);
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of trials are small")]
    pub(super) fn report(self, kind: &str, took: Duration) -> Races {
        let wall_seconds = took.as_secs_f64();
        Races {
            kind: kind.to_owned(),
            trials: self.trials,
            met: self.met,
            calls: self.calls,
            won: self.won,
            violations: self.violations,
            told: self.told,
            upper_bound_95: (self.violations == 0 && self.trials > 0)
                .then(|| 3.0 / self.trials as f64),
            wall_seconds,
            trials_per_second: self.trials as f64 / wall_seconds.max(f64::EPSILON),
        }
    }
}

//! Results of the races, for people and programs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// Number of violations reported in full; all are counted.
const MOST_SHOWN: usize = 10;

/// All kinds that were raced.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Seed: the same one gives the same racers, but not the same schedule.
    pub seed: u64,
    /// Wall time of all kinds.
    pub wall_seconds: f64,
    /// Results by kind.
    pub kinds: Vec<Races>,
}

impl Report {
    /// Returns the number of violations.
    #[must_use]
    pub fn violations(&self) -> u64 {
        self.kinds.iter().map(|races| races.violations).sum()
    }
}

/// One kind of race.
#[derive(Debug, Clone, Serialize)]
pub struct Races {
    /// Name of the kind.
    pub kind: String,
    /// Number of trials.
    pub trials: u64,
    /// Trials in which a session was seen waiting for another's lock: a lower bound, since it is polled a few times
    /// only.
    pub met: u64,
    /// Calls that raced.
    pub calls: u64,
    /// Winners or ends, and their frequency.
    pub won: BTreeMap<String, u64>,
    /// Trials with a violation.
    pub violations: u64,
    /// First violations, with calls and replies.
    #[serde(rename = "told")]
    pub shown: Vec<Violation>,
    /// Without a violation, the upper bound of the true rate with 95 % confidence: 3 ÷ trials. Null otherwise.
    pub upper_bound_95: Option<f64>,
    /// Wall time.
    pub wall_seconds: f64,
    /// Trials per second.
    pub trials_per_second: f64,
}

/// Trial with a violation.
#[derive(Debug, Clone, Serialize)]
pub struct Violation {
    /// Number of the trial.
    pub trial: u64,
    /// Violations of the trial.
    pub found: Vec<String>,
    /// Calls and replies.
    pub transcript: Vec<String>,
}

/// Counters while races run.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) trials: u64,
    pub(super) met: u64,
    pub(super) calls: u64,
    pub(super) won: BTreeMap<String, u64>,
    pub(super) violations: u64,
    pub(super) shown: Vec<Violation>,
}

impl Tally {
    pub(super) fn violated(&mut self, violation: Violation) {
        self.violations += 1;
        if self.shown.len() < MOST_SHOWN {
            self.shown.push(violation);
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
        self.shown.extend(other.shown);
        self.shown.truncate(MOST_SHOWN);
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
            shown: self.shown,
            upper_bound_95: (self.violations == 0 && self.trials > 0)
                .then(|| 3.0 / self.trials as f64),
            wall_seconds,
            trials_per_second: self.trials as f64 / wall_seconds.max(f64::EPSILON),
        }
    }
}

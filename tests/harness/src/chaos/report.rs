//! Report of a chaos run, as JSON and as text.

use serde::Serialize;

use super::recovery::Times;
use super::rows::{Analyses, Attempts};
use super::settings::Settings;
use super::verify::EffectCounts;
use crate::faults::FaultCounts;

/// Report of one chaos run. Times are in seconds; every list is complete.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Settings of the run; the same settings give the same goals and the same decisions.
    pub settings: Settings,
    /// True if the run was stopped early; the report then covers it up to that point.
    pub was_interrupted: bool,
    /// Number of goals.
    pub goals: GoalCounts,
    /// Steps of all runs, including the engine's own.
    pub steps: u64,
    /// Ends of their attempts.
    pub attempts: Attempts,
    /// Analyses of the workspace.
    pub analyses: Analyses,
    /// Effects at the receiver.
    pub effects: EffectCounts,
    /// Faults that were injected.
    pub faults: FaultCounts,
    /// Crashes of Postgres that were carried out.
    pub crashes: u64,
    /// Time from the claim of a lost attempt to the next claim of its step: an upper bound of the time from the fault
    /// to the next worker.
    pub recovery_of_steps: Times,
    /// Time from a crash of Postgres to the end of the next step.
    pub recovery_of_postgres: Times,
    /// Violations, one sentence each.
    pub violations: Vec<String>,
    /// Faults that were requested and not injected, one sentence each. Empty unless the run was too small for its
    /// faults.
    pub shortfalls: Vec<String>,
    /// Without a violation: the share of faults and crashes that do harm is at most this, with 95 % confidence (3 ÷
    /// their number).
    pub bound_95_percent: Option<f64>,
    /// Time from the first request to the last end.
    pub wall_seconds: f64,
    /// Machine of the run.
    pub machine: Machine,
}

/// Goals by their ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GoalCounts {
    /// Requested.
    pub asked: u64,
    /// Ended as predicted, with an answer.
    pub answered: u64,
    /// Ended as predicted, failed.
    pub failed: u64,
    /// Not ended.
    pub open: u64,
    /// Failed because a crash of Postgres, or a sandbox stopped while it claimed, took the last attempt of a step.
    /// Counted neither as a success nor as a violation: with fewer attempts than faults there is no guarantee.
    pub worn_out: u64,
}

/// Machine of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Processors available to it.
    pub cores: usize,
    /// Version of Postgres.
    pub postgres: String,
    /// Build of the functions: `debug` or `release`.
    pub build: &'static str,
}

impl Machine {
    pub(super) fn this(postgres: String) -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            postgres,
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
        }
    }
}

impl Report {
    /// Returns the number of kills, freezes and crashes.
    #[must_use]
    pub fn sandbox_faults_and_crashes(&self) -> u64 {
        self.faults.total_kills() + self.faults.total_freezes() + self.crashes
    }

    /// Formats the report as pairs of name and value.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let goals = &self.goals;
        let faults = &self.faults;
        let (wakes, effects, attempts) = (&faults.wakes, &self.effects, &self.attempts);
        let cut: u64 = faults
            .answers_cut_before
            .values()
            .chain(faults.answers_cut_after.values())
            .sum();
        vec![
            ("seed", self.settings.seed.to_string()),
            (
                "goals",
                format!(
                    "{} asked: {} answered, {} failed as they should, {} open, {} worn out",
                    goals.asked, goals.answered, goals.failed, goals.open, goals.worn_out
                ),
            ),
            (
                "steps",
                format!(
                    "{}; attempts: {} completed, {} failed, {} lost, {} timed out",
                    self.steps,
                    attempts.completed,
                    attempts.failed,
                    attempts.lost,
                    attempts.timed_out
                ),
            ),
            (
                "analyses",
                format!(
                    "{} started, {} answered; {} improvements",
                    self.analyses.started, self.analyses.answered, self.analyses.proposed
                ),
            ),
            (
                "effects",
                format!(
                    "{} required, {} done, {} arrivals, {} of them repeated",
                    effects.required, effects.done, effects.arrivals, effects.repeated
                ),
            ),
            (
                "kills, freezes",
                format!(
                    "{}, {} ({} withheld from last attempts)",
                    faults.total_kills(),
                    faults.total_freezes(),
                    faults.spared
                ),
            ),
            (
                "wakes",
                format!(
                    "{} dropped, {} doubled, {} late, of {}",
                    wakes.dropped, wakes.duplicated, wakes.delayed, wakes.seen
                ),
            ),
            ("answers cut", cut.to_string()),
            ("crashes of Postgres", self.crashes.to_string()),
            ("steps back after", times(&self.recovery_of_steps)),
            ("Postgres back after", times(&self.recovery_of_postgres)),
            ("violations", self.violations.len().to_string()),
            (
                "95 % bound",
                self.bound_95_percent.map_or_else(
                    || "none".to_owned(),
                    |bound| format!("at most {bound:.6} of all faults do harm"),
                ),
            ),
            ("took", format!("{:.1} s", self.wall_seconds)),
            (
                "machine",
                format!(
                    "{} cores, Postgres {}, {} build",
                    self.machine.cores, self.machine.postgres, self.machine.build
                ),
            ),
        ]
    }
}

fn times(times: &Times) -> String {
    match (times.p50_seconds, times.p99_seconds) {
        (Some(half), Some(most)) => {
            format!("p50 {half:.2} s, p99 {most:.2} s ({} of them)", times.count)
        }
        _ => "nothing to come back".to_owned(),
    }
}

/// Lists the faults that the settings request and the run did not inject.
pub(super) fn missing_faults(asked: &Settings, made: &FaultCounts, crashes: u64) -> Vec<String> {
    let numbers = [
        ("kills", asked.kills, made.total_kills()),
        ("freezes", asked.freezes, made.total_freezes()),
        ("crashes of Postgres", asked.crash_postgres, crashes),
    ];
    let cut: u64 = made
        .answers_cut_before
        .values()
        .chain(made.answers_cut_after.values())
        .sum();
    let wakes = &made.wakes;
    let shares = [
        ("wake was dropped", asked.drop_wakes, wakes.dropped),
        ("wake was doubled", asked.duplicate_wakes, wakes.duplicated),
        ("wake was delayed", asked.delay_wakes, wakes.delayed),
        ("answer was cut", asked.cut_answers, cut),
    ];
    let too_few = numbers
        .into_iter()
        .filter(|(_, asked, made)| made < asked)
        .map(|(name, asked, made)| format!("{made} {name} of {asked} requested were injected"));
    let none = shares
        .into_iter()
        .filter(|(_, share, made)| *share > 0.0 && *made == 0)
        .map(|(name, share, _)| format!("no {name}, but a share of {share} was requested"));
    too_few.chain(none).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::faults::Point;

    #[test]
    fn fewer_faults_than_asked_are_listed() {
        let asked = Settings {
            kills: 3,
            drop_wakes: 0.1,
            crash_postgres: 1,
            ..Settings::without_faults(1, 1)
        };
        let mut made = FaultCounts::default();
        let kills = BTreeMap::from([(Point::AfterClaim, 2)]);
        made.kills.insert("executor".to_owned(), kills);
        assert_eq!(
            missing_faults(&asked, &made, 0),
            [
                "2 kills of 3 requested were injected",
                "0 crashes of Postgres of 1 requested were injected",
                "no wake was dropped, but a share of 0.1 was requested",
            ]
        );
        made.wakes.dropped = 1;
        let kills = BTreeMap::from([(Point::BeforeClaim, 1)]);
        made.kills.insert("planner".to_owned(), kills);
        assert_eq!(missing_faults(&asked, &made, 1), Vec::<String>::new());
    }
}

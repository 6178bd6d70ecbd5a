//! Results of a run: scores per area, survivors, and outdated entries of the list.

use std::collections::BTreeMap;

use serde::Serialize;

use super::areas::ENGINE;
use super::run::{Fate, Tried};
use super::survivors::{Survivors, Why};

/// Counts of an area.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// All mutants.
    pub generated: usize,
    /// Mutants that Postgres or the compiler refuses.
    pub not_viable: usize,
    /// Mutants that a test kills.
    pub killed: usize,
    /// Mutants that survive pgTAP and are listed with the Rust test that kills them.
    pub killed_by_rust: usize,
    /// Survivors that are listed as behaving like the original.
    pub equivalent: usize,
    /// Survivors that are listed with another reason.
    pub accepted: usize,
    /// Survivors that are not listed.
    pub unlisted: usize,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.generated += other.generated;
        self.not_viable += other.not_viable;
        self.killed += other.killed;
        self.killed_by_rust += other.killed_by_rust;
        self.equivalent += other.equivalent;
        self.accepted += other.accepted;
        self.unlisted += other.unlisted;
    }

    /// Returns the share of killed mutants in per cent. Unviable and equivalent mutants do not count.
    #[must_use]
    pub fn percent(&self) -> f64 {
        share(
            self.killed + self.killed_by_rust,
            self.generated - self.not_viable - self.equivalent,
        )
    }

    /// Returns the same share of all viable mutants, including the equivalent ones.
    #[must_use]
    pub fn percent_of_viable(&self) -> f64 {
        share(
            self.killed + self.killed_by_rust,
            self.generated - self.not_viable,
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of mutants are small")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        100.0
    } else {
        (part as f64 * 1000.0 / whole as f64).round() / 10.0
    }
}

/// Mutant that no test kills and no entry lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Survivor {
    /// Area that counts it.
    pub area: String,
    /// Name in the list.
    pub id: String,
    /// Number of test files that passed.
    pub files: usize,
}

/// Results of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Counts per area.
    pub areas: BTreeMap<String, Score>,
    /// Survivors that are not listed.
    pub survivors: Vec<Survivor>,
    /// Listed mutants that a test kills, or that are no longer generated: entries to remove.
    pub stale: Vec<String>,
}

impl Report {
    /// Counts mutants of the database against the list.
    #[must_use]
    pub fn of_sql(tried: &[Tried], list: &Survivors) -> Self {
        let listed = list.sql_by_id();
        let mut report = Self::default();
        for tried in tried {
            let id = tried.mutant.id();
            let why = listed.get(id.as_str()).map(|group| group.why);
            let (standing, files) = match &tried.fate {
                Fate::NotViable(_) => (Standing::NotViable, 0),
                Fate::Killed { by, .. } => {
                    if why.is_some() {
                        report.stale.push(format!("{id}: {by} kills it"));
                    }
                    (Standing::Killed, 0)
                }
                Fate::Survived { files } => (Standing::Survived(why), *files),
            };
            report.count(&tried.mutant.area, id, standing, files);
        }
        report
    }

    /// Counts one mutant.
    pub(super) fn count(&mut self, area: &str, id: String, standing: Standing, files: usize) {
        let mut score = Score {
            generated: 1,
            ..Score::default()
        };
        match standing {
            Standing::NotViable => score.not_viable = 1,
            Standing::Killed => score.killed = 1,
            Standing::Survived(Some(Why::Rust)) => score.killed_by_rust = 1,
            Standing::Survived(Some(Why::Equivalent)) => score.equivalent = 1,
            Standing::Survived(Some(Why::Accepted)) => score.accepted = 1,
            Standing::Survived(None) => {
                score.unlisted = 1;
                self.survivors.push(Survivor {
                    area: area.to_owned(),
                    id,
                    files,
                });
            }
        }
        self.areas.entry(area.to_owned()).or_default().add(score);
    }

    /// Adds the results of another run.
    pub fn merge(&mut self, other: Self) {
        for (area, score) in other.areas {
            self.areas.entry(area).or_default().add(score);
        }
        self.survivors.extend(other.survivors);
        self.stale.extend(other.stale);
    }

    /// Returns the sum of the areas that move work.
    #[must_use]
    pub fn engine(&self) -> Score {
        self.sum(|area| ENGINE.contains(&area))
    }

    /// Returns the sum of all areas.
    #[must_use]
    pub fn total(&self) -> Score {
        self.sum(|_| true)
    }

    /// Returns true if no unlisted mutant survives and no entry is outdated.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.survivors.is_empty() && self.stale.is_empty()
    }

    fn sum(&self, takes: impl Fn(&str) -> bool) -> Score {
        let mut sum = Score::default();
        for (_, score) in self.areas.iter().filter(|(area, _)| takes(area)) {
            sum.add(*score);
        }
        sum
    }
}

/// Category in which a mutant is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    NotViable,
    Killed,
    Survived(Option<Why>),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::super::mutant::{Mutant, Target};
    use super::super::operators::Operator;
    use super::*;

    fn tried(area: &str, text: &str, fate: Fate) -> Tried {
        let mutant = Mutant {
            object: "f".to_owned(),
            area: area.to_owned(),
            operator: Operator::Negate,
            text: text.to_owned(),
            occurrence: 1,
            statement: String::new(),
            target: Target::Function("f".to_owned()),
        };
        Tried {
            mutant,
            fate,
            files: 1,
            took: Duration::ZERO,
        }
    }

    fn killed() -> Fate {
        Fate::Killed {
            by: "a/b".to_owned(),
            failure: "not ok".to_owned(),
        }
    }

    fn list(why: &str, text: &str) -> Survivors {
        let test = if why == "rust" {
            "test = \"p t n\""
        } else {
            ""
        };
        let text = format!(
            "[[sql]]\nwhy = \"{why}\"\nreason = \"r\"\n{test}\nmutants = [\"f | negate | {text}\"]"
        );
        Survivors::parse(&text).unwrap()
    }

    #[test]
    fn equivalent_and_unviable_mutants_keep_the_score() {
        let tried = [
            tried("engine", "a", killed()),
            tried("engine", "b", Fate::Survived { files: 3 }),
            tried("engine", "c", Fate::NotViable("no".to_owned())),
        ];
        let report = Report::of_sql(&tried, &list("equivalent", "b"));
        let score = report.engine();
        assert_eq!(
            (
                score.generated,
                score.not_viable,
                score.killed,
                score.equivalent
            ),
            (3, 1, 1, 1)
        );
        assert!(
            (score.percent() - 100.0).abs() < 0.01
                && (score.percent_of_viable() - 50.0).abs() < 0.01
        );
        assert!(report.is_clean());
    }

    #[test]
    fn unlisted_survivor_lowers_the_score_and_is_named() {
        let tried = [
            tried("money", "a", killed()),
            tried("money", "b", Fate::Survived { files: 3 }),
        ];
        let report = Report::of_sql(&tried, &Survivors::default());
        assert_eq!(report.survivors.first().unwrap().id, "f | negate | b");
        assert!((report.total().percent() - 50.0).abs() < 0.01 && !report.is_clean());
    }

    #[test]
    fn rust_test_counts_as_kill_unlike_accepted() {
        let tried = [tried("people", "a", Fate::Survived { files: 3 })];
        let percent = |why: &str| Report::of_sql(&tried, &list(why, "a")).total().percent();
        assert!((percent("rust") - 100.0).abs() < 0.01);
        assert!(percent("accepted") < 0.01);
        assert_eq!(
            Report::of_sql(&tried, &list("rust", "a")).engine(),
            Score::default(),
            "people are no engine"
        );
    }

    #[test]
    fn killed_mutant_in_list_is_stale() {
        let report = Report::of_sql(&[tried("money", "a", killed())], &list("accepted", "a"));
        assert_eq!(report.stale, ["f | negate | a: a/b kills it"]);
        assert!(!report.is_clean());
    }
}

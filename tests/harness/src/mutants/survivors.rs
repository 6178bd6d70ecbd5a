//! The reviewed list of mutants that no pgTAP file kills: `tests/harness/mutants/survivors.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// Reason category of a survivor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// Behaves as the original does, or differs in speed alone.
    Equivalent,
    /// Behaves differently where no pgTAP file can detect it: a named Rust test kills it.
    Rust,
    /// Behaves differently, and no test shows it. The reason explains why that is accepted.
    Accepted,
}

/// Survivors that share a reason.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Category of the reason.
    pub why: Why,
    /// Reason for the reader.
    pub reason: String,
    /// Test that kills them (`package target path::of::the_test`), for [`Why::Rust`].
    pub test: Option<String>,
    /// Names, as [`super::Mutant::id`] and cargo-mutants give them.
    pub mutants: Vec<String>,
}

/// The whole list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survivors {
    /// Mutants of the database.
    #[serde(default)]
    pub sql: Vec<Group>,
    /// Mutants of Rust modules.
    #[serde(default)]
    pub rust: Vec<Group>,
}

impl Survivors {
    /// Reads the list of a workspace.
    ///
    /// # Errors
    /// It cannot be read, names a mutant twice, or lacks a reason or a test.
    pub fn read(workspace: &Path) -> anyhow::Result<Self> {
        let path = path(workspace);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("reading {}", path.display()))
    }

    /// Reads a list.
    ///
    /// # Errors
    /// It names a mutant twice, or lacks a reason or a test.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let list: Self = toml::from_str(text)?;
        let mut seen = BTreeSet::new();
        for group in list.sql.iter().chain(&list.rust) {
            ensure!(
                !group.reason.trim().is_empty(),
                "{:?} has no reason",
                group.mutants
            );
            ensure!(
                (group.why == Why::Rust) == group.test.is_some(),
                "a test is named exactly where why = \"rust\": {:?}",
                group.mutants
            );
            for mutant in &group.mutants {
                ensure!(seen.insert(mutant), "{mutant} is listed twice");
            }
        }
        Ok(list)
    }

    /// Returns the group of every listed mutant of the database.
    #[must_use]
    pub fn sql_by_id(&self) -> BTreeMap<&str, &Group> {
        by_id(&self.sql)
    }

    /// Returns the group of every listed mutant of Rust modules.
    #[must_use]
    pub fn rust_by_id(&self) -> BTreeMap<&str, &Group> {
        by_id(&self.rust)
    }
}

fn by_id(groups: &[Group]) -> BTreeMap<&str, &Group> {
    groups
        .iter()
        .flat_map(|group| {
            group
                .mutants
                .iter()
                .map(move |mutant| (mutant.as_str(), group))
        })
        .collect()
}

/// Returns the path of the list.
fn path(workspace: &Path) -> PathBuf {
    workspace.join("tests/harness/mutants/survivors.toml")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const HEAD: &str = "[[sql]]\nwhy = \"equivalent\"\nreason = \"the same\"\n";

    #[test]
    fn listed_mutant_is_found_with_its_reason() {
        let list = Survivors::parse(&format!("{HEAD}mutants = [\"a | negate | b\"]")).unwrap();
        assert_eq!(
            list.sql_by_id().get("a | negate | b").unwrap().reason,
            "the same"
        );
        assert!(list.rust_by_id().is_empty());
    }

    #[test]
    fn mutant_listed_twice_is_refused() {
        let text = format!("{HEAD}mutants = [\"a\", \"b\"]\n{HEAD}mutants = [\"b\"]");
        assert!(
            Survivors::parse(&text)
                .unwrap_err()
                .to_string()
                .contains("b is listed twice")
        );
    }

    #[test]
    fn rust_test_is_required_exactly_where_it_kills() {
        let rust = "[[sql]]\nwhy = \"rust\"\nreason = \"a race\"\nmutants = [\"a\"]\n";
        assert!(Survivors::parse(rust).is_err());
        assert!(Survivors::parse(&format!("{rust}test = \"p t n\"")).is_ok());
        assert!(Survivors::parse(&format!("{HEAD}test = \"p t n\"\nmutants = []")).is_err());
    }

    #[test]
    fn missing_reason_is_refused() {
        let text = "[[sql]]\nwhy = \"accepted\"\nreason = \" \"\nmutants = [\"a\"]";
        assert!(Survivors::parse(text).is_err());
    }
}

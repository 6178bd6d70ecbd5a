//! The result of one check.

use serde::Serialize;

/// The result of one check.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) outcome: Outcome,
    /// The findings.
    pub(super) seen: String,
    /// The advice; empty without a problem.
    pub(super) advice: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Good,
    Bad,
    /// No problem, but a remark.
    Note,
}

impl Check {
    pub(super) fn good(name: &'static str, seen: impl Into<String>) -> Self {
        Self {
            name,
            outcome: Outcome::Good,
            seen: seen.into(),
            advice: String::new(),
        }
    }

    pub(super) fn bad(
        name: &'static str,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            name,
            outcome: Outcome::Bad,
            seen: seen.into(),
            advice: advice.into(),
        }
    }

    pub(super) fn note(
        name: &'static str,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            name,
            outcome: Outcome::Note,
            seen: seen.into(),
            advice: advice.into(),
        }
    }
}

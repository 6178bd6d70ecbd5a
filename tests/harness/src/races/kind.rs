//! Kinds of races.

/// Kind of race.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Decisions of one approval, with its expiry and a cancel.
    Approval,
    /// Cancels against everything else that ends the run.
    Cancel,
    /// The last parents of a step.
    FanIn,
    /// Claims, expired leases and late outcomes.
    Claim,
    /// Sixty-four steps that call models under one cap.
    Budget,
}

impl Kind {
    /// Kinds on trees of work; budgets have a database of their own.
    pub const TREES: [Self; 4] = [Self::Approval, Self::Cancel, Self::FanIn, Self::Claim];

    /// Returns the name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Cancel => "cancel",
            Self::FanIn => "fan-in",
            Self::Claim => "claim",
            Self::Budget => "budget",
        }
    }
}

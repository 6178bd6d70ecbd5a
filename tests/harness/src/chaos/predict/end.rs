//! Predicted end of a step or a run, and its certainty.

/// End of a step or a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Completed as expected.
    Completed,
    /// Failed for good.
    Failed,
    /// Skipped.
    Skipped,
    /// Cancelled from outside.
    Cancelled,
}

impl End {
    /// Returns the value of the rows' state column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Certainty of a predicted end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// It ends so.
    Certain,
    /// It ends so, or is cancelled before, or is never created.
    Possible,
}

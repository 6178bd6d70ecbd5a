//! What may be written after `harness races`.

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(in crate::cli) struct Races {
    /// How many trials of each kind
    #[arg(long, default_value_t = 1000, value_name = "TRIALS")]
    pub(in crate::cli) trials: u64,
    /// Chooses who races and how [default: another one each time]
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) seed: Option<u64>,
    /// What meets
    #[arg(long, value_enum, default_value_t = RaceKind::All, value_name = "KIND")]
    pub(in crate::cli) kind: RaceKind,
}

/// What meets in a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RaceKind {
    /// Decisions of one approval, with its expiry and a cancel
    Approval,
    /// Cancels against whatever else ends the run
    Cancel,
    /// The last parents of a step
    FanIn,
    /// Claims, expired leases and late outcomes
    Claim,
    /// Steps that ask models under one cap, sixty-four at once
    Budget,
    /// All but the budget, one after the other
    All,
}

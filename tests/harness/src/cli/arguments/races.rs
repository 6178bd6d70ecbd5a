//! Arguments of `harness races`.

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(in crate::cli) struct Races {
    /// Number of trials of each kind
    #[arg(long, default_value_t = 1000, value_name = "TRIALS")]
    pub(in crate::cli) trials: u64,
    /// Seed of racers and their calls [default: a new one each time]
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) seed: Option<u64>,
    /// Kind of race
    #[arg(long, value_enum, default_value_t = RaceKind::All, value_name = "KIND")]
    pub(in crate::cli) kind: RaceKind,
}

/// Kinds of races.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RaceKind {
    /// Decisions of one approval, with its expiry and a cancel
    Approval,
    /// Cancels against everything else that ends the run
    Cancel,
    /// The last parents of a step
    FanIn,
    /// Claims, expired leases and late outcomes
    Claim,
    /// Steps that call models under one cap, sixty-four at once
    Budget,
    /// All but the budget, one after the other
    All,
}

//! Arguments of `harness chaos`.

use clap::Args;

use crate::chaos::Sweeper;

pub(super) const HELP: &str = "\
Starts a stack of its own, whose database is dropped afterwards. Goals of random shape (chains, fans, sub-goals,
approvals, failures, agents and webhooks) run through the real functions under injected faults. The end of each is
predicted, and compared with the rows and the arrivals at the receiver of webhooks.

Without a named fault, a few of each kind are injected. With named faults, only these are.

Examples:
  cargo harness chaos                                        a minute of everything
  cargo harness chaos --seed 7 --goals 500 --kills 1000      repeatable: the same goals, the same decisions
  cargo harness chaos --goals 2000 --parallel 200 --drop-wakes 1
  cargo harness chaos --goals 300 --crash-postgres 20 --json > crashes.json
  cargo harness chaos --stop-sweeper outside --drop-wakes 0.5

The exit code is 0 without violations, 1 on a violation, 2 on wrong usage. With --json one object is printed:
  settings               requested settings, including the seed
  was_interrupted        Ctrl-C ended it: the report covers the part before
  goals                  asked, answered, failed (as predicted), open, worn_out (no attempt left after
                         crashes, freezes or kills from outside; possible with these alone)
  steps, attempts        of all runs; attempts completed, failed, lost (a lease ended), timed_out
  effects                required, done (one per idempotency key), arrivals, repeated
  faults, crashes        injected: kills and freezes by function and point, wakes, answers cut; Postgres
  recovery_of_steps      count, p50_seconds, p99_seconds, max_seconds: from a lost claim to the next one
  recovery_of_postgres   from a crash to the next step's end
  shortfalls             faults that were requested and not injected; any fails the run
  violations             one sentence each
  bound_95_percent       3 / faults without a violation: the share of faults that may do harm, with 95 % confidence
  wall_seconds, machine  duration and machine";

#[derive(Debug, Args)]
pub(in crate::cli) struct Chaos {
    /// Seed of shapes and decisions [default: a new one, which is printed]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) seed: Option<u64>,
    /// Number of goals
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(in crate::cli) goals: u64,
    /// Number of goals open at once
    #[arg(long, default_value_t = 40, value_name = "N")]
    pub(in crate::cli) parallel: u64,
    /// Maximum number of requests per minute [default: limited by --parallel alone]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) per_minute: Option<u64>,
    /// The lease of a claimed step; the product's default is 30
    #[arg(long, default_value_t = crate::chaos::SHORTEST_LEASE_SECONDS, value_name = "SECONDS")]
    pub(in crate::cli) lease_seconds: u64,
    /// Kill this number of sandboxes (SIGKILL), spread over the points of their work
    #[arg(long, value_name = "N")]
    pub(in crate::cli) kills: Option<u64>,
    /// Stop this number of sandboxes for longer than their lease, at the same points
    #[arg(long, value_name = "N")]
    pub(in crate::cli) freezes: Option<u64>,
    /// Lose this share of wakes, 0 to 1
    #[arg(long, value_name = "P", value_parser = share)]
    pub(in crate::cli) drop_wakes: Option<f64>,
    /// Deliver this share of wakes more than once
    #[arg(long, value_name = "P", value_parser = share)]
    pub(in crate::cli) duplicate_wakes: Option<f64>,
    /// Deliver this share of wakes up to two seconds late
    #[arg(long, value_name = "P", value_parser = share)]
    pub(in crate::cli) delay_wakes: Option<f64>,
    /// Cut this share of answers to functions, half before the call is executed, half after
    #[arg(long, value_name = "P", value_parser = share)]
    pub(in crate::cli) cut_answers: Option<f64>,
    /// Crash Postgres this number of times, spread over the goals
    #[arg(long, value_name = "N")]
    pub(in crate::cli) crash_postgres: Option<u64>,
    /// Have the workspace analysed this number of times, spread over the goals [default: one for each 20 goals]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) analyses: Option<u64>,
    /// Disable the sweep inside the database, or the schedules outside of it
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(in crate::cli) stop_sweeper: Option<Sweeper>,
    /// Inject no fault: other programs kill processes of this run (see .ci/long/kills)
    #[arg(long)]
    pub(in crate::cli) struck_from_outside: bool,
}

/// Parses a share from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let share: Option<f64> = text.parse().ok();
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "write a share from 0 to 1, as 0.25".to_owned())
}

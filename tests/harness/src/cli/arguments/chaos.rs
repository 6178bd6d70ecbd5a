//! Arguments of `harness chaos`.

use clap::Args;

use crate::chaos::Sweeper;

pub(super) const HELP: &str = "\
A stack of its own is started, with a database that is gone afterwards. Goals of random shape (chains, fans, sub-goals,
approvals, failures, agents and webhooks) run through the real functions while things go wrong. What each must come to
is known beforehand, and compared with the rows and with what arrived at the receiver of webhooks.

Without any fault named, a bit of everything goes wrong. With one named, only what is named does.

Examples:
  cargo harness chaos                                        a minute of everything
  cargo harness chaos --seed 7 --goals 500 --kills 1000      repeatable: the same goals, the same decisions
  cargo harness chaos --goals 2000 --parallel 200 --drop-wakes 1
  cargo harness chaos --goals 300 --crash-postgres 20 --json > crashes.json
  cargo harness chaos --stop-sweeper outside --drop-wakes 0.5

The code is 0 when nothing was found, 1 on a violation, 2 on wrong usage. With --json one object is printed:
  settings               what was asked for, the seed among it
  was_interrupted        Ctrl-C ended it: then it says what was seen so far
  goals                  asked, answered, failed (as they should), open, worn_out (no attempt left after
                         crashes, freezes or kills from outside; possible with these alone)
  steps, attempts        of all runs; attempts completed, failed, lost (a lease ended), timed_out
  effects                required, done (one per idempotency key), arrivals, repeated
  faults, crashes        what really happened: kills and freezes by function and point, wakes, answers cut; Postgres
  recovery_of_steps      count, p50_seconds, p99_seconds, max_seconds: from the claim that was struck to the next one
  recovery_of_postgres   the same: from a crash to the next step's end
  shortfalls             faults that were asked for and not made: then the run counts as failed
  violations             sentences; none: nothing was found
  bound_95_percent       3 / blows without a violation: the share of blows that may do harm, with 95 % confidence
  wall_seconds, machine  how long, on what";

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

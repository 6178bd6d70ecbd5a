//! Arguments of the command line, with their help.

mod bench;
mod chaos;
mod eval;
mod mutants;
mod races;

use clap::{Args, Parser, Subcommand};

pub(super) use bench::{Bench, BenchSubject, Profile};
pub(super) use chaos::Chaos;
pub(super) use eval::{Eval, EvalCommand, EvalMatching, EvalSubject};
pub(super) use mutants::{Kind as MutantKind, Mutants};
pub(super) use races::{RaceKind, Races};

const EXAMPLES: &str = "\
Try:
  cargo harness chaos                             a minute of goals under every fault
  cargo harness races --trials 200                sessions that meet on the same rows
  cargo harness bench chain                       time, transactions and log bytes of a step
  cargo harness eval tasks                        what the configured model achieves, and at which cost
  cargo harness eval matching                     how well questions are matched to runbooks
  cargo harness mutants --only sql                guards taken away one at a time, and the tests that miss them
  cargo harness migrations                        supabase/migrations from its sources

Each command starts a Postgres of its own and removes it at its end; the stack of `cargo goalpost up` is not touched.
Random choices come from a seed, which is printed: --seed repeats them. `cargo harness <COMMAND> --help` lists what a
command takes and what its report contains. tests/results keeps the reports of larger runs.";

/// Injects faults into Goalpost, races its transitions, and measures it.
#[derive(Debug, Parser)]
#[command(name = "harness", bin_name = "cargo harness", version, after_help = EXAMPLES)]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Global {
    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run many goals under injected faults, and verify the result of each
    #[command(after_help = chaos::HELP)]
    Chaos(Chaos),
    /// Let sessions race on the same rows, and check that each race has one legal end
    #[command(
        after_help = "Examples:\n  cargo harness races --trials 200\n  cargo harness races --kind cancel --seed 7\n  cargo run --release --bin harness -- races --trials 10000 --json\n\nRuns on a Postgres of its own. The code is 1 if a race ended as it must not."
    )]
    Races(Races),
    /// Measure the speed of work, and the cost of each step
    #[command(after_help = bench::HELP)]
    Bench(Bench),
    /// Evaluate the configured language model, or the matching of runbooks
    #[command(after_help = eval::HELP)]
    Eval(EvalCommand),
    /// Mutate the product, one change at a time, and list the mutants that no test kills
    #[command(after_help = mutants::HELP)]
    Mutants(Mutants),
    /// Write supabase/migrations from supabase/schemas and supabase/runbooks
    #[command(
        after_help = "Examples:\n  cargo harness migrations\n  cargo harness migrations --check\n\nEdit the SQL in supabase/schemas and the built-in runbooks in supabase/runbooks only; the README of supabase/schemas lists its folders. Needs no database."
    )]
    Migrations(Migrations),
}

/// Arguments of `migrations`.
#[derive(Debug, Args)]
pub(super) struct Migrations {
    /// Write nothing; exit with 1 if the migration differs from its sources
    #[arg(long)]
    pub(super) check: bool,
}

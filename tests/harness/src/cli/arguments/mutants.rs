//! Arguments of `harness mutants`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(super) const HELP: &str = "\
A mutant is the product with one condition removed or weakened. A test must fail for each: then the mutant is killed.
One that survives is a missing test, or code that changes nothing; it gets a test or an entry with a reason in
tests/harness/mutants/survivors.toml.

sql    mutants of the functions, views, policies, constraints, triggers and grants of a migrated database. Each runs in
       a transaction of a cloned database against the pgTAP files that call the function (measured), nearest first,
       until one fails.
rust   mutants that cargo-mutants makes of the modules in .cargo/mutants.toml, run against the tests of their package.
       It is installed once: cargo install cargo-mutants --locked

Operators (sql): drop_conjunct, drop_alternative, drop_filter, negate, drop_guard, drop_lock, drop_refusal, drop_limit,
drop_conflict, compare; drop_policy, widen_policy, drop_row_security, drop_constraint, drop_index, drop_trigger, grant,
revoke, widen_rights.

Examples:
  cargo harness mutants --only sql                                all of SQL
  cargo harness mutants --function take_steps                     one function; --function is repeatable
  cargo harness mutants --area money --area journal               the folders of supabase/schemas that define them
  cargo harness mutants --only sql --sample 200 --seed 7          a sample that is the same each time
  cargo harness mutants --function take_steps --list              names only, as the list of survivors takes them
  cargo harness mutants --only sql --rust                         also the Rust tests that the list names for races
  cargo harness mutants --only rust --module shared/trigger       one module of .cargo/mutants.toml

The code is 0 when every mutant is killed or listed, 1 for an unlisted survivor or an entry that holds no more, 2 for
wrong usage. With --json one object is printed:
  command, commit, date, seed, sample   what was run, and of which state
  seconds, mutants_per_second           how long it took
  areas                                 generated, not_viable, killed, killed_by_rust, equivalent, accepted, unlisted,
                                        and the score: killed of those that are viable and not equivalent, in per cent
  engine, total                         the same, summed
  survivors                             unlisted ones
  stale                                 entries of the list to remove";

#[derive(Debug, Args)]
pub(in crate::cli) struct Mutants {
    /// Only mutants of this kind
    #[arg(long, value_enum, value_name = "KIND")]
    pub(in crate::cli) only: Option<Kind>,
    /// Only mutants of this function, table or view, with or without its schema
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) function: Vec<String>,
    /// Only mutants of this area
    #[arg(long, value_name = "AREA")]
    pub(in crate::cli) area: Vec<String>,
    /// Only the SQL mutants named in this file, one per line
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) names: Option<PathBuf>,
    /// Leave out the SQL mutants that the list of survivors names
    #[arg(long)]
    pub(in crate::cli) unlisted: bool,
    /// Only Rust mutants of this module: a path that begins one of .cargo/mutants.toml
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) module: Vec<String>,
    /// Run this number of SQL mutants, chosen by the seed
    #[arg(long, value_name = "N")]
    pub(in crate::cli) sample: Option<usize>,
    /// Seed of the sample
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    /// Number of databases used side by side
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(in crate::cli) jobs: u8,
    /// Also run the Rust test of each listed mutant that names one
    #[arg(long)]
    pub(in crate::cli) rust: bool,
    /// Print the names of the mutants and run none
    #[arg(long)]
    pub(in crate::cli) list: bool,
}

/// Kinds of mutants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Kind {
    /// The database
    Sql,
    /// Rust modules
    Rust,
}

//! Arguments of `harness bench`.

use clap::{Args, ValueEnum};

pub(super) const HELP: &str = "\
Examples:
  cargo harness bench chain                      20 steps in a row, 20 runs one after the other
  cargo harness bench fanout                     1 step, 100 side by side, 1 that waits for all
  cargo harness bench throughput --managed       500 runs of 5 steps at once, in both modes
  cargo harness bench goal                       a question, worked by a runbook, judged and reported
  cargo harness bench agent                      an agent's 8 model calls; figures are per call
  cargo harness bench chain --json | jq .ms_per_step
  cargo harness bench chain --wal                where the bytes of the log go
  cargo harness bench chain --set wal_level=logical
  cargo harness bench cold                       start, size and memory of each function
  cargo harness bench growth                     whether work gets slower the more was done (minutes)
  cargo harness bench learning --seeds 1 --runs 60    what the analyzer saves
  cargo harness bench cold --profile release      as deployed: sizes are those of release builds

Steps do nothing and return 200 bytes. All else is as in production: the real functions, wakes, sweep, and every row.
An optimised build comes first, which takes minutes the first time. Postgres is one of its own, with fsync on and
the settings of the peers' harness; nothing of the local stack is touched. Counts and bytes carry over to any machine,
times do not: let nothing else run meanwhile (the table reports foreign load).";

#[derive(Debug, Args)]
pub(in crate::cli) struct Bench {
    /// Workload to measure
    #[arg(value_enum, value_name = "WHAT")]
    pub(in crate::cli) subject: BenchSubject,
    /// Runs of one repetition, or cold starts [default: chain 20, fanout 5, throughput 500, goal 20, cold 20, learning 200]
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) runs: Option<usize>,
    /// Repetitions; the median is reported [default: chain and throughput 3, fanout and goal 1]
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) repeat: Option<usize>,
    /// Measure Managed Instances too, as a second column: many invocations in one sandbox
    #[arg(long)]
    pub(in crate::cli) managed: bool,
    /// Seeds of `learning`, each with and without learning
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    pub(in crate::cli) seeds: u64,
    /// Write the learning curve of `learning` as SVG
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) svg: Option<std::path::PathBuf>,
    /// Show the bytes of the write-ahead log by table and index
    #[arg(long)]
    pub(in crate::cli) wal: bool,
    /// Setting of Postgres beside those of the peers' harness; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub(in crate::cli) set: Vec<String>,
    /// Sandboxes of the executor at most [default: 8]
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) sandboxes: Option<usize>,
    /// Steps that one invocation of the executor works on at once [default: 10]
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) batch: Option<i32>,
    /// Build profile of the functions and the stack
    #[arg(long, value_enum, default_value_t = Profile::Measure, value_name = "PROFILE")]
    pub(in crate::cli) profile: Profile,
}

/// Cargo profile that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Profile {
    /// Optimised, and compiled in half the time: no optimisation across crates
    Measure,
    /// As deployed
    Release,
}

impl Profile {
    /// Returns the name in Cargo.toml.
    pub(in crate::cli) fn name(self) -> &'static str {
        match self {
            Self::Measure => "measure",
            Self::Release => "release",
        }
    }
}

/// Subjects of `bench`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum BenchSubject {
    /// 20 sequential steps; runs one after the other
    Chain,
    /// 1 step, 100 side by side, 1 that depends on all of them; runs one after the other
    Fanout,
    /// Runs of 5 steps (0 → 1 → 2 and 3 → 4), all submitted at once
    Throughput,
    /// A question through intake, worked by a runbook of three steps, judged and reported
    Goal,
    /// 8 model calls of an agent with seven tool calls; figures are per model call
    Agent,
    /// The start of each function, its size and its memory
    Cold,
    /// Chain and throughput among 10, 1,000 and 100,000 finished goals, and a goal of 5,000 steps
    Growth,
    /// Five kinds of goals of a simulated company with a stochastic model, with and without learning
    Learning,
}

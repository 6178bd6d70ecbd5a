//! The arguments of `goalpost feedback`, `goalpost report` and `goalpost costs`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

pub(super) const FEEDBACK_HELP: &str = "\
Examples:
  cargo goalpost feedback 3                                  the ratings of the goal 3
  cargo goalpost feedback 3 --good
  cargo goalpost feedback 3 --bad \"The refunds are missing\"
  cargo goalpost feedback 3 --bad \"Without the refunds\" --step count
  cargo goalpost feedback 3 --bad \"Only the north\" --again --wait

Each member has one rating for each goal and step, and may change it. A goal that more people rate bad than good counts
as failed in the record of its runbook, a step in that of its agent. --again asks the question of the goal again, with
the comment; only the person who asked may.";

pub(super) const COSTS_HELP: &str = "\
Examples:
  cargo goalpost costs                    by day
  cargo goalpost costs --by runbook       with the cost of each success
  cargo goalpost costs --by goal --json";

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("rating").args(["good", "bad"]))]
pub(in crate::commands) struct Feedback {
    /// The goal
    #[arg(value_name = "GOAL")]
    pub(in crate::commands) goal: i64,
    /// Rate it good
    #[arg(long)]
    pub(in crate::commands) good: bool,
    /// Rate it bad
    #[arg(long)]
    pub(in crate::commands) bad: bool,
    /// Why; read by the next attempt
    #[arg(value_name = "COMMENT", requires = "rating")]
    pub(in crate::commands) comment: Option<String>,
    /// Rate one step instead of the goal
    #[arg(long, value_name = "KEY", requires = "rating")]
    pub(in crate::commands) step: Option<String>,
    /// Ask the question of the goal again
    #[arg(long, requires = "rating", conflicts_with = "step")]
    pub(in crate::commands) again: bool,
    /// Stay until the new request has ended
    #[arg(long, requires = "again")]
    pub(in crate::commands) wait: bool,
}

pub(super) const REPORT_HELP: &str = "\
Examples:
  cargo goalpost report 3                 as Markdown
  cargo goalpost report 3 --html 3.html   one file with plots, to open or to send
  cargo goalpost report 3 --json

Every number is a sum over rows of the goal; `read_report` in supabase/schemas/90_views has the queries.";

#[derive(Debug, Args)]
pub(in crate::commands) struct Report {
    /// The goal
    #[arg(value_name = "GOAL")]
    pub(in crate::commands) goal: i64,
    /// Write one HTML file with plots
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) html: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Costs {
    /// One line for each
    #[arg(long, value_enum, default_value_t = CostsBy::Day, value_name = "WHAT")]
    pub(in crate::commands) by: CostsBy,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
    /// The number of entries
    #[arg(short = 'n', long, default_value_t = 20, value_name = "ENTRIES")]
    pub(in crate::commands) limit: usize,
}

/// What costs are added up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum CostsBy {
    /// Day, in UTC
    Day,
    /// Goal, without its sub-goals
    Goal,
    /// Version of an agent
    Agent,
    /// Version of a runbook, with the cost of each success
    Runbook,
    /// Person who asked
    Person,
}

//! The arguments of `goalpost feedback`, `goalpost report` and `goalpost costs`.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
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
  cargo goalpost costs --by goal --json
  cargo goalpost costs --by achieved-goal each completed goal with its sub-goals
  cargo goalpost costs --by estimate      each ended goal beside its estimate";

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
  cargo goalpost report 3                     as Markdown
  cargo goalpost report 3 --html 3.html       one file with plots, to open or to send
  cargo goalpost report 3 --json
  cargo goalpost report --since 7d            the last seven days of the workspace
  cargo goalpost report --since 2026-11-01 --until 2026-12-01 --html november.html
  cargo goalpost report 3 --sql | cargo goalpost psql

Every number is a sum over rows: --sql prints the query behind each, for psql as the owner of the database. In a period
count the requests made in it, and the usage booked in it.";

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("subject").args(["goal", "since"]).required(true))]
pub(in crate::commands) struct Report {
    /// The goal
    #[arg(value_name = "GOAL")]
    pub(in crate::commands) goal: Option<i64>,
    /// Report on a period instead: its beginning, as 24h, 7d, a date or a time (UTC)
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub(in crate::commands) since: Option<Since>,
    /// The end of the period [default: now]
    #[arg(long, value_name = "WHEN", value_parser = since, conflicts_with = "goal")]
    pub(in crate::commands) until: Option<Since>,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, value_name = "WORKSPACE", conflicts_with = "goal")]
    pub(in crate::commands) workspace: Option<String>,
    /// Write one HTML file with plots
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) html: Option<PathBuf>,
    /// Print the query behind each number, for psql
    #[arg(long, conflicts_with = "html")]
    pub(in crate::commands) sql: bool,
}

/// A point in time, fixed or relative to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Since {
    Ago(TimeDelta),
    At(DateTime<Utc>),
}

impl Since {
    /// Returns the time, of a relative one before `now`.
    pub(in crate::commands) fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Ago(ago) => now.checked_sub_signed(ago).unwrap_or(now),
            Self::At(time) => time,
        }
    }
}

/// Reads `24h`, `7d`, `2w`, a date, or a time with its zone.
pub(in crate::commands) fn since(text: &str) -> Result<Since, String> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(Since::At(date.and_time(NaiveTime::MIN).and_utc()));
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(Since::At(time.with_timezone(&Utc)));
    }
    let ago = text.char_indices().last().and_then(|(place, unit)| {
        let count: i64 = text.get(..place)?.parse().ok().filter(|count| *count > 0)?;
        match unit {
            'h' => TimeDelta::try_hours(count),
            'd' => TimeDelta::try_days(count),
            'w' => TimeDelta::try_weeks(count),
            _ => None,
        }
    });
    ago.map(Since::Ago)
        .ok_or_else(|| "write 24h, 7d, 2w, or a date as 2030-01-31".to_owned())
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
    /// Model
    Model,
    /// Completed goal, with its sub-goals
    AchievedGoal,
    /// Ended goal beside its estimate
    Estimate,
}

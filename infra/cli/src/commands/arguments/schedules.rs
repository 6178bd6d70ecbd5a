//! The arguments of `goalpost schedules`.

use clap::{Args, Subcommand, ValueEnum};

pub(super) const HELP: &str = "\
Examples:
  cargo goalpost schedules                                lists them, with their next tick
  cargo goalpost schedules set monday \"Run the weekly review\" --cron \"0 9 * * mon\" --time-zone Europe/Berlin
  cargo goalpost schedules set stale \"Stale orders\" --cron \"*/30 8-18 * * mon-fri\" --runbook stale-orders --parameters '{\"days\": 30}'
  cargo goalpost schedules next \"0 9 * * mon\" --time-zone Europe/Berlin
  cargo goalpost schedules history monday
  cargo goalpost schedules pause monday                   or resume monday, remove monday

A cron expression has five fields: minute, hour, day of the month, month, day of the week, in the local time of the zone.
A tick is asked once, with the rights of the person who set the schedule. Where the clock is put back, a time that exists
twice is a tick once; where it is put forward, a time that does not exist becomes the one an hour later.";

#[derive(Debug, Args)]
pub(in crate::commands) struct Schedules {
    #[command(subcommand)]
    pub(in crate::commands) action: Option<SchedulesAction>,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, global = true, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum SchedulesAction {
    /// List the schedules
    List,
    /// Write a schedule, or replace the one of this name
    Set(Box<Set>),
    /// Show what the latest ticks led to
    History {
        #[command(flatten)]
        name: Name,
        /// The number of ticks
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        limit: u32,
    },
    /// Print the next ticks of a cron expression
    Next {
        /// The expression, such as "0 9 * * mon"
        #[arg(value_name = "CRON")]
        cron: String,
        /// The zone [default: that of the workspace]
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
        /// The number of ticks
        #[arg(long, value_name = "NUMBER", default_value_t = 5)]
        count: u32,
    },
    /// Ask nothing until it is resumed
    Pause(Name),
    /// Go on with the next tick from now
    Resume(Name),
    /// Remove a schedule with its history; its requests stay
    Remove(Name),
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Name {
    /// The name of the schedule
    #[arg(value_name = "NAME")]
    pub(in crate::commands) name: String,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Set {
    #[command(flatten)]
    pub(in crate::commands) name: Name,
    /// What is asked at each tick
    #[arg(value_name = "QUESTION")]
    pub(in crate::commands) question: String,
    /// When: minute, hour, day of the month, month, day of the week
    #[arg(long, value_name = "CRON")]
    pub(in crate::commands) cron: String,
    /// The zone of these times, such as Europe/Berlin [default: that of the workspace]
    #[arg(long, value_name = "ZONE")]
    pub(in crate::commands) time_zone: Option<String>,
    /// What happens while the request before goes on
    #[arg(long, value_enum, default_value = "skip")]
    pub(in crate::commands) overlap: Overlap,
    /// After a standstill, ask for this many of the missed ticks, the latest
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(in crate::commands) catch_up: u32,
    /// Start this runbook instead of assessing the question
    #[arg(long, value_name = "NAME")]
    pub(in crate::commands) runbook: Option<String>,
    /// The runbook's parameters, as a JSON object
    #[arg(long, value_name = "JSON", requires = "runbook")]
    pub(in crate::commands) parameters: Option<String>,
    /// The most that each request may cost, in micro-dollars
    #[arg(long, value_name = "MICRO-DOLLARS")]
    pub(in crate::commands) max_microusd: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::commands) enum Overlap {
    /// The tick is left out
    Skip,
    /// The tick waits for its end
    Queue,
    /// The request before is cancelled
    Replace,
}

impl Overlap {
    pub(in crate::commands) fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Queue => "queue",
            Self::Replace => "replace",
        }
    }
}

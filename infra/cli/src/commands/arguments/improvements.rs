//! The arguments of `goalpost improvements`.

use clap::{Args, Subcommand};

pub(super) const HELP: &str = "\
Examples:
  cargo goalpost improvements                         what is proposed, in effect and measured
  cargo goalpost improvements analyze                 look for new ones now
  cargo goalpost improvements show 3                  the change and its evidence
  cargo goalpost improvements approve 3
  cargo goalpost improvements reject 3 \"Not yet\"
  cargo goalpost improvements revert 3                take it back

An analysis runs every hour in which something ended (`goalpost settings --learning off` stops it). It proposes runbooks
from goals that made the same calls, verified against each of them; lessons from edits, ratings and errors; policies from
decisions that are always the same; and findings. Admins decide. Runbooks and lessons are measured once they are in
effect, and reverted where they do worse than the work without them.";

#[derive(Debug, Args)]
pub(in crate::commands) struct Improvements {
    #[command(subcommand)]
    pub(in crate::commands) action: Option<ImprovementsAction>,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, value_name = "WORKSPACE", global = true)]
    pub(in crate::commands) workspace: Option<String>,
    /// Include rejected and reverted ones
    #[arg(long)]
    pub(in crate::commands) all: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum ImprovementsAction {
    /// Analyse what happened, and wait for the proposals
    Analyze,
    /// Show one with its change, evidence and effect
    Show {
        /// The improvement's number
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// Put one into effect
    Approve {
        /// The improvement's number
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// Reject one: it is not proposed again for 90 days
    Reject {
        /// The improvement's number
        #[arg(value_name = "ID")]
        id: i64,
        /// Why
        #[arg(value_name = "COMMENT")]
        comment: Option<String>,
    },
    /// Take one back: its runbook is retired, its lesson revoked, its policy removed
    Revert {
        /// The improvement's number
        #[arg(value_name = "ID")]
        id: i64,
    },
}

//! The arguments of `goalpost runbooks`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) const HELP: &str = "\
Examples:
  cargo goalpost runbooks                                  lists them, with their results here
  cargo goalpost runbooks export table-overview > table-overview.yaml
  cargo goalpost runbooks lint stale-orders.yaml           checks a file, writes nothing
  cargo goalpost runbooks diff stale-orders.yaml           compares it with the version here
  cargo goalpost runbooks apply stale-orders.yaml          adds it as the next version, active (admins)
  cargo goalpost runbooks apply stale-orders.yaml --draft  only you can start it, by name
  cargo goalpost runbooks import-skill ./release-notes > release-notes.yaml
  cargo goalpost ask \"Stale orders\" --runbook stale-orders --wait

A runbook is a YAML file: name, title, description, goal_type, examples (questions that it answers), parameters (a JSON
Schema of type object), budget (max_microusd, max_tokens), and plan (summary, criteria, steps, report). The export of a
built-in runbook also has version, and requires_project_admin where only project admins may start it: remove them before
you apply the file.";

#[derive(Debug, Args)]
pub(in crate::commands) struct Runbooks {
    #[command(subcommand)]
    pub(in crate::commands) action: Option<RunbooksAction>,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, global = true, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum RunbooksAction {
    /// List the runbooks that are not retired, with their results here
    List {
        /// Retired versions too
        #[arg(long)]
        all: bool,
    },
    /// Show a runbook: its steps, parameters, versions and results
    Show(Version),
    /// Check a file, and list all its problems
    Lint(File),
    /// Compare a file with the version that is here
    Diff(File),
    /// Add a file as the next version of its runbook
    Apply {
        #[command(flatten)]
        file: File,
        /// Only you can start it, by its name
        #[arg(long, conflicts_with = "candidate")]
        draft: bool,
        /// On trial: matched for one request of ten
        #[arg(long)]
        candidate: bool,
    },
    /// Print a runbook as a file
    Export(Version),
    /// Print an Agent Skill, a folder with SKILL.md, as the file of a runbook
    ImportSkill {
        /// The folder of the skill
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// The agent that follows its instructions
        #[arg(long, value_name = "NAME", default_value = "analyst")]
        agent: String,
    },
    /// Make a version the active one
    Activate(Version),
    /// Retire a runbook: it is neither matched nor started any more
    Retire(Version),
}

#[derive(Debug, Args)]
pub(in crate::commands) struct File {
    /// A YAML file; - for the standard input
    #[arg(value_name = "FILE")]
    pub(in crate::commands) file: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Version {
    /// The name of the runbook
    #[arg(value_name = "NAME")]
    pub(in crate::commands) name: String,
    /// The version [default: the active one, or the newest]
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::commands) version: Option<i32>,
}

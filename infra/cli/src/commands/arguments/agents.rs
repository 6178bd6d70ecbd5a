//! The arguments of `goalpost agents`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) const HELP: &str = "\
Examples:
  cargo goalpost agents                             lists them, with their results here
  cargo goalpost agents export analyst > analyst.yaml
  cargo goalpost agents diff analyst.yaml           compares a file with the version here
  cargo goalpost agents apply analyst.yaml          adds it as the next version, active (admins)
  cargo goalpost agents apply analyst.yaml --trial  lets it work in one half of the requests, and decides by the results
  cargo goalpost agents activate analyst --version 2

An agent is a YAML file: name, role (the instructions that its model receives), model (absent: the one that the functions
are configured with), tools, max_turns, and goal_type (the goals in which this version works; absent: all). An agent with
the name of a built-in one replaces it in the workspace. Tools act with the rights of the person who asked.";

#[derive(Debug, Args)]
pub(in crate::commands) struct Agents {
    #[command(subcommand)]
    pub(in crate::commands) action: Option<AgentsAction>,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, global = true, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum AgentsAction {
    /// List the agents that are not retired, with their results here
    List {
        /// Retired versions too
        #[arg(long)]
        all: bool,
    },
    /// Show an agent: its instructions, tools, versions and results
    Show(Version),
    /// Compare a file with the version that is here
    Diff(File),
    /// Add a file as the next version of its agent
    Apply {
        #[command(flatten)]
        file: File,
        /// Works in one half of the requests; the analyzer makes it active or retires it by the results
        #[arg(long)]
        trial: bool,
    },
    /// Print an agent as a file
    Export(Version),
    /// Make a version the active one
    Activate(Version),
    /// Retire a version: no new step is worked on by it
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
    /// The name of the agent
    #[arg(value_name = "NAME")]
    pub(in crate::commands) name: String,
    /// The version [default: the active one for all goals, or the newest]
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::commands) version: Option<i32>,
}

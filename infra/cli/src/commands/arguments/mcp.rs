//! The arguments of `goalpost mcp`.

use clap::{Args, Subcommand, ValueEnum};

pub(super) const HELP: &str = "\
Examples:
  cargo goalpost mcp add docs https://docs.example.com/mcp --header authorization
  cargo goalpost mcp refresh docs                 asks the server for its tools
  cargo goalpost mcp list                         lists servers, tools and pending approvals
  cargo goalpost mcp approve docs search --reads-only --repeatable

A tool is called mcp.<server>.<tool> in plans and in the lists of agents, and only as you approved it: if its description
or schema changes, it waits for you again. Credentials are set with `cargo goalpost secrets set mcp.<server>`.";

#[derive(Debug, Args)]
pub(in crate::commands) struct Mcp {
    #[command(subcommand)]
    pub(in crate::commands) action: McpAction,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, global = true, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum McpAction {
    /// Add a server
    Add {
        /// Its name in the workspace: a lower-case letter, then letters, digits or _
        #[arg(value_name = "NAME")]
        name: String,
        /// Its address
        #[arg(value_name = "URL")]
        address: String,
        /// The header that carries its credentials, if it requires any
        #[arg(long, value_name = "HEADER")]
        header: Option<String>,
    },
    /// List servers and their tools
    List,
    /// Ask a server for its tools
    Refresh {
        /// The server
        #[arg(value_name = "SERVER")]
        server: String,
    },
    /// Approve a tool as it reads now
    Approve {
        /// The server
        #[arg(value_name = "SERVER")]
        server: String,
        /// The tool
        #[arg(value_name = "TOOL")]
        tool: String,
        /// A call of it changes and sends nothing
        #[arg(long)]
        reads_only: bool,
        /// The same call twice has the effect of one
        #[arg(long)]
        repeatable: bool,
        /// The calls that require a person's approval [default: as it was; at first when-tainted]
        #[arg(long, value_enum, value_name = "WHEN")]
        ask: Option<AskWhen>,
        /// Skip the confirmation
        #[arg(long, short)]
        yes: bool,
    },
    /// Remove a server, with the approvals of its tools
    Remove {
        /// The server
        #[arg(value_name = "SERVER")]
        server: String,
    },
}

/// The calls that require a person's approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum AskWhen {
    /// Never
    Never,
    /// Each time
    Always,
    /// Once the step has read untrusted content
    WhenTainted,
}

//! The arguments of `goalpost tools`, `policies`, `secrets`, `workspaces`, `apply` and `export`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

pub(super) const TOOLS_HELP: &str = "\
Examples:
  cargo goalpost tools                                    lists tools, and what they may reach
  cargo goalpost tools allow http api.example.com         hosts of webhook, too; with :port where it is not 443
  cargo goalpost tools allow email example.com            recipients of this domain, without its subdomains
  cargo goalpost tools allow schema shop                  queries may read it (project admins)
  cargo goalpost tools allow table public.findings --update
  cargo goalpost tools withdraw http api.example.com

Queries and writes have the rights of the person who asks. Schemas and tables belong to the whole project, so only project
admins add them; admins of the workspace may withdraw them. A host that is not public also needs GOALPOST_PRIVATE_HOSTS.";

pub(super) const POLICIES_HELP: &str = "\
Examples:
  cargo goalpost policies                                           lists policies and rate limits
  cargo goalpost policies set \"no posting\" webhook deny
  cargo goalpost policies set \"reviewed mail\" email needs-approval --agent clerk
  cargo goalpost policies remove \"no posting\"
  cargo goalpost policies limit tool http 60 --per 60               sixty calls a minute
  cargo goalpost policies limit tool http 0 --per 60                removes that limit

A deny always applies. Among the other policies that match, those of the workspace come before those of the project
(--project, by project admins), then the lowest position.";

pub(super) const SECRETS_HELP: &str = "\
Examples:
  cargo goalpost secrets                                  names, and when each was set
  cargo goalpost secrets set mcp.docs                     asks for the value without showing it
  printf %s \"$TOKEN\" | cargo goalpost secrets set mcp.docs
  cargo goalpost secrets remove webhook

`webhook` signs the workspace's webhooks (whsec_ and 24 to 64 bytes in base64); `mcp.NAME of a server` is sent to that server in
its header. Values go into Vault. No command shows them again.";

pub(super) const WORKSPACES_HELP: &str = "\
Examples:
  cargo goalpost workspaces                               those you are in, with your role
  cargo goalpost workspaces create \"Shop\"
  cargo goalpost workspaces history --workspace Shop      who changed which setting (admins)

A workspace is renamed with `cargo goalpost settings --name`.";

pub(super) const APPLY_HELP: &str = "\
Examples:
  cargo goalpost export > goalpost.yaml
  cargo goalpost apply -f goalpost.yaml                   shows the changes, and asks
  cargo goalpost apply -f goalpost.yaml --yes --workspace Shop

A part of the file (settings, limits, http_hosts, webhook_hosts, email_domains, readable_schemas, writable_tables, policies,
rate_limits, mcp_servers, agents, runbooks, schedules, secrets) that is absent is left as it is. A part that is there is the
whole of it: what it does not have is removed, active agents and runbooks are retired. A schedule that is added or changed
asks as you. Secrets are names; those that are not set are listed. Tools of MCP servers are approved by a person. Without a terminal and without --yes the changes are printed and nothing is changed; the code is 2 if there are any.";

#[derive(Debug, Args)]
pub(in crate::commands) struct Tools {
    #[command(subcommand)]
    pub(in crate::commands) action: Option<ToolsAction>,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, global = true, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum ToolsAction {
    /// List the tools, and what they may reach
    List,
    /// Let tools reach hosts, domains, schemas or tables
    Allow {
        #[command(flatten)]
        destinations: Destinations,
        /// Of tables: rows may be updated, too
        #[arg(long)]
        update: bool,
    },
    /// Let tools reach them no more
    Withdraw(Destinations),
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Destinations {
    /// What they are
    #[arg(value_enum, value_name = "KIND")]
    pub(in crate::commands) kind: Kind,
    /// Their names
    #[arg(value_name = "NAME", required = true)]
    pub(in crate::commands) names: Vec<String>,
}

/// A kind of destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum Kind {
    /// A host that `http` may call
    Http,
    /// A host that `webhook` may post to
    Webhook,
    /// A domain that `email` may write to
    Email,
    /// A schema that queries may read
    Schema,
    /// A table that `table_write` may write
    Table,
}

impl Kind {
    /// Returns the kind's name in the database.
    pub(in crate::commands) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Webhook => "webhook",
            Self::Email => "email",
            Self::Schema => "schema",
            Self::Table => "table",
        }
    }
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Policies {
    #[command(subcommand)]
    pub(in crate::commands) action: Option<PoliciesAction>,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, global = true, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
    /// All workspaces of the project, instead of one; project admins only
    #[arg(long, global = true, conflicts_with = "workspace")]
    pub(in crate::commands) project: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum PoliciesAction {
    /// List the policies and rate limits that hold here
    List,
    /// Write a policy, or replace the one of this name
    Set {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// A tool, or a pattern with *
        #[arg(value_name = "TOOL")]
        tool: String,
        /// What happens with a call
        #[arg(value_enum, value_name = "EFFECT")]
        effect: Effect,
        /// Calls of this agent only
        #[arg(long, value_name = "AGENT")]
        agent: Option<String>,
        /// Allow it also in steps that read untrusted content
        #[arg(long)]
        even_if_tainted: bool,
        /// The lowest position decides
        #[arg(long, value_name = "NUMBER", default_value_t = 100)]
        position: i32,
    },
    /// Remove a policy
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Limit the calls of a tool or of models
    Limit {
        /// What is limited: calls of a tool, or model calls of a provider, workspace or agent
        #[arg(value_enum, value_name = "SCOPE")]
        scope: Scope,
        /// Its name; * is every one
        #[arg(value_name = "NAME")]
        name: String,
        /// The number of calls at once; 0: no limit
        #[arg(value_name = "CALLS")]
        slots: u32,
        /// Count each call for at least this time, such as 60 for so many a minute
        #[arg(long, value_name = "SECONDS", default_value_t = 0)]
        per: u32,
    },
}

/// The effect of a policy.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::commands) enum Effect {
    /// The call is made
    Allow,
    /// A person approves it first
    NeedsApproval,
    /// The call is refused
    Deny,
}

impl Effect {
    /// Returns the effect's name in the database.
    pub(in crate::commands) fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::NeedsApproval => "needs_approval",
            Self::Deny => "deny",
        }
    }
}

/// What a rate limit counts.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::commands) enum Scope {
    Tool,
    Provider,
    Workspace,
    Agent,
}

impl Scope {
    /// Returns the scope's name in the database.
    pub(in crate::commands) fn name(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Provider => "provider",
            Self::Workspace => "workspace",
            Self::Agent => "agent",
        }
    }
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Secrets {
    #[command(subcommand)]
    pub(in crate::commands) action: Option<SecretsAction>,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, global = true, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum SecretsAction {
    /// List the secrets that tools use here, and when each was set
    List,
    /// Set a secret; its value is read from the standard input, or asked for
    Set {
        /// webhook, or mcp.NAME of a server
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Remove a secret
    Remove {
        /// webhook, or mcp.NAME of a server
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Workspaces {
    #[command(subcommand)]
    pub(in crate::commands) action: Option<WorkspacesAction>,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum WorkspacesAction {
    /// List the workspaces that you are in
    List,
    /// Create a workspace, with you as its owner
    Create {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Show who changed which setting, the latest first
    History {
        /// The workspace, by name or id; needed only by members of several
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
        /// The number of changes
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        limit: u32,
    },
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Apply {
    /// A YAML file; - for the standard input
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::commands) file: PathBuf,
    /// Apply the changes without asking
    #[arg(long, short)]
    pub(in crate::commands) yes: bool,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Export {
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
}

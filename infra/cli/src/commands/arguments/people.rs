//! The arguments of `goalpost members`, `goalpost admins` and `goalpost settings`.

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

pub(in crate::commands) const MEMBERS_HELP: &str = "\
Examples:
  cargo goalpost members list
  cargo goalpost members invite mia@example.com --role approver
  cargo goalpost members accept 7
  cargo goalpost members role 00000000-0000-4000-8000-000000000002 viewer
  cargo goalpost members remove 00000000-0000-4000-8000-000000000002

Membership requires consent: an invitation waits for the invited person, who sees it with `members list`.
What a removed member had asked for is cancelled.";

pub(in crate::commands) const ADMINS_HELP: &str = "\
Examples:
  cargo goalpost admins list
  cargo goalpost admins add mia@example.com
  cargo goalpost admins grant 00000000-0000-4000-8000-0000000000a1 --usd 50 --tokens 100000000
  cargo goalpost admins limits --set workspaces_by_anyone=false

Project admins operate the whole project. The owner of the database adds the first one:
  insert into goalpost.project_admins (user_id) select id from auth.users where email = 'you@example.com';";

pub(in crate::commands) const SETTINGS_HELP: &str = "\
Examples:
  cargo goalpost settings
  cargo goalpost settings --time-zone Europe/Vienna --currency EUR
  cargo goalpost settings --currency none
  cargo goalpost settings --common-values false
  cargo goalpost settings --learning trial --analysis-seconds 900
  cargo goalpost settings --limit approve_plans=true --limit goal_budget_microusd=2000000
  cargo goalpost settings --name \"Shop\" --webhooks-signed true

Models are sent the time in this zone, and the currency of amounts that name none. Agents that may query are sent
common values of short text columns and counts of small tables, read with the asker's rights; such a step counts as one
that read untrusted content. Admins and owners set all of it.";

/// The arguments of `settings`.
#[derive(Debug, Args)]
pub(in crate::commands) struct Settings {
    /// The workspace, by name or id; left out: the only one
    #[arg(long, short, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
    /// The name of the workspace
    #[arg(long, value_name = "NAME")]
    pub(in crate::commands) name: Option<String>,
    /// Refuse webhooks where no secret signs them (`cargo goalpost secrets set webhook`)
    #[arg(long, value_name = "true|false")]
    pub(in crate::commands) webhooks_signed: Option<bool>,
    /// A cap or limit and its value, as JSON; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(in crate::commands) limit: Vec<String>,
    /// The time zone, as the IANA names it
    #[arg(long, value_name = "ZONE")]
    pub(in crate::commands) time_zone: Option<String>,
    /// The currency by its three letters; none: no currency
    #[arg(long, value_name = "CODE")]
    pub(in crate::commands) currency: Option<String>,
    /// Send agents common values of the tables that the person may read
    #[arg(long, value_name = "true|false")]
    pub(in crate::commands) common_values: Option<bool>,
    /// off: no analysis by schedule; propose: people decide on improvements; trial: verified runbooks are tried at once
    #[arg(long, value_name = "off|propose|trial")]
    pub(in crate::commands) learning: Option<String>,
    /// Seconds between analyses, 60 to 2592000
    #[arg(long, value_name = "SECONDS")]
    pub(in crate::commands) analysis_seconds: Option<u32>,
}

pub(in crate::commands) const RETENTION_HELP: &str = "\
Examples:
  cargo goalpost retention                      what is kept, and what is deleted next
  cargo goalpost retention --days 90 --dry-run  what would be deleted if work were kept for 90 days
  cargo goalpost retention --days 90 --yes      keep it for 90 days from now on, and delete what is older

A request that ended longer ago is deleted with its goals, steps, model calls, tool calls, approvals, usage and objects
in Storage. Statistics, usage by day, runbooks, agents, lessons and improvements stay. Requests with a decision that
waits stay until it is made. Admins and owners set it.";

/// The arguments of `retention`.
#[derive(Debug, Args)]
pub(in crate::commands) struct Retention {
    /// The workspace, by name or id; left out: the only one
    #[arg(long, short, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
    /// Keep ended work for this many days, 1 to 3650
    #[arg(long, value_name = "DAYS")]
    pub(in crate::commands) days: Option<u32>,
    /// Show what would be deleted, and change nothing
    #[arg(long)]
    pub(in crate::commands) dry_run: bool,
    /// Set it although requests are deleted by it
    #[arg(long)]
    pub(in crate::commands) yes: bool,
}

/// The arguments of `members`.
#[derive(Debug, Args)]
pub(in crate::commands) struct Members {
    /// The workspace, by name or id; left out: the only one
    #[arg(long, short, global = true, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
    #[command(subcommand)]
    pub(in crate::commands) action: MembersAction,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum MembersAction {
    /// List members, and the invitations that you see
    List,
    /// Invite a person, by e-mail address or user id
    #[command(visible_alias = "add")]
    Invite {
        /// The person's e-mail address or user id
        #[arg(id = "named_person", value_name = "PERSON")]
        person: String,
        /// The role that the person gets
        #[arg(long, value_enum, default_value_t = Role::Member)]
        role: Role,
    },
    /// Accept an invitation
    Accept {
        /// The invitation's number
        invitation: i64,
    },
    /// Withdraw an invitation, or decline one
    Withdraw {
        /// The invitation's number
        invitation: i64,
    },
    /// Change a member's role
    Role {
        /// The member's user id
        user: Uuid,
        /// The new role
        role: Role,
    },
    /// Remove a member; their requests are cancelled
    Remove {
        /// The member's user id
        user: Uuid,
    },
    /// Leave the workspace; your requests are cancelled
    Leave,
}

/// A role in a workspace, in order of power.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::commands) enum Role {
    Viewer,
    Member,
    Approver,
    Admin,
    Owner,
}

impl Role {
    /// Returns the role's name in the database.
    pub(in crate::commands) fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Approver => "approver",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// The arguments of `admins`.
#[derive(Debug, Args)]
pub(in crate::commands) struct Admins {
    #[command(subcommand)]
    pub(in crate::commands) action: AdminsAction,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum AdminsAction {
    /// List the project admins
    List,
    /// Make a person a project admin
    Add {
        /// The person's e-mail address or user id
        #[arg(id = "named_person", value_name = "PERSON")]
        person: String,
    },
    /// Make a person a project admin no more; the last one stays
    Remove {
        /// The person's e-mail address or user id
        #[arg(id = "named_person", value_name = "PERSON")]
        person: String,
    },
    /// Grant a workspace money and tokens for a month
    Grant {
        /// The workspace's id
        workspace: Uuid,
        /// Dollars a month
        #[arg(long, value_name = "DOLLARS")]
        usd: f64,
        /// Tokens a month
        #[arg(long, value_name = "TOKENS", default_value_t = 1_000_000_000)]
        tokens: i64,
    },
    /// Show or change the limits of people's workspaces in the project
    Limits {
        /// A limit and its value, such as new_workspace_month_microusd=5000000
        #[arg(long, value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use clap::Parser as _;

    use super::super::{Arguments, Command};
    use super::*;

    fn parsed(line: &str) -> Result<Command, clap::Error> {
        Arguments::try_parse_from(line.split(' ')).map(|arguments| arguments.command)
    }

    #[test]
    fn invitation_gives_the_role_member_by_default() {
        let Command::Members(members) =
            parsed("goalpost members add mia@example.com -w Demo").unwrap()
        else {
            unreachable!("it is `members`");
        };
        assert_eq!(members.workspace.as_deref(), Some("Demo"));
        let MembersAction::Invite { person, role } = members.action else {
            unreachable!("it is an invitation");
        };
        assert_eq!(
            (person.as_str(), role.name()),
            ("mia@example.com", "member")
        );
    }

    #[test]
    fn unknown_roles_and_malformed_ids_are_refused() {
        let id = "00000000-0000-4000-8000-000000000002";
        assert!(parsed(&format!("goalpost members role {id} approver")).is_ok());
        assert!(parsed(&format!("goalpost members role {id} king")).is_err());
        assert!(parsed("goalpost members remove mia@example.com").is_err());
        assert!(parsed(&format!("goalpost admins grant {id} --usd 50")).is_ok());
        assert!(parsed(&format!("goalpost admins grant {id}")).is_err());
        assert!(parsed("goalpost admins add mia@example.com").is_ok());
        assert!(parsed("goalpost admins remove mia@example.com").is_ok());
    }
}

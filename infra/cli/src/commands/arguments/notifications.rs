//! The arguments of `goalpost notifications`.

use clap::{Args, Subcommand, ValueEnum};

pub(super) const HELP: &str = "\
Examples:
  cargo goalpost notifications                            the latest messages, with their state
  cargo goalpost notifications add email me               mail to the address of your account
  cargo goalpost notifications add slack me < url.txt     an incoming webhook; its URL is read from standard input
  cargo goalpost notifications add webhook ops --shared   of the workspace, by its admins; prints the secret that signs
  cargo goalpost notifications preferences me --occasions approval.requested,request.failed --quiet 22:00-07:00
  cargo goalpost notifications test me

Occasions: approval.requested, approval.escalated, approval.expiring, request.completed, request.failed, budget.reached.
A message to your own target has a link on which you decide; add only places that you alone read. A target of the workspace
receives no links. Hosts and mail domains have to be on the workspace's lists.";

#[derive(Debug, Args)]
pub(in crate::commands) struct Notifications {
    #[command(subcommand)]
    pub(in crate::commands) action: Option<NotificationsAction>,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, global = true, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum NotificationsAction {
    /// List the latest messages to you and to the workspace
    List {
        /// The number of messages
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        limit: u32,
    },
    /// List the targets: yours and the workspace's
    Targets,
    /// Add a target
    Add(Add),
    /// Remove a target with its messages
    Remove(Name),
    /// Choose occasions and a quiet time, of one target or of all of yours
    Preferences(Preferences),
    /// Send a message that tests a target
    Test(Name),
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Name {
    /// The name of the target
    #[arg(value_name = "NAME")]
    pub(in crate::commands) name: String,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Add {
    /// The form of its messages
    #[arg(value_enum, value_name = "KIND")]
    pub(in crate::commands) kind: TargetKind,
    #[command(flatten)]
    pub(in crate::commands) name: Name,
    /// A target of the workspace, whose messages have no links that decide
    #[arg(long)]
    pub(in crate::commands) shared: bool,
    /// The address of a shared mail target
    #[arg(long, value_name = "ADDRESS", requires = "shared")]
    pub(in crate::commands) address: Option<String>,
    /// The occasions that it takes [default: all]
    #[arg(long, value_name = "OCCASION", value_delimiter = ',')]
    pub(in crate::commands) occasions: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum TargetKind {
    /// JSON with a Standard Webhooks signature
    Webhook,
    /// An incoming webhook of Slack, or of a service that takes the same JSON
    Slack,
    /// A mail
    Email,
}

impl TargetKind {
    pub(in crate::commands) fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Email => "email",
        }
    }
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Preferences {
    /// The name of the target [default: all of yours]
    #[arg(value_name = "NAME")]
    pub(in crate::commands) name: Option<String>,
    /// The occasions that it takes; an empty list takes none
    #[arg(long, value_name = "OCCASION", value_delimiter = ',')]
    pub(in crate::commands) occasions: Option<Vec<String>>,
    /// The local time in which messages wait, such as 22:00-07:00
    #[arg(long, value_name = "FROM-UNTIL", conflicts_with = "no_quiet")]
    pub(in crate::commands) quiet: Option<String>,
    /// No quiet time
    #[arg(long)]
    pub(in crate::commands) no_quiet: bool,
    /// The zone of the quiet time, such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    pub(in crate::commands) time_zone: Option<String>,
}

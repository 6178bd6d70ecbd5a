//! The arguments of `goalpost rules`.

use clap::{Args, Subcommand, ValueEnum};

pub(super) const HELP: &str = "\
Examples:
  cargo goalpost rules                                    lists them
  cargo goalpost rules add late --table orders --on update --when \"status = late\" --when \"status changed\" \\
      --context amount \"Write to the customer of order {{ new.id }}\"
  cargo goalpost rules add tickets --table tickets --on insert --once-per \"ticket {{ new.id }}\" \\
      --runbook triage --parameters '{\"ticket\": \"{{ new.id }}\"}' \"Triage ticket {{ new.id }}\"
  cargo goalpost rules test late --primary-key 17         what the rule would ask for this row, without asking
  cargo goalpost rules test late < row.json               the same for a row, or {\"new\": …, \"old\": …}
  cargo goalpost rules history late
  cargo goalpost rules pause late                         or resume late, remove late

A condition is: column operator value. Operators: = <> < <= > >= in contains, and without a value: \"is null\", \"is not
null\", changed. The value of in is a JSON list. All conditions hold. A template contains {{ new.column }} and
{{ old.column }} and nothing else. Rules are set by project admins, and their requests run with the rights of the one who
set the rule; the row's text counts as written by others, so that what such a request sends waits for an approval.";

#[derive(Debug, Args)]
pub(in crate::commands) struct Rules {
    #[command(subcommand)]
    pub(in crate::commands) action: Option<RulesAction>,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, global = true, value_name = "WORKSPACE")]
    pub(in crate::commands) workspace: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum RulesAction {
    /// List the rules
    List,
    /// Write a rule, or replace the one of this name
    Add(Box<Add>),
    /// Show what a rule would ask for a row, without asking
    Test(Test),
    /// Show what the latest changes led to
    History {
        #[command(flatten)]
        name: Name,
        /// The number of changes
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        limit: u32,
    },
    /// Ask nothing until it is resumed
    Pause(Name),
    /// Go on with the next change
    Resume(Name),
    /// Remove a rule with its history; its requests stay
    Remove(Name),
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Name {
    /// The name of the rule
    #[arg(value_name = "NAME")]
    pub(in crate::commands) name: String,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Add {
    #[command(flatten)]
    pub(in crate::commands) name: Name,
    /// What is asked, with {{ new.column }} and {{ old.column }}
    #[arg(value_name = "QUESTION")]
    pub(in crate::commands) question: String,
    /// The table, with its schema unless that is public
    #[arg(long, value_name = "TABLE")]
    pub(in crate::commands) table: String,
    /// The changes: insert, update, delete
    #[arg(
        long = "on",
        value_name = "CHANGE",
        required = true,
        value_delimiter = ','
    )]
    pub(in crate::commands) events: Vec<Change>,
    /// A condition: "column operator value"; may be repeated
    #[arg(long = "when", value_name = "CONDITION")]
    pub(in crate::commands) conditions: Vec<String>,
    /// The columns that the request's context contains
    #[arg(long = "context", value_name = "COLUMN", value_delimiter = ',')]
    pub(in crate::commands) context_columns: Vec<String>,
    /// Changes of one key are one request: a template, such as "order {{ new.id }}" [default: each change is one]
    #[arg(long = "once-per", value_name = "TEMPLATE")]
    pub(in crate::commands) dedupe_key: Option<String>,
    /// Start this runbook instead of assessing the question
    #[arg(long, value_name = "NAME")]
    pub(in crate::commands) runbook: Option<String>,
    /// The runbook's parameters, as a JSON object whose texts may be templates
    #[arg(long, value_name = "JSON", requires = "runbook")]
    pub(in crate::commands) parameters: Option<String>,
    /// The most that each request may cost, in micro-dollars
    #[arg(long, value_name = "MICRO-DOLLARS")]
    pub(in crate::commands) max_microusd: Option<u64>,
    /// The most requests within an hour; further changes are refused
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    pub(in crate::commands) max_per_hour: u32,
    /// Create no trigger on the table: a webhook of Supabase's dashboard brings its changes
    #[arg(long)]
    pub(in crate::commands) webhook_only: bool,
    /// Fire for rows that requests write as well, at most three rules in a row
    #[arg(long)]
    pub(in crate::commands) include_own_writes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum Change {
    Insert,
    Update,
    Delete,
}

impl Change {
    pub(in crate::commands) fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Test {
    #[command(flatten)]
    pub(in crate::commands) name: Name,
    /// The row of this primary key, read with your rights [default: a row as JSON from the standard input]
    #[arg(long, value_name = "VALUE")]
    pub(in crate::commands) primary_key: Option<String>,
    /// The column of the primary key
    #[arg(
        long,
        value_name = "COLUMN",
        default_value = "id",
        requires = "primary_key"
    )]
    pub(in crate::commands) key_column: String,
    /// The change [default: the first that the rule fires on]
    #[arg(long, value_name = "CHANGE")]
    pub(in crate::commands) event: Option<Change>,
}

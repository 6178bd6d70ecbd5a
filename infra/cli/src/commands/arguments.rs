//! The arguments of the command line, with their help.
//!
//! clap reads these comments; `--help` shows the first line of each.

mod agents;
mod build;
mod configuration;
mod improvements;
mod mcp;
mod notifications;
mod people;
mod results;
mod rules;
mod runbooks;
mod schedules;

use clap::{Args, Parser, Subcommand};
use uuid::Uuid;

pub(super) use agents::{Agents, AgentsAction, Version as AgentVersion};
pub(super) use build::{Architecture, Build};
pub(super) use configuration::{
    Apply, Destinations, Export, Policies, PoliciesAction, Secrets, SecretsAction, Tools,
    ToolsAction, Workspaces, WorkspacesAction,
};
pub(super) use improvements::{Improvements, ImprovementsAction};
pub(super) use mcp::{AskWhen, Mcp, McpAction};
pub(super) use notifications::{
    Add as TargetToAdd, Notifications, NotificationsAction, Preferences, TargetKind,
};
pub(super) use people::{Admins, AdminsAction, Members, MembersAction, Retention, Settings};
#[cfg(test)]
pub(super) use results::since;
pub(super) use results::{Costs, CostsBy, Feedback, Report, Since};
pub(super) use rules::{Add as RuleToAdd, Rules, RulesAction, Test as RuleTest};
pub(super) use runbooks::{Runbooks, RunbooksAction, Version as RunbookVersion};
pub(super) use schedules::{Schedules, SchedulesAction, Set as ScheduleToSet};

use local_stack::stack::Person;

const EXAMPLES: &str = "\
Try:
  cargo goalpost demo                 everything once, nothing to set up
  cargo goalpost up                   the local stack, until Ctrl-C
  cargo goalpost ask \"What is 17% of 2,340?\" --wait
  cargo goalpost goals

A hosted project:
  export SUPABASE_URL=https://abc.supabase.co
  export SUPABASE_PUBLISHABLE_KEY=sb_publishable_…
  cargo goalpost login --email you@example.com
  cargo goalpost goals";

/// Questions become finished work, on Supabase and Lambda.
#[derive(Debug, Parser)]
#[command(name = "goalpost", bin_name = "cargo goalpost", version, after_help = EXAMPLES)]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The project and the person. Without any of these: the local stack, as its owner.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Which project, and as whom")]
pub(super) struct Global {
    /// The project's address; left out: the local stack
    #[arg(
        long,
        global = true,
        env = "SUPABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(super) url: Option<String>,
    /// The project's publishable key
    #[arg(
        long,
        global = true,
        env = "SUPABASE_PUBLISHABLE_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub(super) key: Option<String>,
    /// A person's token; left out: the person who signed in with `login`
    #[arg(
        long,
        global = true,
        env = "GOALPOST_TOKEN",
        hide_env_values = true,
        value_name = "JWT"
    )]
    pub(super) token: Option<String>,
    /// A demonstration person of the local stack [default: owner]
    #[arg(
        long = "as",
        global = true,
        value_enum,
        value_name = "PERSON",
        conflicts_with = "token"
    )]
    pub(super) person: Option<Person>,
    /// Intake's function URL; left out: its RPC (hosted projects)
    #[arg(
        long,
        global = true,
        env = "GOALPOST_INTAKE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(super) intake_url: Option<String>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Start the local stack; Ctrl-C stops it and leaves nothing running
    #[command(
        after_help = "Examples:\n  cargo goalpost up\n  cargo goalpost up --port 54400\n  cargo goalpost up --demo                   the database of the last demo\n  ANTHROPIC_API_KEY=… cargo goalpost up      with a language model (or OPENAI_API_KEY)\n  EMAIL_API_KEY=… GOALPOST_EMAIL_URL=… GOALPOST_EMAIL_FROM=… cargo goalpost up      with mail\n\nThe database stays between runs; `cargo goalpost reset` makes it anew."
    )]
    Up(Up),
    /// Stop the local stack that runs in another terminal
    Down,
    /// Make the local database anew, with the demonstration data
    #[command(
        after_help = "All goals and requests of the local stack are gone after this. Stop the stack first:\n  cargo goalpost down\n  cargo goalpost reset"
    )]
    Reset(Reset),
    /// Show what runs: addresses, keys, tokens, functions
    #[command(
        after_help = "Examples:\n  cargo goalpost status\n  cargo goalpost status --json | jq -r .tokens.owner"
    )]
    Status,
    /// Show the logs of the functions
    #[command(
        after_help = "Examples:\n  cargo goalpost logs                     the last lines of all functions\n  cargo goalpost logs executor --follow\n  cargo goalpost logs postgres -n 200"
    )]
    Logs(Logs),
    /// Open the local database as `postgres`, who owns it
    #[command(
        after_help = "Examples:\n  cargo goalpost psql\n  cargo goalpost psql -- -c 'select * from goalpost.goals'"
    )]
    Psql(Psql),
    /// Show whole requests: a question, an audit, an approval, a report, and what is learned
    #[command(
        after_help = "Examples:\n  cargo goalpost demo\n  cargo goalpost demo --yes               approve without being asked\n\nRuns on a database of its own, made anew each time, and stops everything at its end."
    )]
    Demo(Demo),
    /// Ask a question, or set a goal
    #[command(
        after_help = "Examples:\n  cargo goalpost ask \"What is 17% of 2,340?\" --wait\n  cargo goalpost ask \"Audit my database\" --wait\n  cargo goalpost ask \"Review the week\" --idempotency-key week-47\n\nWith --wait the answer goes to the standard output, as Markdown; the code is 1 if there is none."
    )]
    Ask(Ask),
    /// List goals, the newest first
    Goals(Goals),
    /// Show a goal: its steps, sub-goals, approvals, and report
    #[command(
        after_help = "Examples:\n  cargo goalpost goal 3\n  cargo goalpost goal 3 --follow          live, until it ends\n  cargo goalpost goal 3 --why             why this runbook, and no other"
    )]
    Goal(Goal),
    /// Show a request, with everything that followed from it
    Request(Goal),
    /// List the decisions that wait for you
    #[command(
        after_help = "Examples:\n  cargo goalpost approvals --as approver\n  cargo goalpost approve 4 --as approver --comment \"Looks right\""
    )]
    Approvals,
    /// Approve, or answer, what waits for you
    #[command(
        after_help = "Examples:\n  cargo goalpost approve 4 --comment \"Looks right\"\n  cargo goalpost approve 5 --set to=team@example.com      with one argument changed\n  cargo goalpost approve 6 --edit plan.json               with the content of a file\n  cargo goalpost approve 7 --answer '{\"colour\": \"blue\"}'   a question\n  cargo goalpost approve 8 --happened                     a call whose outcome is unknown"
    )]
    Approve(Decision),
    /// Reject what waits for your decision
    Reject(Rejection),
    /// Cancel a goal with its sub-goals, or a request
    #[command(
        after_help = "Examples:\n  cargo goalpost cancel 3                 the goal 3\n  cargo goalpost cancel --request 5       the request 5, with its goal"
    )]
    Cancel(Cancel),
    /// Try failed steps again: one by the number of its dead letter, or many
    #[command(
        after_help = "Examples:\n  cargo goalpost retry 17\n  cargo goalpost retry --all --dry-run                          which failed steps would be retried\n  cargo goalpost retry --all --code provider_unavailable --since 2h\n\nA step is retried if its run failed for it. The oldest are first."
    )]
    Retry(Retry),
    /// List the memories of steps, the newest first, and embed them again
    #[command(
        after_help = "Examples:\n  cargo goalpost memories                   the newest 20\n  cargo goalpost memories --all --limit 100\n  cargo goalpost memories reembed           after GOALPOST_EMBEDDING_MODEL was changed\n\nVectors of two models cannot be compared: memories of another model's space are found by their words alone until they\nare embedded again. It is a request like any other: its cost counts against the budgets of the workspace."
    )]
    Memories(Memories),
    /// Revoke a memory: it is not recalled any more
    Forget(Forget),
    /// Rate a goal or one of its steps, and ask again
    #[command(after_help = results::FEEDBACK_HELP)]
    Feedback(Feedback),
    /// Show the whole report of a goal, or of a period of a workspace: results, cost, decisions, ratings
    #[command(after_help = results::REPORT_HELP)]
    Report(Report),
    /// Show what the work has cost, by day, goal, agent, runbook, model or person, and beside its estimate
    #[command(after_help = results::COSTS_HELP)]
    Costs(Costs),
    /// List, check, apply and retire runbooks: plans that are known to work
    #[command(after_help = runbooks::HELP)]
    Runbooks(Runbooks),
    /// Ask questions again and again, at times of a cron expression
    #[command(after_help = schedules::HELP)]
    Schedules(Schedules),
    /// Turn changes in your own tables into requests
    #[command(after_help = rules::HELP)]
    Rules(Rules),
    /// See messages about work, and choose where they go
    #[command(after_help = notifications::HELP)]
    Notifications(Notifications),
    /// List, compare, apply, try and retire agents
    #[command(after_help = agents::HELP)]
    Agents(Agents),
    /// See what is learned from finished work: proposals, decisions and their effect
    #[command(after_help = improvements::HELP)]
    Improvements(Improvements),
    /// Add MCP servers, and approve their tools
    #[command(after_help = mcp::HELP)]
    Mcp(Mcp),
    /// List tools, and set which hosts, domains, schemas and tables they may reach
    #[command(after_help = configuration::TOOLS_HELP)]
    Tools(Tools),
    /// List and set policies for tools, and rate limits
    #[command(after_help = configuration::POLICIES_HELP)]
    Policies(Policies),
    /// Set the secrets of tools; values are never shown
    #[command(after_help = configuration::SECRETS_HELP)]
    Secrets(Secrets),
    /// Apply a file with the configuration of a workspace; shows the changes first
    #[command(after_help = configuration::APPLY_HELP)]
    Apply(Apply),
    /// Print the configuration of a workspace as a file for `apply`
    Export(Export),
    /// List and create workspaces, and show who changed which setting
    #[command(after_help = configuration::WORKSPACES_HELP)]
    Workspaces(Workspaces),
    /// List, invite and remove the members of a workspace
    #[command(after_help = people::MEMBERS_HELP)]
    Members(Members),
    /// List and change the project admins, and what they grant
    #[command(after_help = people::ADMINS_HELP)]
    Admins(Admins),
    /// Show and set the name, settings and limits of a workspace
    #[command(after_help = people::SETTINGS_HELP)]
    Settings(Settings),
    /// Show and set how long ended work is kept, and what is deleted next
    #[command(after_help = people::RETENTION_HELP)]
    Retention(Retention),
    /// Sign in to a project, for the next commands
    #[command(
        after_help = "Examples:\n  cargo goalpost login --url https://abc.supabase.co --key sb_publishable_…\n  cargo goalpost login --email owner@goalpost.test        the local stack\n\nThe password is asked for, or read from GOALPOST_PASSWORD."
    )]
    Login(Login),
    /// Build the functions' packages for AWS Lambda
    #[command(after_help = build::HELP)]
    Build(Build),
    /// Check the requirements of the work, with advice for those that are missing
    Doctor,
}

#[derive(Debug, Args)]
pub(super) struct Up {
    /// Listen on this port and no other [default: 54321, or a free one]
    #[arg(long, value_name = "PORT")]
    pub(super) port: Option<u16>,
    /// Use the database of the last `demo`, to look at what it did
    #[arg(long)]
    pub(super) demo: bool,
}

#[derive(Debug, Args)]
pub(super) struct Reset {
    /// Skip the confirmation
    #[arg(long, short)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct Logs {
    /// A function, or `postgres`; left out: all functions
    #[arg(value_name = "FUNCTION", value_parser = ["intake", "planner", "executor", "aggregator", "analyzer", "notifier", "postgres"])]
    pub(super) function: Option<String>,
    /// Continue with new lines
    #[arg(long, short)]
    pub(super) follow: bool,
    /// The number of lines of each
    #[arg(short = 'n', long, default_value_t = 50, value_name = "LINES")]
    pub(super) lines: usize,
}

#[derive(Debug, Args)]
pub(super) struct Psql {
    /// Arguments of psql
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGUMENTS"
    )]
    pub(super) arguments: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Approve without a question
    #[arg(long, short)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct Ask {
    /// The question, or the work to be done
    #[arg(value_name = "QUESTION")]
    pub(super) question: String,
    /// Show the work live, and print the answer
    #[arg(long, short)]
    pub(super) wait: bool,
    /// Stop waiting after so long, and end with code 3; the work goes on
    #[arg(long, value_name = "SECONDS", requires = "wait", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) timeout: Option<u64>,
    /// Start this runbook instead of having the question assessed
    #[arg(long, value_name = "NAME")]
    pub(super) runbook: Option<String>,
    /// A parameter of the runbook: JSON or text; may be given several times
    #[arg(long, short, value_name = "KEY=VALUE", requires = "runbook")]
    pub(super) parameter: Vec<String>,
    /// Material for the work: a JSON object, or @FILE that holds one
    #[arg(long, value_name = "JSON")]
    pub(super) context: Option<String>,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, value_name = "WORKSPACE")]
    pub(super) workspace: Option<String>,
    /// The idempotency key: the same key gives the same request
    #[arg(long, value_name = "TEXT")]
    pub(super) idempotency_key: Option<String>,
    /// The highest cost of models for the request and everything that follows from it [default: the workspace's limit]
    #[arg(long, value_name = "DOLLARS")]
    pub(super) max_cost: Option<f64>,
    /// Ask a person to raise the cap when it is used up, instead of failing
    #[arg(long)]
    pub(super) ask_at_cap: bool,
    /// Show the plan, with what it may cost, before it takes effect
    #[arg(long)]
    pub(super) approve_plan: bool,
}

#[derive(Debug, Args)]
pub(super) struct Goals {
    /// The number of entries
    #[arg(short = 'n', long, default_value_t = 20, value_name = "GOALS")]
    pub(super) limit: usize,
}

#[derive(Debug, Args)]
pub(super) struct Goal {
    /// Its number
    #[arg(value_name = "ID")]
    pub(super) id: i64,
    /// Stay until it ends
    #[arg(long, short)]
    pub(super) follow: bool,
    /// Show the runbooks that were considered for its plans, with the parts of their scores
    #[arg(long, conflicts_with = "follow")]
    pub(super) why: bool,
}

#[derive(Debug, Args)]
pub(super) struct Decision {
    /// The approval's number (see `approvals`)
    #[arg(value_name = "ID")]
    pub(super) id: i64,
    /// The reason; kept with the decision
    #[arg(long, short, value_name = "TEXT")]
    pub(super) comment: Option<String>,
    /// Approve the content of this file (JSON; - is the standard input) instead of the proposal
    #[arg(long, value_name = "FILE")]
    pub(super) edit: Option<String>,
    /// Approve with one field changed: JSON or text; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// The answer to a question: JSON or text
    #[arg(long, value_name = "ANSWER")]
    pub(super) answer: Option<String>,
    /// The call whose outcome is unknown did happen, with this result (JSON or text)
    #[arg(long, value_name = "RESULT", num_args = 0..=1, conflicts_with = "not_happened")]
    pub(super) happened: Option<Option<String>>,
    /// The call did not happen: it may be made again
    #[arg(long)]
    pub(super) not_happened: bool,
    /// The version that you saw, by the beginning of its hash; needed where several people decide
    #[arg(long, value_name = "HASH")]
    pub(super) version: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Rejection {
    /// The approval's number (see `approvals`)
    #[arg(value_name = "ID")]
    pub(super) id: i64,
    /// The reason; models that continue the work receive it
    #[arg(long, short, value_name = "TEXT")]
    pub(super) comment: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Cancel {
    /// The goal's number
    #[arg(value_name = "ID")]
    pub(super) id: i64,
    /// The number is a request's
    #[arg(long)]
    pub(super) request: bool,
}

#[derive(Debug, Args)]
pub(super) struct Retry {
    /// The dead letter's number
    #[arg(value_name = "ID", required_unless_present = "all")]
    pub(super) id: Option<i64>,
    /// All failed steps of the workspace that the options below leave
    #[arg(long, conflicts_with = "id")]
    pub(super) all: bool,
    /// Only steps with this error code
    #[arg(long, value_name = "CODE", requires = "all")]
    pub(super) code: Option<String>,
    /// Only steps that failed since then: 2h, 7d, 2w, or a date
    #[arg(long, value_name = "WHEN", value_parser = results::since, requires = "all")]
    pub(super) since: Option<Since>,
    /// At most this many, the oldest first
    #[arg(long, value_name = "NUMBER", default_value_t = 100, requires = "all")]
    pub(super) limit: u32,
    /// Show what would be retried, and change nothing
    #[arg(long, requires = "all")]
    pub(super) dry_run: bool,
    /// The workspace, by name or id; needed only by members of several
    #[arg(long, value_name = "WORKSPACE", requires = "all")]
    pub(super) workspace: Option<String>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Memories {
    #[command(subcommand)]
    pub(super) action: Option<MemoriesAction>,
    /// The number of entries
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(super) limit: usize,
    /// Include revoked memories
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum MemoriesAction {
    /// Embed them again, after another embedding model was configured
    Reembed {
        /// The workspace, by name or id; needed only by members of several
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Forget {
    /// The memory's number, as `goalpost memories` lists it
    #[arg(value_name = "ID")]
    pub(super) id: i64,
}

#[derive(Debug, Args)]
pub(super) struct Login {
    /// Your e-mail address; asked for if left out
    #[arg(long, value_name = "E-MAIL")]
    pub(super) email: Option<String>,
}

/// Parses a workspace's id; a name is looked up.
pub(super) fn workspace_id(text: &str) -> Option<Uuid> {
    text.parse().ok()
}

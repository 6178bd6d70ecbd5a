//! The `goalpost` command line: each command is in the file of its name.
//!
//! Commands that read and decide use Supabase's API with a user's rights, so that they serve a hosted project too. Only
//! `up`, `reset`, `psql`, `demo` and part of `doctor` use the local database.

mod admins;
mod agents;
mod answer;
mod approvals;
mod arguments;
mod ask;
mod build;
mod configuration;
mod connect;
mod costs;
mod decide;
mod decision;
mod demo;
mod doctor;
mod down;
mod edited;
mod feedback;
mod goals;
mod improvements;
mod local;
mod login;
mod logs;
mod mcp;
mod members;
mod memories;
mod notifications;
mod policies;
mod psql;
mod raise;
mod report;
mod reset;
mod retention;
mod rules;
mod runbooks;
mod schedules;
mod secrets;
mod settings;
mod state;
mod status;
mod tools;
mod up;
mod versions;
mod watch;
mod workspaces;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use local_stack::terminal::{
    self, StillRunning, Usage, print, print_error, print_json, redraw, stop_signal,
};

/// Runs the command of this process's arguments and returns the exit code.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    terminal::run(dispatch(&arguments))
}

async fn dispatch(arguments: &Arguments) -> anyhow::Result<()> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Up(up) => up::run(up).await,
        Command::Build(build) => build::run(build),
        Command::Down => down::run().await,
        Command::Reset(reset) => reset::run(reset).await,
        Command::Status => status::run(global).await,
        Command::Logs(logs) => logs::run(logs).await,
        Command::Psql(psql) => psql::run(psql),
        Command::Demo(demo) => demo::run(demo).await,
        Command::Ask(ask) => ask::run(ask, global).await,
        Command::Goals(goals) => goals::list(goals, global).await,
        Command::Goal(goal) => goals::show(goal, global).await,
        Command::Request(request) => goals::show_request(request, global).await,
        Command::Approvals => approvals::run(global).await,
        Command::Approve(decision) => decide::approve(decision, global).await,
        Command::Reject(rejection) => decide::reject(rejection, global).await,
        Command::Cancel(cancel) => decide::cancel(cancel, global).await,
        Command::Retry(retry) => decide::retry(retry, global).await,
        Command::Schedules(schedules) => schedules::run(schedules, global).await,
        Command::Rules(rules) => rules::run(rules, global).await,
        Command::Notifications(notifications) => notifications::run(notifications, global).await,
        Command::Agents(agents) => agents::run(agents, global).await,
        Command::Memories(memories) => memories::run(memories, global).await,
        Command::Runbooks(runbooks) => runbooks::run(runbooks, global).await,
        Command::Improvements(improvements) => improvements::run(improvements, global).await,
        Command::Feedback(feedback) => feedback::run(feedback, global).await,
        Command::Costs(costs) => costs::run(costs, global).await,
        Command::Report(report) => report::run(report, global).await,
        Command::Forget(forget) => memories::forget(forget, global).await,
        Command::Mcp(mcp) => mcp::run(mcp, global).await,
        Command::Tools(tools) => tools::run(tools, global).await,
        Command::Policies(policies) => policies::run(policies, global).await,
        Command::Secrets(secrets) => secrets::run(secrets, global).await,
        Command::Workspaces(workspaces) => workspaces::run(workspaces, global).await,
        Command::Apply(apply) => configuration::apply(apply, global).await,
        Command::Export(export) => configuration::export(export, global).await,
        Command::Members(members) => members::run(members, global).await,
        Command::Admins(admins) => admins::run(admins, global).await,
        Command::Settings(settings) => settings::run(settings, global).await,
        Command::Retention(retention) => retention::run(retention, global).await,
        Command::Login(login) => login::run(login, global).await,
        Command::Doctor => doctor::run(global).await,
    }
}

#[cfg(test)]
mod hostile_texts;
#[cfg(test)]
mod tests;

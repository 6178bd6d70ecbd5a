//! The `goalpost` command line: the story of each command is in the file of its name.
//!
//! The one thing to know: commands that read and decide speak to Supabase's API as any user would, so that they
//! serve a hosted project too. Only `up`, `reset`, `psql`, `demo` and part of `doctor` know the local database.

mod admins;
mod answer;
mod approvals;
mod arguments;
mod ask;
mod bench;
mod chaos;
mod connect;
mod decide;
mod decision;
mod demo;
mod doctor;
mod down;
mod edited;
mod goals;
mod login;
mod logs;
mod mcp;
mod members;
mod memories;
mod psql;
mod races;
mod reset;
mod state;
mod status;
mod up;
mod watch;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::render::Screen;
use arguments::{Arguments, Command};

/// What says which log lines are shown; functions' own logs are files (`goalpost logs`).
const LOG_FILTER: &str = "GOALPOST_LOG";

/// The wrong use of a command, which ends with another code (2) than work that failed (1).
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Runs the command of this process's arguments; the code to end with.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env(LOG_FILTER).unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime");
    let ended = runtime.and_then(|runtime| {
        let ended = runtime.block_on(dispatch(&arguments));
        // What still runs in the background has been told to end; nobody waits for it twice.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

async fn dispatch(arguments: &Arguments) -> anyhow::Result<()> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Up(up) => up::run(up).await,
        Command::Down => down::run().await,
        Command::Reset(reset) => reset::run(reset).await,
        Command::Status => status::run(global).await,
        Command::Logs(logs) => logs::run(logs).await,
        Command::Psql(psql) => psql::run(psql),
        Command::Bench(bench) => bench::run(bench, global).await,
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
        Command::Memories(memories) => memories::list(memories, global).await,
        Command::Forget(forget) => memories::forget(forget, global).await,
        Command::Mcp(mcp) => mcp::run(mcp, global).await,
        Command::Members(members) => members::run(members, global).await,
        Command::Admins(admins) => admins::run(admins, global).await,
        Command::Login(login) => login::run(login, global).await,
        Command::Doctor => doctor::run(global).await,
        Command::Races(races) => races::run(races, global).await,
        Command::Chaos(chaos) => chaos::run(chaos, global).await,
    }
}

fn report(error: &anyhow::Error) -> ExitCode {
    let palette = Screen::stderr().palette;
    print_error(&format!("{} {error:#}", palette.bad("error:")));
    ExitCode::from(code_of(error))
}

fn code_of(error: &anyhow::Error) -> u8 {
    if error.downcast_ref::<Usage>().is_some() {
        2
    } else {
        1
    }
}

/// Prints a line of output. A reader that went away (`| head`) ends the output, not the command.
fn print(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints a line beside the output: what is going on, and what went wrong.
fn print_error(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints a value for programs.
fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value).context("writing JSON")?);
    Ok(())
}

#[cfg(test)]
mod tests;

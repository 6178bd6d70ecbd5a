//! The `harness` command line: one module per command.

mod arguments;
mod bench;
mod chaos;
mod eval;
mod eval_matching;
mod learning;
mod migrations;
mod mutants;
mod races;

use std::process::ExitCode;

use clap::Parser;
use local_stack::terminal::{self, Usage, print, print_error, print_json, stop_signal};

use arguments::{Arguments, Command, EvalSubject};

/// Runs the command of this process's arguments and returns the exit code.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    terminal::run(dispatch(&arguments))
}

async fn dispatch(arguments: &Arguments) -> anyhow::Result<()> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Chaos(chaos) => chaos::run(chaos, global).await,
        Command::Races(races) => races::run(races, global).await,
        Command::Bench(bench) => bench::run(bench, global).await,
        Command::Eval(command) => match &command.subject {
            EvalSubject::Tasks(tasks) => eval::run(tasks, global).await,
            EvalSubject::Matching(matching) => eval_matching::run(matching, global).await,
        },
        Command::Mutants(mutants) => mutants::run(mutants, global).await,
        Command::Migrations(migrations) => migrations::run(migrations, global),
    }
}

#[cfg(test)]
mod tests;

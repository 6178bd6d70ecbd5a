//! `harness eval tasks`: success and cost of the configured model.

use local_stack::home::Home;
use local_stack::progress::Progress;
use local_stack::stack::{DatabaseChoice, Port, ServerChoice, StackOptions};
use local_stack::terminal::{Screen, table};

use super::arguments::{self, Global};
use super::{print, print_json};
use crate::eval::{self, Report, Settings};

pub(super) async fn run(arguments: &arguments::Eval, global: &Global) -> anyhow::Result<()> {
    let tasks = eval::read_tasks(arguments.tasks.as_deref())?.only(&arguments.only)?;
    if arguments.list {
        for task in tasks.iter() {
            print(&format!("{:24} {}", task.name, task.question));
        }
        return Ok(());
    }
    let settings = Settings {
        tasks,
        parallel: arguments.parallel,
        task_seconds: arguments.task_seconds,
        price: arguments.price_input.zip(arguments.price_output),
    };
    let report = eval::run(settings, options()?).await?;
    match global.json {
        true => print_json(&report)?,
        false => show(&report),
    }
    let failed = report.results.len() - report.done();
    anyhow::ensure!(
        failed == 0,
        "{failed} of {} tasks were not done",
        report.results.len()
    );
    Ok(())
}

/// Returns options for a server and a database of its own, removed after the run, with the environment's model.
fn options() -> anyhow::Result<StackOptions> {
    let mut options = StackOptions::for_people(Home::open()?, Progress::stderr());
    options.server = ServerChoice::Throwaway;
    options.database = DatabaseChoice::Clone;
    options.port = Port::Any;
    Ok(options)
}

fn show(report: &Report) {
    let screen = Screen::stdout();
    let headings = [
        "TASK", "KIND", "OUTCOME", "CALLS", "TOKENS", "COST", "SECONDS", "PROBLEM",
    ];
    table::lines(screen, &headings, &report.rows())
        .iter()
        .for_each(|line| print(line));
    print("");
    let headings = ["KIND", "DONE", "CALLS PER TASK", "TOKENS PER TASK", "COST"];
    table::lines(screen, &headings, &report.rows_by_kind())
        .iter()
        .for_each(|line| print(line));
}

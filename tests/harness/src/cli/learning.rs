//! `harness bench learning`: the learning curve.

use local_stack::home::Home;
use local_stack::progress::Progress;
use local_stack::stack::{DatabaseChoice, Port, ServerChoice, StackOptions};
use local_stack::terminal::{Screen, table};

use super::arguments::{Bench, Global};
use super::{print, print_json};
use crate::learning::{self, LearningReport, Means, Settings, Weather};

/// Goals of a run.
const USUAL_GOALS: usize = 200;

pub(super) async fn run(
    arguments: &Bench,
    global: &Global,
    home: &Home,
    progress: &Progress,
) -> anyhow::Result<()> {
    let settings = Settings {
        seeds: arguments.seeds.max(1),
        goals: arguments.runs.unwrap_or(USUAL_GOALS),
        weather: Weather::Rough,
    };
    let report = learning::run(settings, || options(home, progress)).await?;
    if let Some(file) = &arguments.svg {
        std::fs::write(file, report.svg())?;
    }
    if global.json {
        return print_json(&report);
    }
    show(&report);
    Ok(())
}

/// Returns options for a server and a database of its own, removed after the run.
fn options(home: &Home, progress: &Progress) -> StackOptions {
    let mut options = StackOptions::for_people(home.clone(), progress.clone());
    options.server = ServerChoice::Throwaway;
    options.database = DatabaseChoice::Clone;
    options.port = Port::Any;
    options
}

fn show(report: &LearningReport) {
    let row = |name: &str, means: Means| {
        vec![
            name.to_owned(),
            means.goals.to_string(),
            format!("{:.0} %", means.success * 100.0),
            format!("{:.2}", means.calls),
            format!("${:.5}", means.cost_microusd / 1e6),
            format!("{:.2}", means.seconds),
        ]
    };
    let rows = [
        row("first three of a kind", report.first),
        row("later, learning", report.later),
        row("later, without", report.later_without),
    ];
    let headings = ["GOALS", "NUMBER", "RIGHT", "MODEL CALLS", "COST", "SECONDS"];
    table::lines(Screen::stdout(), &headings, &rows)
        .iter()
        .for_each(|line| print(line));
    let percent = |with: f64, before: f64| 100.0 * (1.0 - with / before.max(f64::MIN_POSITIVE));
    print(&format!(
        "{:.0} % fewer model calls and {:.0} % less cost than the first three",
        percent(report.later.calls, report.first.calls),
        percent(report.later.cost_microusd, report.first.cost_microusd)
    ));
    print(&format!(
        "goals until three in a row were right after the change, per seed: {:?}",
        report.recovery
    ));
    print(&format!(
        "active learned runbooks: {}, wrong ones among them: {}; bad lessons: {}, received by more than ten requests: {}",
        report.active_runbooks,
        report.bad_runbooks,
        report.bad_lessons,
        report.bad_lessons_surviving
    ));
    let improvements: Vec<String> = report
        .improvements
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    print(&format!("improvements: {}", improvements.join(", ")));
}

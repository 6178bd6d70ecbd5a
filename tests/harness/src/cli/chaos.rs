//! `harness chaos`: goals under injected faults, and the violations.
//!
//! The seed is printed before anything else, so that every run can be repeated.

use local_stack::home::Home;
use local_stack::progress::Progress;
use local_stack::stack::{DatabaseChoice, Port, ServerChoice, StackOptions};
use local_stack::terminal::{Screen, table};

use super::{Usage, arguments, print, print_error, print_json, stop_signal};
use crate::chaos::{Report, Settings};
use crate::random::new_seed;

/// Number of violations printed as text; JSON has all of them.
const SHOWN_VIOLATIONS: usize = 40;

pub(super) async fn run(
    arguments: &arguments::Chaos,
    global: &arguments::Global,
) -> anyhow::Result<()> {
    let settings = settings(arguments);
    settings.check().map_err(Usage)?;
    print_error(&format!("seed {}", settings.seed));
    let report = crate::chaos::run(settings, options()?, stop_signal()?).await?;
    match global.json {
        true => print_json(&report)?,
        false => show(&report),
    }
    verdict(&report)
}

/// Returns an error if there are violations, or if the run injected fewer faults than requested.
fn verdict(report: &Report) -> anyhow::Result<()> {
    let seed = report.settings.seed;
    if !report.violations.is_empty() {
        let count = report.violations.len() as u64;
        let found = local_stack::terminal::count(count, "violation");
        anyhow::bail!("{found}; run it again with --seed {seed}");
    }
    if !report.was_interrupted && !report.shortfalls.is_empty() {
        anyhow::bail!(
            "{}: the goals were over before; give more --goals or fewer faults",
            report.shortfalls.join("; ")
        );
    }
    Ok(())
}

/// Returns a few faults of each kind if none is named, otherwise the named ones.
fn settings(arguments: &arguments::Chaos) -> Settings {
    let shares = [
        arguments.drop_wakes,
        arguments.duplicate_wakes,
        arguments.delay_wakes,
        arguments.cut_answers,
    ];
    let numbers = [arguments.kills, arguments.freezes, arguments.crash_postgres];
    let is_any_named = shares.iter().any(Option::is_some)
        || numbers.iter().any(Option::is_some)
        || arguments.stop_sweeper.is_some()
        || arguments.struck_from_outside;
    let share = |given: Option<f64>| given.unwrap_or(if is_any_named { 0.0 } else { 0.1 });
    let number = |given: Option<u64>, otherwise: u64| {
        given.unwrap_or(if is_any_named { 0 } else { otherwise })
    };
    Settings {
        seed: arguments.seed.unwrap_or_else(new_seed),
        goals: arguments.goals,
        parallel: arguments.parallel,
        per_minute: arguments.per_minute,
        lease_seconds: arguments.lease_seconds,
        kills: number(arguments.kills, arguments.goals / 2),
        freezes: number(arguments.freezes, arguments.goals / 20),
        drop_wakes: share(arguments.drop_wakes),
        duplicate_wakes: share(arguments.duplicate_wakes),
        delay_wakes: share(arguments.delay_wakes),
        // Each cut answer costs a lease; a share as of wakes would dominate the run.
        cut_answers: share(arguments.cut_answers.or((!is_any_named).then_some(0.02))),
        crash_postgres: number(arguments.crash_postgres, 2),
        analyses: arguments.analyses.unwrap_or(arguments.goals / 20),
        stop_sweeper: arguments.stop_sweeper,
        is_struck_from_outside: arguments.struck_from_outside,
    }
}

/// Returns options for a server and a database of its own, removed after the run.
fn options() -> anyhow::Result<StackOptions> {
    let mut options = StackOptions::for_people(Home::open()?, Progress::stderr());
    options.server = ServerChoice::Throwaway;
    options.database = DatabaseChoice::Clone;
    options.port = Port::Any;
    Ok(options)
}

fn show(report: &Report) {
    let screen = Screen::stdout();
    let rows: Vec<Vec<String>> = report
        .lines()
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    for line in table::lines(screen, &["FIGURE", "VALUE"], &rows) {
        print(&line);
    }
    if report.was_interrupted {
        print(
            &screen
                .palette
                .asks("stopped before the end: this is what was seen so far"),
        );
    }
    for violation in report.violations.iter().take(SHOWN_VIOLATIONS) {
        print(&screen.palette.bad(&format!("✗ {violation}")));
    }
    let more = report.violations.len().saturating_sub(SHOWN_VIOLATIONS);
    if more > 0 {
        print(&format!("… and {more} more; --json has all of them"));
    }
    for shortfall in &report.shortfalls {
        print(&screen.palette.bad(&format!("✗ {shortfall}")));
    }
    if report.violations.is_empty() && report.shortfalls.is_empty() {
        print(&screen.palette.good("✓ nothing was found"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use clap::Parser as _;

    use super::super::arguments::{Arguments, Command};
    use super::*;
    use crate::chaos::Sweeper;

    fn parsed(line: &str) -> Result<Settings, clap::Error> {
        let words = ["harness", "chaos"]
            .into_iter()
            .chain(line.split_whitespace());
        match Arguments::try_parse_from(words)?.command {
            Command::Chaos(chaos) => Ok(settings(&chaos)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn unnamed_faults_default_to_each_kind() {
        let settings = parsed("--goals 100").unwrap();
        assert!(settings.kills > 0 && settings.freezes > 0 && settings.crash_postgres > 0);
        assert!(settings.drop_wakes > 0.0 && settings.cut_answers > 0.0);
        assert!(settings.duplicate_wakes > 0.0 && settings.delay_wakes > 0.0);
    }

    #[test]
    fn named_fault_excludes_the_others() {
        for line in [
            "--seed 4 --kills 7",
            "--seed 4 --kills 7 --freezes 0 --drop-wakes 0",
        ] {
            let settings = parsed(line).unwrap();
            assert_eq!((settings.seed, settings.kills, settings.freezes), (4, 7, 0));
            assert_eq!(settings.crash_postgres, 0);
            assert_eq!((settings.drop_wakes, settings.cut_answers), (0.0, 0.0));
        }
        let settings = parsed("--stop-sweeper inside").unwrap();
        assert_eq!(
            (settings.stop_sweeper, settings.kills),
            (Some(Sweeper::Inside), 0)
        );
    }

    #[test]
    fn invalid_shares_and_endless_runs_are_refused() {
        for line in [
            "--drop-wakes 1.5",
            "--drop-wakes -1",
            "--cut-answers much",
            "--kills -3",
            "--stop-sweeper both",
        ] {
            assert_eq!(parsed(line).unwrap_err().exit_code(), 2, "{line}");
        }
        for line in [
            "--goals 0",
            "--parallel 0",
            "--drop-wakes 1 --stop-sweeper outside",
        ] {
            assert!(parsed(line).unwrap().check().is_err(), "{line}");
        }
        assert!(
            parsed("--drop-wakes 1 --stop-sweeper inside")
                .unwrap()
                .check()
                .is_ok()
        );
    }
}

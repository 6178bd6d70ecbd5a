//! `harness races`: runs races on a Postgres of its own, and reports whether every race had one legal end.

use anyhow::{Context, bail};
use local_stack::home::Home;
use local_stack::postgres::{Purpose, Server};
use local_stack::progress::Progress;
use local_stack::terminal::{Screen, count, table};

use super::arguments::{self, Global, RaceKind};
use super::{Usage, print, print_error, print_json};
use crate::races::{self, Kind, Options, Races, Report};
use crate::random::new_seed;

pub(super) async fn run(arguments: &arguments::Races, global: &Global) -> anyhow::Result<()> {
    if arguments.trials == 0 {
        return Err(
            Usage("--trials 0 would prove nothing: ask for at least one.".to_owned()).into(),
        );
    }
    let seed = arguments.seed.unwrap_or_else(new_seed);
    let options = Options {
        trials: arguments.trials,
        seed,
        kinds: kinds(arguments.kind),
        before: None,
    };
    let server = Server::start(&Home::open()?, Purpose::Tests, &Progress::stderr()).await?;
    print_error(&format!(
        "Seed {seed}: {} of each kind.",
        count(options.trials, "trial")
    ));
    let report = races::run(&server, &options, print_kind).await?;
    tokio::task::spawn_blocking(move || drop(server))
        .await
        .context("stopping Postgres")?;
    if global.json {
        print_json(&report)?;
    } else {
        show(&report);
    }
    match report.violations() {
        0 => Ok(()),
        violations => bail!(
            "{} found; run them again with --seed {seed}.",
            count(violations, "violation")
        ),
    }
}

fn kinds(kind: RaceKind) -> Vec<Kind> {
    match kind {
        RaceKind::Approval => vec![Kind::Approval],
        RaceKind::Cancel => vec![Kind::Cancel],
        RaceKind::FanIn => vec![Kind::FanIn],
        RaceKind::Claim => vec![Kind::Claim],
        RaceKind::Budget => vec![Kind::Budget],
        RaceKind::All => Kind::TREES.to_vec(),
    }
}

fn print_kind(races: &Races) {
    print_error(&format!(
        "{}: {} in {:.1} s, {}.",
        races.kind,
        count(races.trials, "trial"),
        races.wall_seconds,
        count(races.violations, "violation")
    ));
}

fn show(report: &Report) {
    let screen = Screen::stdout();
    let rows: Vec<Vec<String>> = report.kinds.iter().map(row).collect();
    let head = [
        "RACE",
        "TRIALS",
        "CALLS",
        "SEEN WAITING",
        "VIOLATIONS",
        "95 % BELOW",
        "TRIALS/S",
    ];
    for line in table::lines(screen, &head, &rows) {
        print(&line);
    }
    for races in &report.kinds {
        let won = races
            .won
            .iter()
            .map(|(won, times)| format!("{won} {times}"));
        let won = won.collect::<Vec<_>>().join(", ");
        print(&format!("\n{}", screen.palette.strong(&races.kind)));
        print(&format!("  {won}"));
        for violation in &races.shown {
            print(&screen.palette.bad(&format!("  trial {}", violation.trial)));
            for found in &violation.found {
                print(&format!("    {found}"));
            }
            for line in &violation.transcript {
                print(&screen.palette.dim(&format!("      {line}")));
            }
        }
    }
    print(&format!("\nseed {}", report.seed));
}

fn row(races: &Races) -> Vec<String> {
    vec![
        races.kind.clone(),
        races.trials.to_string(),
        races.calls.to_string(),
        races.met.to_string(),
        races.violations.to_string(),
        races
            .upper_bound_95
            .map_or_else(|| "-".to_owned(), |bound| format!("{bound:.1e}")),
        format!("{:.0}", races.trials_per_second),
    ]
}

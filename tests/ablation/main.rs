//! Takes every guard away, one at a time, and says which test missed it. See tests/suite/src/ablation.rs.
//!
//! `cargo run --bin ablation -- [WORDS] [--only sql|rust] [--json] [--search]`; exit code 1 if a guard is not missed.

mod report;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Parser;
use report::{Removed, Reporter};
use system_tests::ablation::{self, Cargo, Databases, Guard, Kind, Said, Test};

/// Removes guards and names the tests that miss them.
#[derive(Parser)]
#[command(name = "ablation")]
struct Options {
    /// Only guards whose name or area contains one of these words.
    words: Vec<String>,
    /// Only guards of this kind.
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// One JSON document instead of a table.
    #[arg(long)]
    json: bool,
    /// How many databases are worked in side by side.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: u8,
    /// Instead of the tests that the list names, run all of pgTAP and show what goes red: for writing an entry.
    #[arg(long)]
    search: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    Sql,
    Rust,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether every guard was missed.
async fn run(options: &Options) -> anyhow::Result<bool> {
    let guards: Vec<Guard> = ablation::read_all(&ablation::workspace())?
        .into_iter()
        .filter(|guard| options.takes(guard))
        .collect();
    anyhow::ensure!(
        !guards.is_empty(),
        "no guard has these words in its name or area; without any, all are taken"
    );
    let reporter = Arc::new(Reporter::new(options.json));
    let begun = Instant::now();
    if options.search {
        search(&guards, &reporter).await?;
        return Ok(true);
    }
    let (sql, rust): (Vec<Guard>, Vec<Guard>) = guards
        .into_iter()
        .partition(|guard| guard.kind() == Kind::Sql);
    let sql_seconds = database_guards(sql, usize::from(options.jobs), &reporter).await?;
    let rust_seconds = rust_guards(&rust, &reporter).await?;
    reporter.end(begun.elapsed(), sql_seconds, rust_seconds)
}

impl Options {
    fn takes(&self, guard: &Guard) -> bool {
        let kind = match self.only {
            None => true,
            Some(Only::Sql) => guard.kind() == Kind::Sql,
            Some(Only::Rust) => guard.kind() == Kind::Rust,
        };
        let named = self.words.is_empty()
            || self.words.iter().any(|word| {
                guard.name.contains(word.as_str()) || guard.area.contains(word.as_str())
            });
        kind && named
    }
}

/// SQL guards, side by side in databases of their own; those that only Rust tests miss follow, one after the other.
async fn database_guards(
    guards: Vec<Guard>,
    jobs: usize,
    reporter: &Arc<Reporter>,
) -> anyhow::Result<f64> {
    if guards.is_empty() {
        return Ok(0.0);
    }
    let begun = Instant::now();
    let databases = Arc::new(Databases::prepare(&ablation::workspace()).await?);
    let files: BTreeSet<String> = guards
        .iter()
        .flat_map(|guard| guard.red.iter().filter_map(pgtap_file))
        .collect();
    refuse_red(&databases.failures(&files).await?)?;

    let guards = Arc::new(guards);
    let next = Arc::new(AtomicUsize::new(0));
    let lanes = (0..jobs).map(|_| {
        let (guards, next) = (Arc::clone(&guards), Arc::clone(&next));
        let (databases, reporter) = (Arc::clone(&databases), Arc::clone(reporter));
        tokio::spawn(async move {
            while let Some(guard) = guards.get(next.fetch_add(1, Ordering::Relaxed)) {
                if guard.red.iter().any(|test| pgtap_file(test).is_some()) {
                    let begun = Instant::now();
                    let said = databases.without(guard).await;
                    reporter.add(Removed::new(guard, said, begun.elapsed()));
                }
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await?;
    }
    let raced: Vec<Guard> = guards
        .iter()
        .filter(|guard| guard.red.iter().any(|test| pgtap_file(test).is_none()))
        .cloned()
        .collect();
    rust_guards(&raced, reporter).await?;
    Ok(begun.elapsed().as_secs_f64())
}

/// Guards that Rust tests miss.
async fn rust_guards(guards: &[Guard], reporter: &Reporter) -> anyhow::Result<f64> {
    if guards.is_empty() {
        return Ok(0.0);
    }
    let begun = Instant::now();
    let cargo = Cargo::new(&ablation::workspace());
    refuse_red(&cargo.failures(&guards.iter().collect::<Vec<_>>()).await?)?;
    for guard in guards {
        let begun = Instant::now();
        let said = cargo.without(guard).await;
        reporter.add(Removed::new(guard, said, begun.elapsed()));
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// A test that is red with every guard in place would prove nothing.
fn refuse_red(red: &[Said]) -> anyhow::Result<()> {
    let red: Vec<String> = red
        .iter()
        .map(|said| format!("{}: {}", said.test, said.what))
        .collect();
    anyhow::ensure!(
        red.is_empty(),
        "these tests are red with every guard in place:\n{}",
        red.join("\n")
    );
    Ok(())
}

fn pgtap_file(test: &Test) -> Option<String> {
    match test {
        Test::Database(file) => Some(file.clone()),
        Test::Cargo { .. } => None,
    }
}

async fn search(guards: &[Guard], reporter: &Reporter) -> anyhow::Result<()> {
    const ENOUGH: usize = 4;
    let databases = Databases::prepare(&ablation::workspace()).await?;
    for guard in guards.iter().filter(|guard| guard.kind() == Kind::Sql) {
        let begun = Instant::now();
        let said = databases.search(guard, ENOUGH).await;
        reporter.add(Removed::new(guard, said, begun.elapsed()));
    }
    Ok(())
}

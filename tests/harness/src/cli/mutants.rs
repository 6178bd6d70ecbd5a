//! `harness mutants`: runs mutants one at a time, and lists those that no test kills.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use local_stack::home::Home;
use local_stack::postgres::Server;
use local_stack::progress::{Phase, Progress};
use local_stack::terminal::{Screen, count, table};
use serde_json::{Value, json};

use super::arguments::{self, MutantKind};
use super::{Usage, print, print_json};
use crate::mutants::{
    Choice, Fate, Mutant, Report, Runner, Score, Survivors, Tried, cargo_mutants, run_rust_tests,
};

pub(super) async fn run(
    arguments: &arguments::Mutants,
    global: &arguments::Global,
) -> anyhow::Result<()> {
    check(arguments)?;
    let home = Home::open()?;
    let workspace = home.workspace();
    let list = Survivors::read(workspace)?;
    let progress = Progress::stderr();
    let began = Instant::now();
    let mut report = Report::default();
    if arguments.only != Some(MutantKind::Rust) {
        let runner = Runner::prepare(Server::shared_by_tests().await?, workspace).await?;
        let mut chosen = choice(arguments)?.of(runner.mutants());
        if arguments.unlisted {
            let listed = list.sql_by_id();
            chosen.retain(|mutant| !listed.contains_key(mutant.id().as_str()));
        }
        if chosen.is_empty() {
            return Err(Usage(
                "no mutant has this function or area; --list prints the names.".to_owned(),
            )
            .into());
        }
        if arguments.list {
            chosen.iter().for_each(|mutant| print(&mutant.id()));
            return Ok(());
        }
        report.merge(run_sql(&runner, chosen, arguments, &list, &progress).await?);
    }
    if arguments.only == Some(MutantKind::Rust)
        || (arguments.only.is_none() && !is_of_sql(arguments))
    {
        if arguments.list {
            cargo_mutants::list(workspace, &arguments.module)
                .await?
                .iter()
                .for_each(|name| print(name));
            return Ok(());
        }
        report.merge(cargo_mutants::run(workspace, &arguments.module, &list, &progress).await?);
    }
    if global.json {
        print_json(&in_json(arguments, &report, began.elapsed())?)?;
    } else {
        show(&report, began.elapsed());
    }
    end(&report)
}

/// Returns true if an argument selects SQL mutants.
fn is_of_sql(arguments: &arguments::Mutants) -> bool {
    !arguments.function.is_empty()
        || !arguments.area.is_empty()
        || arguments.names.is_some()
        || arguments.unlisted
        || arguments.sample.is_some()
}

fn check(arguments: &arguments::Mutants) -> anyhow::Result<()> {
    let wrong = match arguments.only {
        Some(MutantKind::Rust) if is_of_sql(arguments) || arguments.rust => {
            "--function, --area, --names, --unlisted, --sample and --rust choose SQL mutants: leave --only rust out."
        }
        Some(MutantKind::Sql) if !arguments.module.is_empty() => {
            "--module chooses Rust mutants: leave --only sql out."
        }
        _ if arguments.sample == Some(0) => "--sample 0 runs nothing: give at least 1.",
        _ => return Ok(()),
    };
    Err(Usage(wrong.to_owned()).into())
}

fn choice(arguments: &arguments::Mutants) -> anyhow::Result<Choice> {
    let names = match &arguments.names {
        None => String::new(),
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?
        }
    };
    Ok(Choice {
        objects: arguments.function.clone(),
        areas: arguments.area.clone(),
        names: names.lines().map(str::to_owned).collect(),
        sample: arguments.sample.map(|count| (count, arguments.seed)),
    })
}

async fn run_sql(
    runner: &Runner,
    chosen: Vec<Mutant>,
    arguments: &arguments::Mutants,
    list: &Survivors,
    progress: &Progress,
) -> anyhow::Result<Report> {
    let mutants = chosen.clone();
    let counter = Arc::new(Counter::new(progress, chosen.len()));
    let results = Arc::clone(&counter);
    let tried = runner
        .run(chosen, usize::from(arguments.jobs), move |tried| {
            results.add(tried)
        })
        .await?;
    counter.end();
    let mut report = Report::of_sql(&tried, list);
    if !is_of_sql(arguments) {
        report.stale.extend(runner.unknown(list));
    }
    if arguments.rust {
        let output = progress.clone();
        let alive = run_rust_tests(
            runner.workspace(),
            &mutants,
            list,
            move |mutant, test, is_killed| {
                let verdict = if is_killed { "kills" } else { "DOES NOT KILL" };
                output.print(&format!("{test} {verdict} {}", mutant.id()));
            },
        );
        report.stale.extend(alive.await?);
    }
    Ok(report)
}

/// Progress of a run; prints each survivor as soon as it is found.
struct Counter {
    progress: Progress,
    phase: Mutex<Option<Phase>>,
    all: usize,
    tried: AtomicUsize,
    survived: AtomicUsize,
}

impl Counter {
    fn new(progress: &Progress, all: usize) -> Self {
        Self {
            phase: Mutex::new(Some(
                progress.phase(format!("Running {}", count(all, "SQL mutant"))),
            )),
            progress: progress.clone(),
            all,
            tried: AtomicUsize::new(0),
            survived: AtomicUsize::new(0),
        }
    }

    fn add(&self, tried: &Tried) {
        let done = self.tried.fetch_add(1, Ordering::Relaxed) + 1;
        if let Fate::Survived { files } = &tried.fate {
            self.survived.fetch_add(1, Ordering::Relaxed);
            self.progress.print(&format!(
                "survives {}: {}",
                count(*files, "file"),
                tried.mutant.id()
            ));
        }
        let survived = self.survived.load(Ordering::Relaxed);
        if let Some(phase) = self
            .phase
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
        {
            phase.note(format!("{done} of {}, {survived} survive", self.all));
        }
        if done.is_multiple_of(250) {
            self.progress.print(&format!(
                "{done} of {} are through, {survived} survive",
                self.all
            ));
        }
    }

    fn end(&self) {
        if let Some(phase) = self
            .phase
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            phase.done();
        }
    }
}

fn show(report: &Report, took: Duration) {
    let screen = Screen::stdout();
    let mut rows: Vec<Vec<String>> = report
        .areas
        .iter()
        .map(|(area, score)| row(area, score))
        .collect();
    if report.engine().generated > 0 {
        rows.push(row("(engine)", &report.engine()));
    }
    rows.push(row("(all)", &report.total()));
    let head = [
        "AREA",
        "MUTANTS",
        "NOT VIABLE",
        "KILLED",
        "BY RUST",
        "EQUIVALENT",
        "ACCEPTED",
        "UNLISTED",
        "SCORE",
    ];
    for line in table::lines(screen, &head, &rows) {
        print(&line);
    }
    for survivor in &report.survivors {
        print(&screen.palette.bad(&format!(
            "survives {} ({})",
            survivor.id,
            count(survivor.files, "file")
        )));
    }
    for entry in &report.stale {
        print(&screen.palette.bad(&format!("holds no more: {entry}")));
    }
    print(&format!(
        "{} in {:.0} s",
        count(report.total().generated, "mutant"),
        took.as_secs_f64()
    ));
}

fn row(area: &str, score: &Score) -> Vec<String> {
    let counts = [
        score.generated,
        score.not_viable,
        score.killed,
        score.killed_by_rust,
        score.equivalent,
        score.accepted,
        score.unlisted,
    ];
    let counts = counts.into_iter().map(|count| count.to_string());
    std::iter::once(area.to_owned())
        .chain(counts)
        .chain([format!("{:.1} %", score.percent())])
        .collect()
}

fn in_json(
    arguments: &arguments::Mutants,
    report: &Report,
    took: Duration,
) -> anyhow::Result<Value> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let seconds = took.as_secs_f64();
    let total = report.total();
    let areas: serde_json::Map<String, Value> = report
        .areas
        .iter()
        .map(|(area, score)| (area.clone(), score_in_json(score)))
        .collect();
    Ok(json!({
        "command": format!("cargo harness {}", words.join(" ")),
        "commit": commit()?,
        "date": chrono::Utc::now().date_naive().to_string(),
        "seed": arguments.sample.map(|_| arguments.seed),
        "sample": arguments.sample,
        "seconds": seconds.round(),
        "mutants_per_second": rounded(f64::from(u32::try_from(total.generated).unwrap_or(u32::MAX)) / seconds),
        "areas": areas,
        "engine": score_in_json(&report.engine()),
        "total": score_in_json(&total),
        "survivors": report.survivors,
        "stale": report.stale,
    }))
}

fn score_in_json(score: &Score) -> Value {
    let mut value = json!(score);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("score".to_owned(), json!(score.percent()));
        fields.insert(
            "score_with_equivalent".to_owned(),
            json!(score.percent_of_viable()),
        );
    }
    value
}

/// Returns the commit of the working tree, with a `+` if it has changes.
fn commit() -> anyhow::Result<String> {
    let git = |arguments: &[&str]| -> anyhow::Result<String> {
        let output = std::process::Command::new("git")
            .args(arguments)
            .output()
            .context("running git")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    let mark = if changed.is_empty() { "" } else { "+" };
    Ok(format!(
        "{}{mark}",
        git(&["rev-parse", "--short=12", "HEAD"])?
    ))
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn end(report: &Report) -> anyhow::Result<()> {
    match (report.survivors.len(), report.stale.len()) {
        (0, 0) => Ok(()),
        (0, stale) => bail!("{} of the list of survivors to mend.", count(stale, "line")),
        (survivors, _) => bail!(
            "{} survive: each gets a test, or an entry with a reason in tests/harness/mutants/survivors.toml.",
            count(survivors, "unlisted mutant")
        ),
    }
}

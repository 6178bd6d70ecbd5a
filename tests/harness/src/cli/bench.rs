//! `harness bench`: measures the whole stack in an optimised build, and compares the figures with the targets.
//!
//! `cargo harness` is a development build, in which the gateway and the Lambda host would be slow although the
//! functions are not. The command therefore builds the functions and itself with an optimised profile, and continues as
//! that program.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use local_stack::binaries;
use local_stack::home::Home;
use local_stack::progress::Progress;
use local_stack::terminal::Screen;
use serde_json::json;

use super::arguments::{BenchSubject, Profile};
use super::{Usage, arguments, learning, print, print_json, stop_signal};
use crate::bench::{self, Amount, Repetitions, Settings, Stage, Workload, report};

/// Name of this program.
const OWN: &str = "harness";
/// Starts of each function.
const COLD_STARTS: usize = 20;

pub(super) async fn run(
    arguments: &arguments::Bench,
    global: &arguments::Global,
) -> anyhow::Result<()> {
    check(arguments)?;
    let home = Home::open()?;
    let progress = Progress::stderr();
    // Learning is about calls and cost, which no build changes.
    if arguments.subject != BenchSubject::Learning
        && let Some(program) = other_program(arguments.profile, &home, &progress).await?
    {
        return Err(become_program(&program));
    }
    let stop = stop_signal()?;
    tokio::select! {
        ended = measure(arguments, global, &home, &progress) => ended,
        // Dropping the stage ends everything that it started.
        () = stop => anyhow::bail!("stopped; nothing is left running."),
    }
}

fn check(arguments: &arguments::Bench) -> anyhow::Result<()> {
    if let Some(wrong) = arguments.set.iter().find(|setting| !setting.contains('=')) {
        return Err(Usage(format!(
            "--set {wrong} is no setting: write --set name=value, as --set wal_level=logical."
        ))
        .into());
    }
    if arguments.runs == Some(0) || arguments.repeat == Some(0) {
        return Err(Usage(
            "nothing is measured with 0 runs: leave --runs and --repeat out, or give at least 1."
                .to_owned(),
        )
        .into());
    }
    Ok(())
}

/// Builds the functions and this program with the profile. Returns the built program, or none if it is this one.
async fn other_program(
    profile: Profile,
    home: &Home,
    progress: &Progress,
) -> anyhow::Result<Option<PathBuf>> {
    let built = binaries::with_profile(home, OWN, profile.name(), progress).await?;
    let program = built.get(OWN).context("cargo built no harness")?;
    let program = program
        .canonicalize()
        .with_context(|| format!("looking for {}", program.display()))?;
    let own = std::env::current_exe().context("this program's own path is not known")?;
    Ok((own.canonicalize().ok().as_ref() != Some(&program)).then_some(program))
}

/// Replaces this process by that program, with the functions beside it. Returns only if it cannot be started.
fn become_program(program: &Path) -> anyhow::Error {
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1));
    if let Some(folder) = program.parent() {
        command.env(binaries::PREBUILT, folder);
    }
    let error = command.exec();
    anyhow::Error::new(error).context(format!("{} could not be started", program.display()))
}

async fn measure(
    arguments: &arguments::Bench,
    global: &arguments::Global,
    home: &Home,
    progress: &Progress,
) -> anyhow::Result<()> {
    let workload = match arguments.subject {
        BenchSubject::Chain => Workload::Chain,
        BenchSubject::Fanout => Workload::Fanout,
        BenchSubject::Throughput => Workload::Throughput,
        BenchSubject::Goal => Workload::Goal,
        BenchSubject::Agent => Workload::Agent,
        BenchSubject::Growth => return measure_growth(global, home, progress).await,
        BenchSubject::Learning => return learning::run(arguments, global, home, progress).await,
        BenchSubject::Cold => return measure_cold(arguments, global, home, progress).await,
    };
    let amount = Amount {
        runs: arguments.runs.unwrap_or(workload.usual_runs()),
        repetitions: arguments.repeat.unwrap_or(match workload {
            Workload::Chain | Workload::Throughput => 3,
            Workload::Fanout | Workload::Goal | Workload::Large | Workload::Agent => 1,
        }),
    };
    let mut modes = Vec::new();
    let mut postgres = None;
    let managed: &[bool] = if arguments.managed {
        &[false, true]
    } else {
        &[false]
    };
    for managed in managed {
        let settings = Settings {
            managed: *managed,
            postgres: arguments.set.clone(),
            sandboxes: arguments.sandboxes,
            batch: arguments.batch,
            without_sweep: false,
        };
        let (home, progress) = (home.clone(), progress.clone());
        let stage = match workload {
            Workload::Agent => Stage::with_model(home, settings, progress.clone()).await?,
            _ => Stage::start(home, settings, progress.clone()).await?,
        };
        let phase = progress.phase(format!("Measuring {}", workload.name()));
        let measured = measured(&stage, workload, amount, arguments.wal).await;
        postgres = Some(stage.postgres().await?);
        phase.done();
        stage.stop().await.context("stopping the stack")?;
        modes.push(measured?);
    }
    if global.json {
        return print_json(&in_json(&modes, postgres.as_ref()));
    }
    let screen = Screen::stdout();
    for line in report::lines(screen, &modes) {
        print(&line);
    }
    for mode in modes.iter().filter(|mode| !mode.wal_by_table.is_empty()) {
        print("");
        for line in report::wal_lines(screen, &mode.wal_by_table, mode.median.steps) {
            print(&line);
        }
    }
    Ok(())
}

async fn measured(
    stage: &Stage,
    workload: Workload,
    amount: Amount,
    wal: bool,
) -> anyhow::Result<Repetitions> {
    let mut measured = bench::measure(stage, workload, amount).await?;
    if wal {
        measured.wal_by_table = bench::wal::by_table(stage, &measured.median).await?;
    }
    Ok(measured)
}

async fn measure_growth(
    global: &arguments::Global,
    home: &Home,
    progress: &Progress,
) -> anyhow::Result<()> {
    let stage = Stage::start(home.clone(), Settings::default(), progress.clone()).await?;
    let grown = bench::growth::grow(&stage, &bench::growth::LEVELS, progress).await;
    stage.stop().await.context("stopping the stack")?;
    let grown = grown?;
    if global.json {
        print_json(&bench::growth::in_json(&grown))?;
    } else {
        for line in bench::growth::lines(Screen::stdout(), &grown) {
            print(&line);
        }
    }
    match grown.large_goal_problem {
        Some(problem) => anyhow::bail!("the goal of 5,000 steps did not end well: {problem}"),
        None => Ok(()),
    }
}

async fn measure_cold(
    arguments: &arguments::Bench,
    global: &arguments::Global,
    home: &Home,
    progress: &Progress,
) -> anyhow::Result<()> {
    let binaries = binaries::functions(home, progress).await?;
    let stage = Stage::start(home.clone(), Settings::default(), progress.clone()).await?;
    let phase = progress.phase("Measuring cold starts");
    let starts = arguments.runs.unwrap_or(COLD_STARTS);
    let measured = bench::cold::measure(&stage, &binaries, starts).await;
    phase.done();
    stage.stop().await.context("stopping the stack")?;
    let measured = measured?;
    if global.json {
        return print_json(&bench::cold::in_json(&measured));
    }
    for line in bench::cold::lines(Screen::stdout(), &measured) {
        print(&line);
    }
    Ok(())
}

/// Returns the figures of the default mode, with those of Managed Instances under a separate name.
fn in_json(modes: &[Repetitions], postgres: Option<&impl serde::Serialize>) -> serde_json::Value {
    let mut value = json!(modes.first());
    if let (Some(fields), Some(managed)) = (value.as_object_mut(), modes.get(1)) {
        fields.insert("managed".to_owned(), json!(managed));
    }
    if let Some(fields) = value.as_object_mut() {
        fields.insert("postgres".to_owned(), json!(postgres));
        fields.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
        fields.insert("profile".to_owned(), json!(binaries::own_profile()));
    }
    value
}

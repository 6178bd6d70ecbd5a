//! Chaos: random goals through the real functions, under faults, compared with a prediction.
//!
//! A seed generates goals ([`generate()`]) whose end can be predicted ([`predict()`]). A stack of its own is started
//! with faults; a model and a receiver of webhooks, both scripted by the goals' shapes, stand for the outside. The
//! goals are requested, their approvals decided, and Postgres is crashed meanwhile. When all goals have ended, the rows
//! and the receiver are compared with the prediction, and the rows with the general invariants ([`crate::oracle`]).
//!
//! The product contains no code for this. Faults hit processes, connections and messages from outside.

mod drive;
mod generate;
mod predict;
mod recovery;
mod report;
mod rows;
mod settings;
mod shape;
mod verify;
mod webhook_body;
mod wire;
mod world;

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::Context;
use local_stack::progress::Phase;
use local_stack::stack::{Stack, StackOptions};

use crate::faults::Faults;
use crate::oracle;
use drive::Driver;
pub use generate::generate;
pub use predict::{Certainty, End, Necessity, Prediction, RunPrediction, StepPrediction, predict};
pub use recovery::Times;
pub use report::{GoalCounts, Machine, Report};
pub use rows::{Analyses, Attempts};
pub use settings::{SHORTEST_LEASE_SECONDS, Settings, Sweeper};
pub use shape::{Criterion, Goal, Plan, Step, Way, Work};
pub use verify::EffectCounts;
use verify::{VerifiedRun, verify};
pub use wire::plan as plan_as_json;
use world::World;

/// Longest time for abandoned work to end after the last goal: a resumed sandbox returns and is refused.
const AFTERMATH: Duration = Duration::from_secs(10);

/// Runs everything on a stack of its own. `options` select the server and database; the run's own requirements are
/// added. `stop` ends the run early, with the results so far.
///
/// # Errors
/// The stack does not start, or does not recover from a crash. Failed goals are no error: see the report.
pub async fn run(
    settings: Settings,
    mut options: StackOptions,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<Report> {
    let faults = Faults::new(settings.fault_plan());
    // No fault is injected before the first request.
    faults.pause();
    let world = World::start(settings.seed, faults.clone()).await?;
    settings.put_into(&mut options, &faults, world.model_url(), &world.host());
    let progress = options.progress.clone();
    let stack = Stack::start(options).await?;
    let mut phase = progress.phase(format!("Running {} goals", settings.goals));
    let reported = observe(&settings, &stack, &world, &mut phase, stop).await;
    phase.done();
    let stopped = stack.stop().await.context("stopping the stack");
    let report = reported?;
    stopped?;
    Ok(report)
}

async fn observe(
    settings: &Settings,
    stack: &Stack,
    world: &World,
    phase: &mut Phase,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<Report> {
    let faults = world.faults();
    let mut driver = Driver::new(stack, settings, faults, &world.host()).await?;
    let began = Instant::now();
    faults.resume();
    let was_interrupted = tokio::select! {
        driven = driver.drive(phase) => { driven?; false }
        () = stop => true,
    };
    let wall_seconds = began.elapsed().as_secs_f64();
    faults.pause();
    faults.thaw();
    until_quiet(stack).await;

    let db = stack.admin_db().await?;
    let workspace = driver.workspace();
    let rows = rows::read(&db, workspace, world::TOKENS).await?;
    let asked = driver.asked();
    let ran = VerifiedRun {
        settings,
        asked,
        was_interrupted,
        model_answers: world.answers(),
    };
    let mut found = verify(&ran, &rows, &world.effects());
    let mut violations = std::mem::take(&mut found.violations);
    if !was_interrupted {
        let broken = oracle::check(&db).await?;
        violations.extend(broken.iter().map(ToString::to_string));
    }
    let failed_analyses = rows.analyses.started - rows.analyses.answered - rows.analyses.open;
    if rows.analyses.open > 0 && !was_interrupted || failed_analyses > 0 && !settings.may_wear_out()
    {
        violations.push(format!(
            "{failed_analyses} analyses failed, {} did not end",
            rows.analyses.open
        ));
    }
    let worn_out = found.worn_out;
    let count = |state: &str| {
        let requests = rows.requests.values();
        u64::try_from(requests.filter(|request| request.state == state).count()).unwrap_or(0)
    };
    let open = rows.requests.values().filter(|request| !request.has_ended);
    let crashes = u64::try_from(driver.crashes.len()).unwrap_or(0);
    let mut report = Report {
        settings: settings.clone(),
        was_interrupted,
        goals: GoalCounts {
            asked,
            answered: count("answered"),
            failed: count("failed").saturating_sub(worn_out),
            open: u64::try_from(open.count()).unwrap_or(0),
            worn_out,
        },
        steps: rows
            .runs
            .values()
            .map(|run| u64::try_from(run.steps.len()).unwrap_or(0))
            .sum(),
        attempts: rows.attempts.clone(),
        analyses: rows.analyses.clone(),
        effects: found.effects,
        faults: faults.counts(),
        crashes,
        recovery_of_steps: recovery::of_lost_attempts(&db, workspace).await?,
        recovery_of_postgres: Times::of(driver.crashes.clone()),
        violations,
        shortfalls: report::missing_faults(settings, &faults.counts(), crashes),
        bound_95_percent: None,
        wall_seconds: (wall_seconds * 1000.0).round() / 1000.0,
        machine: Machine::this(rows.postgres_version.clone()),
    };
    if report.violations.is_empty() && report.sandbox_faults_and_crashes() > 0 {
        #[expect(clippy::cast_precision_loss, reason = "numbers of faults are small")]
        let faults = report.sandbox_faults_and_crashes() as f64;
        report.bound_95_percent = Some(3.0 / faults);
    }
    Ok(report)
}

/// Waits until no function is working, so that late calls have arrived.
async fn until_quiet(stack: &Stack) {
    let deadline = Instant::now() + AFTERMATH;
    let is_busy = || {
        stack
            .host()
            .stats()
            .iter()
            .any(|function| function.running > 0)
    };
    while is_busy() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

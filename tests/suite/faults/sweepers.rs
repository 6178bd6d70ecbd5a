//! Sweepers that stop and start while everything else continues. A stopped clock shows only beside a running one, so
//! each measures the other.

use std::time::Duration;

use harness::faults::{Delivery, FaultPlan};
use local_stack::stack::StackOptions;

use super::Trial;

const OFTEN: Duration = Duration::from_secs(1);
/// Ticks of one clock within which the other would certainly have ticked too.
const TICKS: i64 = 3;

#[tokio::test]
async fn stopped_sweepers_stall_goals_until_restarted() {
    let lost = FaultPlan {
        wakes: Delivery {
            drop: 1.0,
            ..Delivery::default()
        },
        ..FaultPlan::default()
    };
    let with_schedules = |options| StackOptions {
        outside_schedules: Some(OFTEN),
        ..options
    };
    let trial = Trial::start_with(lost, with_schedules).await;
    let database = trial.stack.admin_db().await.unwrap();
    let every_second = "select cron.schedule(jobname, '1 seconds', command) from cron.job where jobname = 'goalpost-sweep'";
    database.batch_execute(every_second).await.unwrap();
    let cron_runs = async || trial.count(&database, "cron.job_run_details").await;
    let invocations = || -> u64 {
        let stats = trial.stack.host().stats();
        stats.iter().map(|stats| stats.invocations).sum()
    };
    trial.ask("fan").await;
    trial.until(async || trial.has_ended(&database).await).await;

    // pg_cron's clock runs and sends wakes; every wake is lost, and no schedule runs.
    trial.stack.stop_schedules();
    trial.until_at_rest(&database).await;
    let before = invocations();
    trial.ask("fan").await;
    trial.stack.start_cron().unwrap();
    trial.until(async || cron_runs().await >= TICKS).await;
    assert_eq!(invocations(), before, "the schedules stand still");
    assert!(!trial.has_ended(&database).await);

    // The schedules run, and pg_cron's clock is stopped.
    trial.stack.stop_cron().await;
    let runs = cron_runs().await;
    trial.stack.start_schedules(OFTEN).await.unwrap();
    let often = before + 5 * u64::try_from(TICKS).unwrap();
    trial.until(async || invocations() >= often).await;
    assert_eq!(cron_runs().await, runs, "pg_cron's clock stands still");
    trial.until(async || trial.has_ended(&database).await).await;
    trial.end().await;
}

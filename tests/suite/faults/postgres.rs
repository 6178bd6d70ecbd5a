//! Postgres crashes while goals are worked on: committed changes stay, uncommitted ones are repeated.

use std::time::Duration;

use harness::faults::FaultPlan;
use local_stack::stack::{ServerChoice, StackOptions};
use tokio_postgres::Client;

use super::Trial;

const COMPLETED: &str = "
    select coalesce(jsonb_agg(jsonb_build_array(run_id, step_key, attempt) order by run_id, step_key), '[]')::text
      from goalpost.step_attempts where outcome = 'completed'";

async fn read(database: &Client, query: &str) -> serde_json::Value {
    let text: String = database.query_one(query, &[]).await.unwrap().get(0);
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn goals_complete_despite_two_postgres_crashes() {
    let own_server = |options| StackOptions {
        server: ServerChoice::Throwaway,
        // Queued wakes are lost with the crash: their table is unlogged.
        outside_schedules: Some(Duration::from_secs(1)),
        ..options
    };
    let trial = Trial::start_with(FaultPlan::default(), own_server).await;
    trial.model.close();
    for plan in ["think", "fan", "work", "think"] {
        trial.ask(plan).await;
    }
    // Three goals wait for an agent's turn, each held by a worker.
    trial.until(async || trial.model.turns() >= 3).await;
    let before = trial.stack.admin_db().await.unwrap();
    let completed = read(&before, COMPLETED).await;
    assert!(completed.as_array().unwrap().len() >= 3, "{completed}");

    trial.stack.crash_postgres().await.unwrap();
    assert!(
        before.query_one("select 1", &[]).await.is_err(),
        "sessions broke"
    );
    trial.model.open();
    trial.stack.crash_postgres().await.unwrap();

    trial.settle().await;
    let database = trial.stack.admin_db().await.unwrap();
    let after = read(&database, COMPLETED).await;
    let after = after.as_array().unwrap();
    for step in completed.as_array().unwrap() {
        assert!(
            after.contains(step),
            "{step} was completed before the crash and is not now"
        );
    }
    trial.end().await;
}

#[tokio::test]
async fn shared_server_is_never_crashed() {
    let trial = Trial::start(FaultPlan::default()).await;
    let refused = trial.stack.crash_postgres().await.unwrap_err().to_string();
    assert!(refused.contains("ServerChoice::Throwaway"), "{refused}");
    trial.end().await;
}

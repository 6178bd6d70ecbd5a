//! A worker that is stopped for longer than its lease: its outcome is too late, and its cost is spent.

use std::time::Duration;

use harness::faults::{Point, SandboxFault, SandboxFaultRule};
use serde_json::{Value, json};

use super::{LEASE_SECONDS, Trial, sandbox_fault_plan};

const THINK: &str = "
    select jsonb_build_object(
      'state', s.state, 'text', s.result ->> 'text',
      'turns', (select jsonb_agg(t.state order by t.number)
                  from goalpost.step_turns t where t.run_id = s.run_id and t.step_key = s.key),
      'booked', (select jsonb_agg(jsonb_build_array(u.input_tokens, u.counted) order by u.lease_epoch)
                   from goalpost.usage_events u where u.run_id = s.run_id and u.step_key = s.key),
      'attempts', (select jsonb_agg(jsonb_build_array(a.attempt, a.outcome) order by a.attempt)
                     from goalpost.step_attempts a where a.run_id = s.run_id and a.step_key = s.key))
      from goalpost.steps s where s.key = 'think'";

fn freeze(point: Point) -> SandboxFaultRule {
    SandboxFaultRule {
        fault: SandboxFault::Freeze(Duration::from_secs(3600)),
        ..SandboxFaultRule::kill_once(point, "executor")
    }
}

#[tokio::test]
async fn frozen_worker_is_refused_and_recorded_answer_reused() {
    let trial = Trial::start(sandbox_fault_plan(vec![freeze(Point::BeforeCompletion)])).await;
    trial.ask("think").await;
    let database = trial.stack.admin_db().await.unwrap();
    let think = async || -> Value { database.query_one(THINK, &[]).await.unwrap().get(0) };
    trial
        .until(async || trial.faults.counts().total_freezes() == 1)
        .await;

    // Another worker takes over, finds the answer in the journal, and ends the step; the first is still stopped.
    trial.let_time_pass(&database, LEASE_SECONDS + 1).await;
    database
        .batch_execute("select goalpost_private.sweep()")
        .await
        .unwrap();
    let done = json!({"state": "completed", "text": "Turn 1", "turns": ["answered"], "booked": [[100, true]],
                      "attempts": [[1, "lost"], [2, "completed"]]});
    trial.until(async || think().await == done).await;
    trial.faults.thaw();
    trial.settle().await;
    assert_eq!(think().await, done, "what comes late changes nothing");
    assert_eq!(trial.model.turns(), 1, "the model was asked once");
    trial.end().await;
}

#[tokio::test]
async fn frozen_model_call_is_late_and_counts_spent() {
    let trial = Trial::start(sandbox_fault_plan(vec![freeze(Point::BeforeTurnEnd)])).await;
    trial.ask("think").await;
    let database = trial.stack.admin_db().await.unwrap();
    let think = async || -> Value { database.query_one(THINK, &[]).await.unwrap().get(0) };
    trial
        .until(async || trial.faults.counts().total_freezes() == 1)
        .await;

    // Another worker takes over and calls the model again: the result of the first call is unknown and counts as spent.
    trial.let_time_pass(&database, LEASE_SECONDS + 1).await;
    trial.model.close();
    database
        .batch_execute("select goalpost_private.sweep()")
        .await
        .unwrap();
    trial.until(async || trial.model.turns() >= 2).await;
    trial.faults.thaw();
    trial.model.open();
    trial.settle().await;
    // The late end of the first call replaces its bound; it is spent, and not counted as an answer.
    let ended = json!({"state": "completed", "text": "Turn 2", "turns": ["failed", "answered"],
                       "booked": [[100, false], [100, true]], "attempts": [[1, "lost"], [2, "completed"]]});
    trial.until(async || think().await == ended).await;
    assert_eq!(trial.model.turns(), 2);
    trial.end().await;
}

//! A worker that stands still for longer than its lease: what it brings then is too late, and its cost is spent.

use std::time::Duration;

use local_stack::faults::{Blow, BlowRule, Point};
use serde_json::{Value, json};

use super::{LEASE_SECONDS, Trial, blows};

const THINK: &str = "
    select jsonb_build_object(
      'state', s.state, 'says', s.result ->> 'text',
      'booked', (select jsonb_agg(jsonb_build_array(u.input_tokens, u.counted) order by u.lease_epoch)
                   from goalpost.usage_events u where u.run_id = s.run_id and u.step_key = s.key),
      'attempts', (select jsonb_agg(jsonb_build_array(a.attempt, a.outcome) order by a.attempt)
                     from goalpost.step_attempts a where a.run_id = s.run_id and a.step_key = s.key))
      from goalpost.steps s where s.key = 'think'";

#[tokio::test]
async fn a_frozen_worker_whose_lease_was_taken_is_refused_and_its_cost_is_booked() {
    let freeze = BlowRule {
        blow: Blow::Freeze(Duration::from_secs(3600)),
        ..BlowRule::kill_once(Point::BeforeCompletion, "executor")
    };
    let trial = Trial::start(blows(vec![freeze])).await;
    trial.ask("think").await;
    let database = trial.stack.admin_db().await.unwrap();
    let think = async || -> Value { database.query_one(THINK, &[]).await.unwrap().get(0) };
    trial
        .until(async || trial.faults.counts().total_freezes() == 1)
        .await;

    // Another takes over and is at it, while the first still stands there with its answer.
    trial.model.close();
    trial.let_time_pass(&database, LEASE_SECONDS + 1).await;
    database
        .batch_execute("select goalpost_private.sweep()")
        .await
        .unwrap();
    trial.until(async || trial.model.turns() >= 2).await;
    trial.faults.thaw();
    trial
        .until(async || !think().await["booked"].is_null())
        .await;
    let late = json!({"state": "running", "says": null, "booked": [[100, false]], "attempts": [[1, "lost"]]});
    assert_eq!(think().await, late, "spent, and counted for nothing");

    trial.model.open();
    trial.settle().await;
    let done = json!({"state": "completed", "says": "Turn 2", "booked": [[100, false], [100, true]],
                      "attempts": [[1, "lost"], [2, "completed"]]});
    assert_eq!(think().await, done);
    trial.end().await;
}

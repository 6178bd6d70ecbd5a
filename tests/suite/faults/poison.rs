//! A step that kills its worker.

use harness::faults::{Point, SandboxFaultRule};
use local_stack::stack::{FunctionLimits, StackOptions};

use super::{Trial, sandbox_fault_plan};

#[tokio::test]
async fn poison_step_dies_after_its_attempts_without_siblings() {
    let always = SandboxFaultRule {
        at_most: u64::MAX,
        even_on_last_attempt: true,
        ..SandboxFaultRule::kill_once(Point::AfterModelTurn, "executor")
    };
    // One step per sandbox: steps that are claimed together die together.
    let one_by_one = |mut options: StackOptions| {
        let alone = FunctionLimits {
            batch_size: 1,
            max_wakes: 4,
            ..FunctionLimits::of("executor")
        };
        options.limits.insert("executor".to_owned(), alone);
        options
    };
    let trial = Trial::start_with(sandbox_fault_plan(vec![always]), one_by_one).await;
    trial.ask("poison").await;
    trial.settle().await;

    assert_eq!(trial.faults.counts().total_kills(), 3);
    let database = trial.stack.admin_db().await.unwrap();
    let steps = "select jsonb_object_agg(s.key, jsonb_build_array(s.state, s.attempt, (
                      select array_agg(a.outcome order by a.attempt) from goalpost.step_attempts a
                       where a.run_id = s.run_id and a.step_key = s.key)))
                   from goalpost.steps s where s.key in ('poison', 'one', 'two', 'three')";
    let steps: serde_json::Value = database.query_one(steps, &[]).await.unwrap().get(0);
    let done = serde_json::json!(["completed", 1, ["completed"]]);
    assert_eq!(
        steps,
        serde_json::json!({
            "poison": ["failed", 3, ["lost", "lost", "lost"]], "one": done, "two": done, "three": done,
        })
    );
    let letters = trial.count(&database, "goalpost.dead_letters").await;
    assert_eq!(letters, 1, "a person hears of it");
    trial.end().await;
}

#[tokio::test]
async fn poison_step_spares_steps_of_same_batch() {
    let always = SandboxFaultRule {
        at_most: u64::MAX,
        even_on_last_attempt: true,
        ..SandboxFaultRule::kill_once(Point::AfterModelTurn, "executor")
    };
    let trial = Trial::start(sandbox_fault_plan(vec![always])).await;
    trial.ask("poison").await;
    trial.settle().await;
    let database = trial.stack.admin_db().await.unwrap();
    let states = "select jsonb_object_agg(key, state) from goalpost.steps where key in ('poison', 'one', 'two', 'three')";
    let states: serde_json::Value = database.query_one(states, &[]).await.unwrap().get(0);
    let expected = serde_json::json!({"poison": "failed", "one": "completed", "two": "completed", "three": "completed"});
    assert_eq!(states, expected);
    trial.end().await;
}

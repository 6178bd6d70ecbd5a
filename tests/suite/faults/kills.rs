//! SIGKILL at every point of all five functions: the lease ends, a sweep reclaims the step, and it ends once.

use harness::faults::{FaultPlan, Point, SandboxFaultRule};
use serde_json::{Value, json};

use super::{Trial, sandbox_fault_plan};

/// Kills the function at each point in turn, with a new goal each time; each kill costs the given number of attempts.
async fn kill_at_each(function: &str, points: &[(Point, i64)]) {
    let trial = Trial::start(FaultPlan::default()).await;
    let database = trial.stack.admin_db().await.unwrap();
    let mut lost_before = 0;
    for (point, lost) in points {
        let plan = sandbox_fault_plan(vec![SandboxFaultRule::kill_once(*point, function)]);
        trial.faults.set_plan(plan);
        trial.ask("work").await;
        trial.settle().await;
        let kills = trial.faults.counts().kills;
        let counted = kills.get(function).and_then(|kills| kills.get(point));
        assert_eq!(counted, Some(&1), "{function} was not killed {point}");
        let lost_now = trial.count(&database, "goalpost.step_attempts where outcome = 'lost'");
        let lost_now = lost_now.await;
        assert_eq!(lost_now - lost_before, *lost, "{function} killed {point}");
        lost_before = lost_now;
    }
    let failed = "goalpost.step_attempts where outcome not in ('lost', 'completed')";
    assert_eq!(trial.count(&database, failed).await, 0);
    trial.end().await;
}

/// Points of a function with one model call per step and no other effect, and the attempts that a kill costs.
const WITHOUT_EFFECTS: [(Point, i64); 5] = [
    (Point::BeforeClaim, 0),
    (Point::AfterClaim, 1),
    (Point::AfterModelTurn, 1),
    (Point::BeforeCompletion, 1),
    (Point::AfterCompletion, 0),
];

#[tokio::test]
async fn intake_killed_at_any_point_loses_no_request() {
    kill_at_each("intake", &WITHOUT_EFFECTS).await;
}

#[tokio::test]
async fn planner_killed_at_any_point_plans_once() {
    kill_at_each("planner", &WITHOUT_EFFECTS).await;
}

#[tokio::test]
async fn executor_killed_at_any_point_completes_steps_once() {
    let points = [
        (Point::BeforeClaim, 0),
        (Point::AfterClaim, 1),
        (Point::AfterModelTurn, 1),
        (Point::AfterEffect, 1),
        (Point::BeforeCompletion, 1),
        // The call that completes a step claims the next.
        (Point::AfterCompletion, 1),
    ];
    kill_at_each("executor", &points).await;
}

#[tokio::test]
async fn aggregator_killed_at_any_point_judges_once() {
    kill_at_each("aggregator", &WITHOUT_EFFECTS).await;
}

/// Creates a trial with one completed goal, whose agent's statistics are not folded yet.
async fn reached() -> Trial {
    let trial = Trial::start(FaultPlan::default()).await;
    trial.ask("work").await;
    trial.settle().await;
    assert_eq!(statistics(&trial).await, Vec::<Value>::new());
    trial
}

async fn statistics(trial: &Trial) -> Vec<Value> {
    let rows = trial
        .owner
        .rows("agent_statistics", "select=uses,successes");
    rows.await.unwrap()
}

/// Invokes the analyzer with this event, in which it is killed at this point.
async fn kill_analyzer(trial: &Trial, point: Point, event: &Value) {
    let plan = sandbox_fault_plan(vec![SandboxFaultRule::kill_once(point, "analyzer")]);
    trial.faults.set_plan(plan);
    let died = trial.stack.invoke("analyzer", event).await.unwrap_err();
    assert!(died.to_string().contains("analyzer failed"), "{died}");
}

fn tick() -> Value {
    json!({"version": "0", "id": "tick", "detail-type": "Scheduled Event", "source": "aws.events",
           "account": "000000000000", "time": "2026-11-22T00:00:00Z", "region": "local",
           "resources": ["arn:aws:events:local:000000000000:rule/analyzer"], "detail": {}})
}

/// Returns a wake through a queue: unlike a schedule's event it starts no sweep that folds first.
fn message() -> Value {
    let wake = json!({"type": "INSERT", "table": "wakes", "schema": "goalpost", "old_record": null,
                      "record": {"id": 1, "function": "analyzer", "ready_count": 1}});
    json!({"Records": [{"messageId": "m", "receiptHandle": "r", "body": wake.to_string(), "attributes": {}, "messageAttributes": {},
                        "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:local:000000000000:goalpost-analyzer",
                        "awsRegion": "local"}]})
}

fn once() -> Vec<Value> {
    vec![json!({"uses": 1, "successes": 1})]
}

#[tokio::test]
async fn analyzer_killed_before_its_fold_counts_nothing() {
    let trial = reached().await;
    kill_analyzer(&trial, Point::BeforeClaim, &message()).await;
    assert_eq!(statistics(&trial).await, Vec::<Value>::new());
    trial.stack.invoke("analyzer", &message()).await.unwrap();
    assert_eq!(statistics(&trial).await, once());
    trial.end().await;
}

#[tokio::test]
async fn analyzer_killed_after_its_fold_counts_once() {
    let trial = reached().await;
    kill_analyzer(&trial, Point::AfterClaim, &message()).await;
    assert_eq!(statistics(&trial).await, once());
    // The sweep of a tick folds before the analyzer does.
    kill_analyzer(&trial, Point::BeforeClaim, &tick()).await;
    assert_eq!(statistics(&trial).await, once());
    trial.stack.invoke("analyzer", &tick()).await.unwrap();
    assert_eq!(statistics(&trial).await, once());
    trial.end().await;
}

#[tokio::test]
async fn tick_counts_once_although_its_analyzer_is_killed() {
    let trial = reached().await;
    kill_analyzer(&trial, Point::BeforeClaim, &tick()).await;
    assert_eq!(statistics(&trial).await, once());
    trial.end().await;
}

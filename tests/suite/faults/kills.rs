//! SIGKILL at every point of all five functions: the lease ends, a sweep takes the step back, and it ends once.

use harness::faults::{BlowRule, FaultPlan, Point};
use serde_json::json;

use super::{Trial, blows};

/// Kills the function at each point in turn, each time while another goal is worked on.
async fn kill_at_each(function: &str, points: &[Point]) {
    let trial = Trial::start(FaultPlan::default()).await;
    for point in points {
        let plan = blows(vec![BlowRule::kill_once(*point, function)]);
        trial.faults.set_plan(plan);
        trial.ask("work").await;
        trial.settle().await;
        let kills = trial.faults.counts().kills;
        let told = kills.get(function).and_then(|kills| kills.get(point));
        assert_eq!(told, Some(&1), "{function} was not killed {point}");
    }
    trial.end().await;
}

/// The points of a function that asks a model once per step and has no other effect.
const WITHOUT_EFFECTS: [Point; 5] = [
    Point::BeforeClaim,
    Point::AfterClaim,
    Point::AfterModelTurn,
    Point::BeforeCompletion,
    Point::AfterCompletion,
];

#[tokio::test]
async fn intake_killed_at_any_point_loses_no_request() {
    kill_at_each("intake", &WITHOUT_EFFECTS).await;
}

#[tokio::test]
async fn the_planner_killed_at_any_point_loses_no_goal_and_plans_once() {
    kill_at_each("planner", &WITHOUT_EFFECTS).await;
}

#[tokio::test]
async fn the_executor_killed_at_any_point_loses_no_step_and_completes_each_once() {
    let [before_claim, after_claim, rest @ ..] = WITHOUT_EFFECTS;
    let [after_model_turn, before_completion, after_completion] = rest;
    let points = [
        before_claim,
        after_claim,
        after_model_turn,
        Point::AfterEffect,
        before_completion,
        after_completion,
    ];
    kill_at_each("executor", &points).await;
}

#[tokio::test]
async fn the_aggregator_killed_at_any_point_judges_in_the_end_and_once() {
    kill_at_each("aggregator", &WITHOUT_EFFECTS).await;
}

#[tokio::test]
async fn the_analyzer_killed_while_it_measures_has_measured_once_or_not_at_all() {
    let trial = Trial::start(FaultPlan::default()).await;
    trial.ask("work").await;
    trial.settle().await;
    let tick = json!({"version": "0", "id": "tick", "detail-type": "Scheduled Event", "source": "aws.events",
                      "account": "000000000000", "time": "2026-11-22T00:00:00Z", "region": "local",
                      "resources": ["arn:aws:events:local:000000000000:rule/analyzer"], "detail": {}});
    let facts = async || {
        let rows = trial
            .owner
            .rows("agent_statistics", "select=uses,successes");
        rows.await.unwrap()
    };
    for point in [Point::BeforeClaim, Point::AfterClaim] {
        let plan = blows(vec![BlowRule::kill_once(point, "analyzer")]);
        trial.faults.set_plan(plan);
        let died = trial.stack.invoke("analyzer", &tick).await.unwrap_err();
        assert!(died.to_string().contains("analyzer failed"), "{died}");
        // The sweep folds too, so that it may be there before.
        let measured = facts().await;
        let once = vec![json!({"uses": 1, "successes": 1})];
        assert!(
            measured.is_empty() || measured == once,
            "{point}: {measured:?}"
        );
    }
    trial.stack.invoke("analyzer", &tick).await.unwrap();
    assert_eq!(facts().await, vec![json!({"uses": 1, "successes": 1})]);
    trial.end().await;
}

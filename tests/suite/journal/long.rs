//! Steps that take longer than an invocation, and conversations that become long.

use std::time::Duration;

use harness::faults::{Point, SandboxFaultRule};
use local_stack::stack::{FunctionLimits, StackOptions};
use serde_json::json;

use super::World;

/// Limits an executor's invocation to this time.
fn short_lived(mut options: StackOptions) -> StackOptions {
    let limits = FunctionLimits {
        timeout: Duration::from_secs(4),
        ..FunctionLimits::of("executor")
    };
    options.limits.insert("executor".to_owned(), limits);
    options
}

#[tokio::test]
async fn step_longer_than_invocation_continues_in_next() {
    let mut world = World::start(short_lived).await;
    world.model.works(12, Duration::from_millis(600));
    world.reach(Vec::new()).await;
    let work = world
        .json(
            "select jsonb_build_object('attempt', s.attempt, 'claims', s.lease_epoch > 2, 'unknown',
               (select count(*) from goalpost.step_turns t where t.step_key = 'work' and t.state <> 'answered'))
               from goalpost.steps s where s.key = 'work'",
        )
        .await;
    let expected = json!({"attempt": 1, "claims": true, "unknown": 0});
    assert_eq!(work, expected, "put back in time, at no cost of a try");
    let answers = json!({"assess": 1, "plan": 2, "work": 14, "judge": 1});
    world.end_with(&answers).await;
}

#[tokio::test]
async fn long_conversation_is_summarized_despite_kill() {
    let mut world = World::start(|mut options| {
        let name = "GOALPOST_LONGEST_CONVERSATION_BYTES".to_owned();
        options.environment.insert(name, "5000".to_owned());
        options
    })
    .await;
    world.model.works(12, Duration::ZERO);
    world.model.strikes_only_at("compact");
    let compacting = SandboxFaultRule::kill_once(Point::AfterModelTurn, "executor");
    world.reach(vec![compacting]).await;
    let summaries = world
        .json(
            "select jsonb_object_agg(t.state, t.count) from (
               select state, count(*) from goalpost.step_turns where purpose = 'compact' group by 1) t",
        )
        .await;
    assert_eq!(summaries, json!({"unknown": 1, "answered": 1}));
    let answers = json!({"assess": 1, "plan": 2, "work": 14, "judge": 1});
    world.end_with(&answers).await;
}

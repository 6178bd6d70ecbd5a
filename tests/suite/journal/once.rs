//! What a provider has too much of, and what may not be repeated.

use harness::faults::{BlowRule, Point};
use serde_json::json;

use super::World;
use crate::faults::LEASE_SECONDS;

#[tokio::test]
async fn a_provider_that_asks_for_a_pause_costs_no_try() {
    let mut world = World::start(|options| options).await;
    world.model.refuses(2, 429);
    let told = world.strike(Vec::new()).await;
    world.trial.settle().await;
    world.all_fell(&told);
    let work = world
        .json(
            "select jsonb_build_object('attempt', s.attempt, 'turns',
               (select jsonb_agg(t.state order by t.number) from goalpost.step_turns t where t.step_key = 'work'))
               from goalpost.steps s where s.key = 'work'",
        )
        .await;
    let turns = [
        "failed", "failed", "answered", "answered", "answered", "answered",
    ];
    assert_eq!(work, json!({"attempt": 1, "turns": turns}));
    world.end().await;
}

/// A world in which a post may not be repeated: the receiver heeds no key.
async fn without_keys() -> World {
    let world = World::start(|options| options).await;
    let database = world.trial.stack.admin_db().await.unwrap();
    database
        .batch_execute("update goalpost.tools set idempotent = false where name = 'webhook'")
        .await
        .unwrap();
    world
}

#[tokio::test]
async fn what_may_not_be_repeated_is_made_once_whoever_dies_before_or_after_it() {
    let mut world = without_keys().await;
    for (point, passes) in [
        (Point::BeforeCalls, 0),
        (Point::BeforeCalls, 1),
        (Point::AfterCallsEnd, 0),
        (Point::AfterCallsEnd, 1),
        (Point::BeforeCompletion, 0),
    ] {
        let blow = BlowRule::kill_once(point, "executor").after(passes);
        world.reach(vec![blow]).await;
    }
    let times: Vec<usize> = world.receiver.effects().values().map(Vec::len).collect();
    assert!(times.iter().all(|times| *times == 1), "{times:?}");
    world.end().await;
}

#[tokio::test]
async fn a_call_that_breaks_off_and_may_not_be_repeated_is_left_to_a_person() {
    let mut world = without_keys().await;
    world.receiver.fails(1, 503);
    world.strike(Vec::new()).await;
    let database = world.trial.stack.admin_db().await.unwrap();
    let is_known = "goalpost.tool_calls where state in ('running', 'unknown', 'failed')";
    let trial = &world.trial;
    trial
        .until(async || trial.count(&database, is_known).await == 1)
        .await;
    trial.until_at_rest(&database).await;
    let states = world
        .json("select jsonb_agg(state) from goalpost.tool_calls where tool = 'webhook'")
        .await;
    assert!(
        states == json!(["running"]) || states == json!(["unknown"]),
        "{states}"
    );
    assert_eq!(
        world
            .receiver
            .effects()
            .values()
            .map(Vec::len)
            .sum::<usize>(),
        1
    );
    world.trial.stack.stop().await.unwrap();
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    for point in [
        Point::AfterCallsBegun,
        Point::AfterEffect,
        Point::BeforeCallsEnd,
    ] {
        let mut world = without_keys().await;
        let told = world
            .strike(vec![BlowRule::kill_once(point, "executor")])
            .await;
        let database = world.trial.stack.admin_db().await.unwrap();
        for _ in 0..3 {
            world.trial.until_at_rest(&database).await;
            world
                .trial
                .let_time_pass(&database, LEASE_SECONDS + 1)
                .await;
            database
                .batch_execute("select goalpost_private.sweep()")
                .await
                .unwrap();
        }
        world.trial.until_at_rest(&database).await;
        world.all_fell(&told);
        let first = world
            .json(
                "select jsonb_build_object('calls', count(*), 'open', bool_and(c.state in ('running', 'unknown')))
                   from goalpost.tool_calls c where c.step_key = 'work' and c.tool = 'webhook'",
            )
            .await;
        assert_eq!(first, json!({"calls": 1, "open": true}), "{point}");
        let expected = if point == Point::AfterCallsBegun {
            0
        } else {
            1
        };
        let times: usize = world.receiver.effects().values().map(Vec::len).sum();
        assert_eq!(times, expected, "{point}: it was made as often as before");
        world.trial.faults.pause();
        world.trial.stack.stop().await.unwrap();
    }
}

//! What a provider has too much of, and what may not be repeated.

use serde_json::json;

use super::World;

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
}

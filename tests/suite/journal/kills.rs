//! SIGKILL at every point of the journal, several times in each function's turn. `GOALPOST_JOURNAL_ROUNDS` sets the
//! number of rounds; the default is one.

use harness::faults::{Point, SandboxFaultRule};

use super::World;

/// Kills per world: each costs a lease's time, and signatures are valid for minutes.
const KILLS_PER_WORLD: usize = 18;

pub(super) fn rounds() -> usize {
    std::env::var("GOALPOST_JOURNAL_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}

/// Kills the function at each of these points after the given passes, with a new goal each time.
async fn kill_at_each(function: &str, points: &[(Point, u64)]) {
    for _ in 0..rounds() {
        for points in points.chunks(KILLS_PER_WORLD) {
            let mut world = World::start(|options| options).await;
            for (point, passes) in points {
                let rule = SandboxFaultRule::kill_once(*point, function).after(*passes);
                world.reach(vec![rule]).await;
            }
            world.end().await;
        }
    }
}

/// Points of a function's first model call.
const ASKING: [(Point, u64); 5] = [
    (Point::BeforeTurn, 0),
    (Point::AfterTurnBegun, 0),
    (Point::AfterModelTurn, 0),
    (Point::BeforeTurnEnd, 0),
    (Point::AfterTurnEnd, 0),
];

#[tokio::test]
async fn intake_killed_around_its_question_asks_it_once() {
    kill_at_each("intake", &ASKING).await;
}

#[tokio::test]
async fn planner_killed_around_model_calls_repeats_none() {
    let again = ASKING.map(|(point, _)| (point, 1));
    kill_at_each("planner", &[ASKING, again].concat()).await;
}

#[tokio::test]
async fn aggregator_killed_around_model_call_repeats_none() {
    kill_at_each("aggregator", &ASKING).await;
}

#[tokio::test]
async fn executor_killed_around_model_calls_repeats_none() {
    let later = [1, 3].map(|passes| ASKING.map(|(point, _)| (point, passes)));
    kill_at_each("executor", &[&ASKING[..], &later.concat()].concat()).await;
}

#[tokio::test]
async fn executor_killed_around_effects_acts_once() {
    let points = [
        (Point::AfterEffect, 0),
        (Point::AfterEffect, 1),
        (Point::AfterEffect, 2),
        (Point::BeforeFreezing, 0),
        (Point::AfterFreezing, 0),
        (Point::BeforeCompletion, 0),
        (Point::BeforeCompletion, 1),
        (Point::AfterCompletion, 0),
        (Point::AfterCompletion, 1),
    ];
    kill_at_each("executor", &points).await;
}

#[tokio::test]
async fn kill_while_reading_leaves_journal_unchanged() {
    let mut world = World::start(|options| options).await;
    for reading in [Point::BeforeReading, Point::AfterReading] {
        for function in ["executor", "planner"] {
            let first = SandboxFaultRule::kill_once(Point::AfterTurnEnd, function);
            let then = SandboxFaultRule::kill_once(reading, function);
            world.reach(vec![first, then]).await;
        }
    }
    world.end().await;
}

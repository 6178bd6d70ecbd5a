//! Tests of the host's own speed, so that measurements are not dominated by it.
//!
//! The bounds are wide, because other work shares the machine; the figures are printed (`cargo test -p local-aws
//! --test aws speed -- --nocapture`).

use std::time::{Duration, Instant};

use serde_json::json;

use crate::stage::{Stage, echo};

#[tokio::test]
async fn function_starts_and_answers_in_milliseconds() {
    let mut starts = Vec::new();
    for _ in 0..5 {
        let stage = Stage::with(echo()).await;
        stage.invoke(json!(1)).await.unwrap();
        starts.push(stage.stats().last_init);
        stage.host.stop().await;
    }
    let stage = Stage::with(echo()).await;
    let mut times = Vec::new();
    for _ in 0..500 {
        let started = Instant::now();
        stage.invoke(json!({"number": 1})).await.unwrap();
        times.push(started.elapsed());
    }
    stage.host.stop().await;
    starts.sort_unstable();
    times.sort_unstable();
    println!(
        "cold start p50 {:?}; warm invoke p50 {:?}, p99 {:?}",
        starts[2], times[250], times[495]
    );
    assert!(starts[2] < Duration::from_secs(1), "{starts:?}");
    assert!(
        times[250] < Duration::from_millis(50),
        "p50 {:?}",
        times[250]
    );
}

//! `goalpost bench`: what it measures is counted rightly, on a build for developing too.
//!
//! Times mean nothing here; counts do.

use local_stack::bench::{self, Amount, Settings, Stage, Workload};
use serde_json::Value;
use system_tests::stacks;

#[tokio::test]
async fn a_chain_is_measured_with_all_its_fields_and_counts_that_can_be() {
    let stage = Stage::on(stacks::start().await.unwrap(), Settings::default())
        .await
        .unwrap();
    let amount = Amount {
        runs: 2,
        repetitions: 1,
    };
    let measured = bench::measure(&stage, Workload::Chain, amount)
        .await
        .unwrap();
    stage.stop().await.unwrap();

    let json = serde_json::to_value(&measured).unwrap();
    let number = |field: &str| json[field].as_f64().unwrap_or(f64::NAN);
    assert_eq!(json["workload"], "chain");
    assert_eq!(number("steps"), 40.0);
    for field in [
        "wall_seconds",
        "ms_per_step",
        "steps_per_second",
        "p50_ms",
        "p95_ms",
        "wal_bytes_per_step",
    ] {
        assert!(number(field) > 0.0, "{field}: {json:#}");
    }
    assert!(number("p50_ms") <= number("p95_ms"), "{json:#}");
    // A step ends in one call that brings the next; a run has one more call, and what wakes the executor.
    assert!(
        (1.0..1.3).contains(&number("requests_per_step")),
        "{json:#}"
    );
    assert!(
        (1.0..2.0).contains(&number("transactions_per_step")),
        "{json:#}"
    );
    assert_eq!(number("model_calls"), 0.0);
    assert!(
        json["calls"]["finish_steps"]["count"].as_u64() >= Some(40),
        "{json:#}"
    );
    assert!(matches!(&json["repetitions"], Value::Array(all) if all.len() == 1));
}

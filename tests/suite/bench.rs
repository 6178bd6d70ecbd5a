//! Counts of `harness bench`, which are correct on a development build too. Times are not checked.

use harness::bench::{self, Amount, Settings, Stage, Workload};
use serde_json::Value;
use system_tests::stacks;

#[tokio::test]
async fn chain_measurement_has_all_fields_and_plausible_counts() {
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
    // A step ends in one call, which also claims the next; a run adds one more call, and the call that wakes the
    // executor.
    assert!(
        (1.05..1.09).contains(&number("requests_per_step")),
        "{json:#}"
    );
    assert!(
        (1.0..2.0).contains(&number("transactions_per_step")),
        "{json:#}"
    );
    eprintln!(
        "TPS {} RPS {}",
        number("transactions_per_step"),
        number("requests_per_step")
    );
    assert_eq!(number("model_calls"), 0.0);
    assert!(
        json["calls"]["finish_steps"]["count"].as_u64() >= Some(40),
        "{json:#}"
    );
    assert!(matches!(&json["repetitions"], Value::Array(all) if all.len() == 1));
}

#[tokio::test]
async fn copied_goals_are_complete_and_work_continues() {
    let stage = Stage::on(stacks::start().await.unwrap(), Settings::default())
        .await
        .unwrap();
    bench::growth::fill(&stage, 30).await.unwrap();
    let database = stage.stack().admin_db().await.unwrap();
    let query = "select count(distinct g.id), count(distinct r.id) filter (where r.state = 'completed'),
                        count(distinct e.root_run_id)
                   from goalpost.goals g
                   join goalpost.requests q on q.id = g.request_id and q.goal_id = g.id and q.state = 'answered'
                   join goalpost.workflow_runs r on r.request_id = q.id
                   join goalpost.events e on e.root_run_id = r.root_run_id";
    let row = database.query_one(query, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 30);
    assert_eq!(row.get::<_, i64>(1), 60, "a request's run and a goal's");
    assert_eq!(row.get::<_, i64>(2), 30);

    // New keys follow those of the copies.
    let amount = Amount {
        runs: 1,
        repetitions: 1,
    };
    let measured = bench::measure(&stage, Workload::Goal, amount)
        .await
        .unwrap();
    stage.stop().await.unwrap();
    assert!(measured.median.steps >= 5, "{measured:?}");
}

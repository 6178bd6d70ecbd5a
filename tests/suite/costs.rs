//! Costs of work in the database and the API, compared with recorded counts: a change that adds a transaction, a call,
//! a row or bytes of log to the hot path fails here, and an intended change records the new figure with its reason.
//!
//! Counts do not depend on the machine; times do, and are measured by `cargo harness bench`.

use harness::bench::{self, Amount, Measured, Settings, Stage, Workload};
use local_stack::home::Home;
use local_stack::progress::Progress;

/// Recorded counts of one workload, per step (of the agent: per model call).
struct Recorded {
    workload: Workload,
    runs: usize,
    /// Transactions that write. (Read-only ones vary in windows this short, and follow from the requests.)
    transactions: f64,
    requests: f64,
    rows: f64,
    wal_bytes: f64,
}

const RECORDED: [Recorded; 5] = [
    Recorded {
        workload: Workload::Chain,
        runs: 5,
        transactions: 1.15,
        requests: 1.05,
        rows: 5.85,
        wal_bytes: 1952.0,
    },
    Recorded {
        workload: Workload::Fanout,
        runs: 2,
        transactions: 0.1,
        requests: 0.078,
        rows: 5.59,
        wal_bytes: 1950.0,
    },
    Recorded {
        workload: Workload::Throughput,
        runs: 100,
        transactions: 0.057,
        requests: 0.05,
        rows: 7.38,
        wal_bytes: 3240.0,
    },
    Recorded {
        workload: Workload::Goal,
        // A page of an index that is split logs several thousand bytes: enough runs that one more is within the tolerance.
        runs: 25,
        transactions: 2.5,
        requests: 1.833,
        // Of it 0.8 rows of runbook_matches: each runbook that was considered for the plan.
        rows: 12.84,
        wal_bytes: 4950.0,
    },
    Recorded {
        workload: Workload::Agent,
        runs: 15,
        transactions: 2.5,
        requests: 2.25,
        rows: 14.292,
        wal_bytes: 4962.0,
    },
];

#[tokio::test]
async fn work_costs_no_more_than_recorded() {
    let home = || Home::open().unwrap();
    let settings = || Settings {
        without_sweep: true,
        ..Settings::default()
    };
    let mut found = Vec::new();
    let stage = Stage::start(home(), settings(), Progress::quiet());
    let stage = stage.await.unwrap();
    for recorded in RECORDED
        .iter()
        .filter(|one| one.workload != Workload::Agent)
    {
        found.extend(differences(&stage, recorded).await);
    }
    stage.stop().await.unwrap();
    let stage = Stage::with_model(home(), settings(), Progress::quiet());
    let stage = stage.await.unwrap();
    for recorded in RECORDED
        .iter()
        .filter(|one| one.workload == Workload::Agent)
    {
        found.extend(differences(&stage, recorded).await);
    }
    stage.stop().await.unwrap();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Lists the counts that differ from the recorded ones by more than their tolerance.
async fn differences(stage: &Stage, recorded: &Recorded) -> Vec<String> {
    let amount = Amount {
        runs: recorded.runs,
        repetitions: 1,
    };
    let measured = bench::measure(stage, recorded.workload, amount).await;
    let measured = measured.unwrap().median;
    eprintln!("{}", figures(&measured));
    let counts = [
        (
            "writing transactions",
            measured.writing_transactions_per_step,
            recorded.transactions,
            0.05,
        ),
        (
            "requests",
            measured.requests_per_step,
            recorded.requests,
            0.05,
        ),
        ("rows", measured.rows_per_step, recorded.rows, 0.02),
        (
            "bytes of log",
            measured.wal_bytes_per_step,
            recorded.wal_bytes,
            0.04,
        ),
    ];
    let differs = |(name, is, was, share): (&str, f64, f64, f64)| {
        let slack = f64::max(share * was, 0.02);
        ((is - was).abs() > slack).then(|| {
            let workload = recorded.workload.name();
            format!("{workload}: {is} {name} per step, recorded are {was} (± {slack:.3})")
        })
    };
    counts.into_iter().filter_map(differs).collect()
}

fn figures(measured: &Measured) -> String {
    format!(
        "{}: {} steps, {} writing transactions, {} requests, {} rows, {} bytes of log",
        measured.workload,
        measured.steps,
        measured.writing_transactions_per_step,
        measured.requests_per_step,
        measured.rows_per_step,
        measured.wal_bytes_per_step
    )
}

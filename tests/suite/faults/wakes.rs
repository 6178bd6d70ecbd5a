//! Lost, duplicated and reordered wakes: they are hints, so work is delayed at most.

use std::time::Duration;

use harness::faults::{Delivery, FaultPlan};
use local_stack::stack::{StackOptions, Switch};
use serde_json::json;
use tokio_postgres::Client;

use super::Trial;

/// A goal passes four functions; each must find the work that the previous one left.
const HOPS: u32 = 4;
/// Interval of pg_cron's sweep: `supabase/migrations`.
const SWEEP_SECONDS: u32 = 10;
const GOALS: usize = 3;

async fn goals_without_wakes() -> (Trial, Client) {
    let lost = FaultPlan {
        wakes: Delivery {
            drop: 1.0,
            ..Delivery::default()
        },
        ..FaultPlan::default()
    };
    let trial = Trial::start(lost).await;
    for plan in ["work", "fan", "think"] {
        trial.ask(plan).await;
    }
    let database = trial.stack.admin_db().await.unwrap();
    (trial, database)
}

#[tokio::test]
async fn sweep_wakes_alone_need_one_sweep_per_function() {
    let (trial, database) = goals_without_wakes().await;
    // The job's command commits, so its one round is called here inside a transaction.
    let command = "select goalpost_private.sweep()";
    let mut sweeps = 0;
    loop {
        trial.until_still(&database).await;
        if trial.has_ended(&database).await {
            break;
        }
        trial.let_time_pass(&database, SWEEP_SECONDS).await;
        // pg_cron cannot invoke a function: it sends wakes, and these are delivered.
        let sweep = format!(
            "begin; {command};
             update net.http_request_queue set headers = headers || '{{\"x-goalpost-no-faults\": \"1\"}}'
              where xmin = pg_current_xact_id()::xid;
             commit"
        );
        database.batch_execute(&sweep).await.unwrap();
        sweeps += 1;
    }
    assert_eq!(sweeps, HOPS);
    assert!(trial.faults.counts().wakes.dropped >= u64::try_from(GOALS).unwrap());
    trial.end().await;
}

#[tokio::test]
async fn outside_schedules_alone_complete_goals_in_bounded_ticks() {
    let (trial, database) = goals_without_wakes().await;
    let mut ticks = 0;
    loop {
        trial.until_still(&database).await;
        if trial.has_ended(&database).await {
            break;
        }
        assert!(ticks < HOPS, "{}", trial.describe(&database).await);
        // In the worst order: each function runs just before there is work for it.
        for function in ["aggregator", "executor", "planner", "intake"] {
            let tick = json!({"version": "0", "id": "tick", "detail-type": "Scheduled Event", "source": "aws.scheduler",
                "account": "000000000000", "time": "2026-11-22T00:00:00Z", "region": "local",
                "resources": ["arn:aws:scheduler:local:000000000000:schedule/default/goalpost"], "detail": "{}"});
            trial.stack.invoke(function, &tick).await.unwrap();
        }
        ticks += 1;
    }
    assert_eq!(ticks, HOPS);
    let acknowledged = "goalpost.wakes where acknowledged_at is not null";
    assert_eq!(
        trial.count(&database, acknowledged).await,
        0,
        "not one wake was acknowledged"
    );
    trial.end().await;
}

/// Returns two or three copies of each, half of them late, in any order.
fn doubled_and_shuffled() -> Delivery {
    Delivery {
        duplicate: 1.0,
        max_copies: 3,
        delay: 0.5,
        max_delay: Duration::from_millis(30),
        reorder_window: 3,
        ..Delivery::default()
    }
}

#[tokio::test]
async fn every_wake_doubled_and_shuffled_changes_nothing() {
    let plan = FaultPlan {
        seed: 2,
        wakes: doubled_and_shuffled(),
        ..FaultPlan::default()
    };
    let trial = Trial::start(plan).await;
    for plan in ["work", "fan", "think", "fan", "work", "fan"] {
        trial.ask(plan).await;
    }
    trial.settle().await;
    let carried = trial.faults.counts().wakes;
    assert!(carried.seen >= 4, "{carried:?}");
    assert!(carried.duplicated >= carried.seen, "{carried:?}");
    assert!(carried.delayed > 0, "{carried:?}");
    assert_eq!(trial.model.turns(), 3, "no step was worked on twice");
    trial.end().await;
}

#[tokio::test]
async fn every_queue_message_doubled_and_shuffled_changes_nothing() {
    let plan = FaultPlan {
        seed: 2,
        messages: doubled_and_shuffled(),
        ..FaultPlan::default()
    };
    let without_webhooks = |options| StackOptions {
        pg_net: Switch::Off,
        ..options
    };
    let trial = Trial::start_with(plan, without_webhooks).await;
    for plan in ["work", "fan", "think"] {
        trial.ask(plan).await;
    }
    let database = trial.stack.admin_db().await.unwrap();
    let mut sent = 0;
    trial
        .until(async || {
            sent = send_wakes_as_messages(&trial, &database, sent).await;
            trial.has_ended(&database).await
        })
        .await;
    let carried = trial.faults.counts().messages;
    assert!(carried.seen >= 4, "{carried:?}");
    assert!(carried.duplicated >= carried.seen, "{carried:?}");
    assert_eq!(trial.model.turns(), 2, "no step was worked on twice");
    trial.end().await;
}

/// Puts each wake on its function's queue, as a gateway function does. Returns the last one's id.
async fn send_wakes_as_messages(trial: &Trial, database: &Client, sent: i64) -> i64 {
    let wakes = database
        .query(
            "select id, function, ready_count from goalpost.wakes where id > $1 order by id",
            &[&sent],
        )
        .await
        .unwrap();
    let http = reqwest::Client::new();
    let mut sent = sent;
    for wake in wakes {
        let (id, function): (i64, String) = (wake.get(0), wake.get(1));
        let message = json!({"type": "INSERT", "table": "wakes", "schema": "goalpost", "old_record": null,
            "record": {"id": id, "function": function, "ready_count": wake.get::<_, i32>(2)}});
        let url = trial.stack.url();
        let answer = http
            .post(format!("{url}/sqs"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", "AmazonSQS.SendMessage")
            .json(&json!({
                "QueueUrl": format!("{url}/sqs/000000000000/goalpost-{function}"),
                "MessageBody": message.to_string(),
            }))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
        sent = id;
    }
    sent
}

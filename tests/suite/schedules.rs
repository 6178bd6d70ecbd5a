//! Schedules: set by the command line, asked by the sweep, answered by the functions.

use local_stack::stack::{Person, Stack};
use serde_json::{Value, json};
use system_tests::people::Client;
use system_tests::{clock_sql, command, schedule_tick, stacks};

/// Invokes a function as its schedule does: it sweeps, then works. Wakes of a database whose clock is ahead are refused.
async fn invoke(stack: &Stack, function: &str) {
    stack
        .invoke(function, &schedule_tick(function))
        .await
        .unwrap();
}

async fn sweep(stack: &Stack) {
    invoke(stack, "intake").await;
}

async fn goalpost(stack: &Stack, arguments: &[&str]) -> (bool, String) {
    let ran = command::run(stack, Person::Owner, arguments, "")
        .await
        .unwrap();
    let printed = [ran.stdout.as_slice(), ran.stderr.as_slice()].concat();
    (ran.status.success(), String::from_utf8(printed).unwrap())
}

async fn history(stack: &Stack, name: &str) -> Vec<Value> {
    let (_, printed) = goalpost(stack, &["schedules", "history", name, "--json"]).await;
    serde_json::from_str(&printed).unwrap()
}

/// Moves the clock one second behind the next tick, and sweeps. The tick after it is minutes away.
async fn pass_next_tick(stack: &Stack) {
    let db = stack.admin_db().await.unwrap();
    let row = db.query_one(
        "select extract(epoch from next_at - now())::bigint from goalpost.schedules",
        &[],
    );
    let seconds: i64 = row.await.unwrap().get(0);
    let ahead = format!("{} seconds", seconds + 1);
    db.batch_execute(&clock_sql(&ahead)).await.unwrap();
    sweep(stack).await;
}

#[tokio::test]
async fn schedule_asks_its_question_at_each_tick() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let db = stack.admin_db().await.unwrap();
    let set = [
        "schedules",
        "set",
        "sums",
        "What is 2 + 3?",
        "--cron",
        "*/5 * * * *",
        "--time-zone",
        "Europe/Berlin",
    ];
    let (succeeded, printed) = goalpost(&stack, &set).await;
    assert!(
        succeeded && printed.contains("sums is active; the next tick is "),
        "{printed}"
    );
    let mut wrong = set;
    wrong[5] = "*/5 * * *";
    let (succeeded, printed) = goalpost(&stack, &wrong).await;
    assert!(
        !succeeded
            && printed.contains("*/5 * * * is no cron expression")
            && printed.contains("five fields"),
        "{printed}"
    );
    let (_, printed) = goalpost(&stack, &["schedules", "history", "sums"]).await;
    assert!(printed.contains("It has not ticked yet."), "{printed}");

    pass_next_tick(&stack).await;
    let ticks = history(&stack, "sums").await;
    assert_eq!(
        (ticks.len(), &ticks[0]["outcome"]),
        (1, &json!("asked")),
        "{ticks:?}"
    );
    let request = ticks[0]["request_id"].as_i64().unwrap();
    let ended = owner.until_ended(request).await.unwrap();
    assert_eq!(
        (&ended["state"], &ended["answer_text"]),
        (&json!("answered"), &json!("5")),
        "{ended}"
    );
    sweep(&stack).await;
    assert_eq!(history(&stack, "sums").await, ticks, "a tick is asked once");

    let (_, printed) = goalpost(&stack, &["schedules", "pause", "sums"]).await;
    assert!(printed.contains("sums is paused."), "{printed}");
    db.batch_execute(&clock_sql("1 hour")).await.unwrap();
    sweep(&stack).await;
    assert_eq!(
        history(&stack, "sums").await,
        ticks,
        "a paused schedule asks nothing"
    );
    let (_, printed) = goalpost(&stack, &["schedules"]).await;
    assert!(
        printed.contains("Europe/Berlin") && printed.contains("paused"),
        "{printed}"
    );
    let (_, printed) = goalpost(
        &stack,
        &[
            "schedules",
            "next",
            "0 9 * * mon",
            "--time-zone",
            "Europe/Berlin",
            "--count",
            "3",
        ],
    )
    .await;
    assert_eq!(printed.matches("Mon 20").count(), 3, "{printed}");
    let (_, printed) = goalpost(&stack, &["schedules", "remove", "sums"]).await;
    assert!(printed.contains("sums is removed."), "{printed}");
    let (succeeded, printed) = goalpost(&stack, &["schedules", "history", "sums"]).await;
    assert!(
        !succeeded && printed.contains("there is no schedule called sums"),
        "{printed}"
    );
    stack.stop().await.unwrap();
}

/// A weekly report by schedule: the built-in runbook counts the work of the week, as the schedule's owner may see it.
#[tokio::test]
async fn weekly_report_arrives_by_schedule() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let (_, asked) = goalpost(&stack, &["ask", "What is 17% of 2,340?", "--wait"]).await;
    assert!(asked.contains("397.8"), "{asked}");
    let set = [
        "schedules",
        "set",
        "week",
        "Report on the week",
        "--cron",
        "0 8 * * 1",
        "--runbook",
        "period-report",
    ];
    let (succeeded, printed) = goalpost(&stack, &set).await;
    assert!(succeeded, "{printed}");
    pass_next_tick(&stack).await;
    let ticks = history(&stack, "week").await;
    let request = ticks[0]["request_id"].as_i64().unwrap();
    invoke(&stack, "executor").await;
    invoke(&stack, "aggregator").await;
    let ended = owner.until_ended(request).await.unwrap();
    assert_eq!(ended["state"], "answered", "{ended}");
    let report = ended["answer_text"].as_str().unwrap();
    assert!(
        report.contains("Requests: 2: 1 accepted, 1 answered.")
            && report.contains("| period_report | period-report | 1 | 0 | 0 | 0.0000 |"),
        "{report}"
    );
    stack.stop().await.unwrap();
}

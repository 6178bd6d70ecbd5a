//! Rows are authoritative, wakes are hints: work without any wake, and forged wakes.

use std::time::Duration;

use local_stack::stack::{Person, StackOptions, Switch, Transport};
use serde_json::json;
use system_tests::people::Client;
use system_tests::stacks;

#[tokio::test]
async fn goal_completes_without_any_wake() {
    let without_wakes = |options| StackOptions {
        pg_net: Switch::Off,
        outside_schedules: Some(Duration::from_secs(1)),
        ..options
    };
    let stack = stacks::start_with(without_wakes).await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let approver = Client::of(&stack, Person::Approver);
    let body = json!({"workspace_id": system_tests::people::DEMO, "question": "Audit my database"});
    let asked = owner.post(&body, None).await.unwrap();
    let request_id = asked.body["request_id"].as_i64().unwrap();
    owner.until_settled(request_id).await.unwrap();
    approver.decide("approved").await.unwrap();
    let done = owner.until_settled(request_id).await.unwrap();
    assert_eq!(done["state"], "answered", "{done}");
    let database = stack.admin_db().await.unwrap();
    let acknowledged = database
        .query_one(
            "select count(*) from goalpost.wakes where acknowledged_at is not null",
            &[],
        )
        .await;
    assert_eq!(
        acknowledged.unwrap().get::<_, i64>(0),
        0,
        "no wake was acknowledged"
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn every_wake_of_a_goal_is_acknowledged() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let asked = owner.begin("How did the shop do this week?").await.unwrap();
    let done = owner
        .until_settled(asked.body["request_id"].as_i64().unwrap())
        .await
        .unwrap();
    assert_eq!(done["state"], "answered", "{done}");
    let database = stack.admin_db().await.unwrap();
    let row = database
        .query_one(
            "select count(*), count(acknowledged_at), string_agg(distinct function, ',' order by function) from goalpost.wakes",
            &[],
        )
        .await
        .unwrap();
    let (sent, acknowledged, functions): (i64, i64, String) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(
        functions, "aggregator,executor,intake,planner",
        "each was woken"
    );
    assert_eq!(
        acknowledged, sent,
        "each wake was acknowledged by its drain"
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn unsigned_wake_is_refused_before_any_check() {
    let stack = stacks::start().await.unwrap();
    let http = reqwest::Client::new();
    let body = json!({"type": "INSERT", "table": "wakes", "schema": "goalpost", "old_record": null,
                      "record": {"id": 1, "function": "executor", "ready_count": 1}});
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    for function in [
        "planner",
        "executor",
        "aggregator",
        "analyzer",
        "notifier",
        "intake",
    ] {
        let url = stack.function_url(function);
        let forged = http
            .post(&url)
            .header("webhook-id", "wake_1")
            .header("webhook-timestamp", now.to_string())
            .header(
                "webhook-signature",
                "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            )
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(forged.status(), 401, "{function}");
        let plain = http.post(&url).json(&body).send().await.unwrap();
        assert!(
            plain.status() == 401 || plain.status() == 400,
            "{function}: {}",
            plain.status()
        );
    }
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn wakes_through_gateway_and_queues_do_the_same_work() {
    let through_queues = |options| StackOptions {
        transport: Transport::Queue,
        ..options
    };
    let stack = stacks::start_with(through_queues).await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let asked = owner.begin("How did the shop do this week?").await.unwrap();
    let done = owner
        .until_settled(asked.body["request_id"].as_i64().unwrap())
        .await
        .unwrap();
    assert_eq!(done["state"], "answered", "{done}");
    let stats = stack.host().stats();
    let gateway = stats.iter().find(|stats| stats.name == "gateway").unwrap();
    assert!(gateway.invocations > 3, "{gateway:?}");
    let database = stack.admin_db().await.unwrap();
    let unacknowledged = "select count(*) from goalpost.wakes where acknowledged_at is null";
    // The message of a wake may still be on its way when its work is done.
    let all_arrive = async {
        while database
            .query_one(unacknowledged, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            > 0
        {
            tokio::task::yield_now().await;
        }
    };
    let arrived = tokio::time::timeout(Duration::from_secs(20), all_arrive).await;
    assert!(arrived.is_ok(), "a wake did not arrive through its queue");
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn analyzer_records_runbook_and_agent_statistics() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let asked = owner.begin("How did the shop do this week?").await.unwrap();
    owner
        .until_settled(asked.body["request_id"].as_i64().unwrap())
        .await
        .unwrap();
    let tick = json!({"version": "0", "id": "tick", "detail-type": "Scheduled Event", "source": "aws.events",
                      "account": "000000000000", "time": "2026-11-22T00:00:00Z", "region": "local",
                      "resources": ["arn:aws:events:local:000000000000:rule/analyzer"], "detail": {}});
    stack.invoke("analyzer", &tick).await.unwrap();
    let facts = owner
        .rows("runbook_statistics", "select=uses,successes,duration_ms")
        .await
        .unwrap();
    assert_eq!(
        (&facts[0]["uses"], &facts[0]["successes"]),
        (&json!(1), &json!(1)),
        "{facts:?}"
    );
    assert!(facts[0]["duration_ms"].as_i64().unwrap() > 0);
    let agents = owner
        .rows("agent_statistics", "select=uses,successes")
        .await
        .unwrap();
    assert_eq!(agents, vec![json!({"uses": 1, "successes": 1})]);
    stack.stop().await.unwrap();
}

//! Requests as messages: of the Supabase Queue `goalpost_requests`, and of intake's queue on AWS.

use local_stack::stack::{Person, Stack};
use serde_json::{Value, json};
use system_tests::people::{Client, DEMO};
use system_tests::{command, stacks};

/// Returns what the messages led to, the first first, as soon as there are this many.
async fn outcomes(owner: &Client, count: usize) -> Vec<Value> {
    let query = "select=outcome,request_id,reason,source&order=id";
    let rows = owner.until_rows("request_messages", query, count);
    rows.await.unwrap()
}

/// Delivers a message with this body to intake, as Lambda does, and returns the ids of those that failed.
async fn deliver(stack: &Stack, id: &str, body: &Value) -> Value {
    let record = json!({"messageId": id, "receiptHandle": "r", "body": body.to_string(), "attributes": {"ApproximateReceiveCount": "1"},
                        "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs", "awsRegion": "local",
                        "eventSourceARN": "arn:aws:sqs:local:000000000000:intake"});
    let reply = stack.invoke("intake", &json!({"Records": [record]})).await;
    reply.unwrap()["batchItemFailures"].clone()
}

#[tokio::test]
async fn message_of_supabase_queue_is_answered() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let db = stack.admin_db().await.unwrap();
    let claims = json!({"sub": Person::Owner.id(), "role": "authenticated"});
    let message = json!({"workspace_id": DEMO, "question": "What is 2 + 3?", "user_id": Person::Stranger.id()});
    db.batch_execute(&format!(
        "begin;
         select set_config('request.jwt.claims', '{claims}', true);
         set local role authenticated;
         select pgmq.send('goalpost_requests', '{message}'::jsonb);
         commit;"
    ))
    .await
    .unwrap();
    let taken = outcomes(&owner, 1).await;
    assert_eq!(taken[0]["outcome"], "asked", "{taken:?}");
    let request = taken[0]["request_id"].as_i64().unwrap();
    let ended = owner.until_ended(request).await.unwrap();
    assert_eq!(
        (&ended["answer_text"], &ended["user_id"]),
        (&json!("5"), &json!(Person::Owner.id())),
        "{ended}"
    );
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn message_of_aws_queue_needs_a_project_admin() {
    let stack = stacks::start().await.unwrap();
    let owner = Client::of(&stack, Person::Owner);
    let message =
        json!({"workspace_id": DEMO, "user_id": Person::Owner.id(), "question": "What is 2 + 3?"});
    let failed = json!([{"itemIdentifier": "m1"}]);
    assert_eq!(deliver(&stack, "m1", &message).await, failed, "by default");
    assert!(
        owner
            .rows("requests", "select=id")
            .await
            .unwrap()
            .is_empty()
    );

    let set = ["admins", "limits", "--set", "aws_requests=true"];
    let ran = command::run(&stack, Person::Owner, &set, "").await.unwrap();
    assert!(ran.status.success(), "{ran:?}");
    for _ in 0..2 {
        assert_eq!(deliver(&stack, "m1", &message).await, json!([]));
    }
    let taken = outcomes(&owner, 1).await;
    let request = taken[0]["request_id"].as_i64().unwrap();
    let ended = owner.until_ended(request).await.unwrap();
    assert_eq!(ended["answer_text"], "5", "{ended}");
    let requests = owner.rows("requests", "select=id").await.unwrap();
    assert_eq!(requests.len(), 1, "a message is one request");

    let mut foreign = message;
    foreign["user_id"] = json!(Person::Stranger.id());
    let failed = json!([{"itemIdentifier": "m2"}]);
    assert_eq!(deliver(&stack, "m2", &foreign).await, failed);
    let taken = outcomes(&owner, 2).await;
    assert_eq!(
        taken[1]["reason"], "its person is no member of its workspace who may ask",
        "{taken:?}"
    );
    stack.stop().await.unwrap();
}

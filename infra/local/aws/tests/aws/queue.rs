//! Tests of the queue and its event source mapping.

use std::{sync::Arc, time::Duration};

use local_aws::queue::{
    FailureReport, Mapping, MappingConfig, Message, Queue, QueueConfig, Queues, Redrive,
};
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::stage::{Prompter, Stage, in_time, serve};

/// Long enough to act within, short enough to wait for.
const VISIBILITY: Duration = Duration::from_millis(200);

fn queues() -> Queues {
    let wakes = QueueConfig {
        name: "wakes".to_owned(),
        visibility_timeout: VISIBILITY,
        redrive: Some(Redrive {
            dead_letter_queue: "wakes-dead".to_owned(),
            max_receive_count: 2,
        }),
    };
    Queues::new(
        &[wakes, QueueConfig::new("wakes-dead")],
        "us-east-1",
        "000000000000",
    )
    .unwrap()
}

async fn call(base: &str, action: &str, body: Value) -> Response {
    Client::new()
        .post(base)
        .header("X-Amz-Target", format!("AmazonSQS.{action}"))
        .header("Content-Type", "application/x-amz-json-1.0")
        .body(body.to_string())
        .send()
        .await
        .unwrap()
}

fn send(queue: &Queue, bodies: &[&str]) {
    for body in bodies {
        queue.send(Message::new(*body), Duration::ZERO);
    }
}

fn bodies(event: &Value) -> Vec<&str> {
    event["Records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["body"].as_str().unwrap())
        .collect()
}

async fn until_empty(queue: &Queue) {
    in_time(async {
        while !queue.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn message_over_http_becomes_the_documented_event() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    let queues = queues();
    let base = serve(queues.router()).await;
    let attributes = json!({
        "kind": {"DataType": "String", "StringValue": "wake"},
        "blob": {"DataType": "Binary", "BinaryValue": "AAE="},
    });
    let sent = call(
        &base,
        "SendMessage",
        json!({"QueueUrl": format!("{base}/000000000000/wakes"), "MessageBody": "hello world", "MessageAttributes": attributes}),
    )
    .await;
    assert_eq!(sent.status(), 200);
    assert_eq!(sent.headers()["content-type"], "application/x-amz-json-1.0");
    let sent: Value = sent.json().await.unwrap();
    assert_eq!(sent["MD5OfMessageBody"], "5eb63bbbe01eeed093cb22bb8f5acdc3");
    // Computed by hand: md5 of the two attributes in SQS's own encoding.
    assert_eq!(
        sent["MD5OfMessageAttributes"],
        "eb54e2eda5530ed1c5cecfe48d0c743f"
    );

    let queue = queues.get("wakes").unwrap();
    let mapping = Mapping::start(
        stage.host.clone(),
        Arc::clone(&queue),
        MappingConfig::new("echo"),
    )
    .unwrap();
    let mut cue = prompter.cue().await;
    let record = cue.event["Records"][0].clone();
    cue.reply(json!({"batchItemFailures": []})).await;
    assert_eq!(record["messageId"], sent["MessageId"]);
    assert_eq!(record["body"], "hello world");
    assert_eq!(record["md5OfBody"], sent["MD5OfMessageBody"]);
    assert_eq!(record["eventSource"], "aws:sqs");
    assert_eq!(
        record["eventSourceARN"],
        "arn:aws:sqs:us-east-1:000000000000:wakes"
    );
    assert_eq!(record["awsRegion"], "us-east-1");
    assert!(!record["receiptHandle"].as_str().unwrap().is_empty());
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    for stamp in ["SentTimestamp", "ApproximateFirstReceiveTimestamp"] {
        assert_eq!(
            record["attributes"][stamp].as_str().unwrap().len(),
            13,
            "milliseconds as text"
        );
    }
    assert!(record["attributes"]["SenderId"].is_string());
    let kind = json!({"stringValue": "wake", "stringListValues": [], "binaryListValues": [], "dataType": "String"});
    assert_eq!(record["messageAttributes"]["kind"], kind);
    assert_eq!(record["messageAttributes"]["blob"]["binaryValue"], "AAE=");
    until_empty(&queue).await;
    mapping.stop();
    stage.host.stop().await;
}

#[tokio::test]
async fn invalid_messages_are_refused_as_by_sqs() {
    let queues = queues();
    let base = serve(queues.router()).await;
    let url = format!("{base}/000000000000/wakes");
    let large = "x".repeat(1_048_577);
    for (action, body, kind) in [
        (
            "SendMessage",
            json!({"QueueUrl": format!("{base}/000000000000/nowhere"), "MessageBody": "x"}),
            "QueueDoesNotExist",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": url, "MessageBody": ""}),
            "MissingParameter",
        ),
        ("SendMessage", json!({"QueueUrl": url}), "MissingParameter"),
        (
            "SendMessage",
            json!({"QueueUrl": url, "MessageBody": large}),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": url, "MessageBody": "x", "DelaySeconds": 901}),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": url, "MessageBody": "bell \u{7}"}),
            "InvalidMessageContents",
        ),
        ("SendMessage", json!("no object"), "InvalidParameterValue"),
        (
            "PurgeQueue",
            json!({"QueueUrl": url}),
            "UnsupportedOperation",
        ),
    ] {
        let response = call(&base, action, body).await;
        assert_eq!(response.status(), 400);
        assert!(
            response.headers()["x-amzn-query-error"]
                .to_str()
                .unwrap()
                .ends_with(";Sender")
        );
        let body: Value = response.json().await.unwrap();
        assert_eq!(
            body["__type"],
            format!("com.amazonaws.sqs#{kind}"),
            "{body}"
        );
    }
    assert!(queues.get("wakes").unwrap().list().is_empty());
    let largest = json!({"QueueUrl": url, "MessageBody": "x".repeat(1_048_576)});
    assert_eq!(call(&base, "SendMessage", largest).await.status(), 200);
}

#[tokio::test]
async fn only_reported_messages_return() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    let queue = queues().get("wakes").unwrap();
    send(&queue, &["one", "two", "three"]);
    let _mapping = Mapping::start(
        stage.host.clone(),
        Arc::clone(&queue),
        MappingConfig::new("echo"),
    )
    .unwrap();
    let mut cue = prompter.cue().await;
    assert_eq!(bodies(&cue.event), ["one", "two", "three"]);
    let failed = cue.event["Records"][1]["messageId"].clone();
    cue.reply(json!({"batchItemFailures": [{"itemIdentifier": failed}]}))
        .await;
    let mut again = prompter.cue().await;
    assert_eq!(bodies(&again.event), ["two"]);
    let record = again.event["Records"][0].clone();
    assert_eq!(record["messageId"], failed);
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "2");
    assert_ne!(
        record["receiptHandle"],
        cue.event["Records"][1]["receiptHandle"]
    );
    again.reply(json!({"batchItemFailures": []})).await;
    until_empty(&queue).await;
    stage.host.stop().await;
}

#[tokio::test]
async fn failed_batch_returns_then_reaches_dead_letter_queue() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    let queues = queues();
    let queue = queues.get("wakes").unwrap();
    send(&queue, &["one", "two"]);
    let _mapping = Mapping::start(
        stage.host.clone(),
        Arc::clone(&queue),
        MappingConfig::new("echo"),
    )
    .unwrap();
    for command in [
        json!({"do": "fail"}),
        json!({"do": "reply", "reply": "no report"}),
    ] {
        let mut cue = prompter.cue().await;
        assert_eq!(bodies(&cue.event), ["one", "two"]);
        cue.command(command).await;
    }
    let dead = queues.get("wakes-dead").unwrap();
    in_time(dead.wait_visible()).await;
    let mut bodies: Vec<String> = dead
        .list()
        .into_iter()
        .map(|received| received.message.body)
        .collect();
    bodies.sort_unstable();
    assert_eq!(bodies, ["one", "two"]);
    assert!(queue.is_empty());
    assert_eq!(
        stage.stats().invocations,
        2,
        "a dead letter is not delivered again"
    );
    stage.host.stop().await;
}

#[tokio::test]
async fn any_answer_completes_a_batch_without_reports() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    let queue = queues().get("wakes").unwrap();
    send(&queue, &["one"]);
    let mut config = MappingConfig::new("echo");
    config.failure_report = FailureReport::WholeBatch;
    let _mapping = Mapping::start(stage.host.clone(), Arc::clone(&queue), config).unwrap();
    let mut cue = prompter.cue().await;
    let id = cue.event["Records"][0]["messageId"].clone();
    cue.reply(json!({"batchItemFailures": [{"itemIdentifier": id}]}))
        .await;
    until_empty(&queue).await;
    stage.host.stop().await;
}

#[tokio::test]
async fn batch_size_and_concurrency_are_limited() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    // Hidden for so long that no message returns meanwhile.
    let queue = Queues::new(&[QueueConfig::new("wakes")], "us-east-1", "000000000000")
        .unwrap()
        .get("wakes")
        .unwrap();
    send(&queue, &["1", "2", "3", "4", "5", "6", "7"]);
    let mut config = MappingConfig::new("echo");
    config.batch_size = 2;
    config.maximum_concurrency = 2;
    let _mapping = Mapping::start(stage.host.clone(), Arc::clone(&queue), config).unwrap();
    let (mut first, mut second) = (prompter.cue().await, prompter.cue().await);
    assert_eq!(bodies(&first.event).len() + bodies(&second.event).len(), 4);
    assert_eq!(
        queue
            .list()
            .iter()
            .filter(|received| received.receive_count == 0)
            .count(),
        3,
        "the rest is untouched"
    );
    assert_eq!(stage.stats().running, 2);
    first.reply(json!(null)).await;
    second.reply(json!(null)).await;
    let mut rest = [prompter.cue().await, prompter.cue().await];
    let mut sizes = rest.each_ref().map(|cue| bodies(&cue.event).len());
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 2]);
    for cue in &mut rest {
        cue.reply(json!(null)).await;
    }
    until_empty(&queue).await;
    stage.host.stop().await;
}

#[tokio::test]
async fn batching_window_gathers_single_messages() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    let queue = queues().get("wakes").unwrap();
    let mut config = MappingConfig::new("echo");
    config.batch_size = 3;
    config.batching_window = Duration::from_secs(60);
    let _mapping = Mapping::start(stage.host.clone(), Arc::clone(&queue), config).unwrap();
    for (body, taken) in [("1", 1), ("2", 2), ("3", 3)] {
        send(&queue, &[body]);
        in_time(async {
            while queue
                .list()
                .iter()
                .filter(|received| received.receive_count > 0)
                .count()
                < taken
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    let mut cue = prompter.cue().await;
    assert_eq!(
        bodies(&cue.event),
        ["1", "2", "3"],
        "it did not wait for the window to end, being full"
    );
    cue.reply(json!(null)).await;
    stage.host.stop().await;
}

#[tokio::test]
async fn batch_fits_into_one_invocation() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    let queue = Queues::new(&[QueueConfig::new("wakes")], "us-east-1", "000000000000")
        .unwrap()
        .get("wakes")
        .unwrap();
    // Every character doubles in JSON.
    let large = "\"".repeat(1_048_576);
    for _ in 0..5 {
        queue.send(Message::new(large.clone()), Duration::ZERO);
    }
    let _mapping = Mapping::start(
        stage.host.clone(),
        Arc::clone(&queue),
        MappingConfig::new("echo"),
    )
    .unwrap();
    let mut seen = 0;
    while seen < 5 {
        let mut cue = prompter.cue().await;
        seen += bodies(&cue.event).len();
        cue.reply(json!(null)).await;
    }
    until_empty(&queue).await;
    stage.host.stop().await;
}

#[tokio::test]
async fn delayed_message_is_hidden_until_its_time() {
    let queue = queues().get("wakes").unwrap();
    queue.send(Message::new("later"), Duration::from_secs(600));
    queue.send(Message::new("soon"), Duration::from_millis(50));
    assert!(queue.receive(10, usize::MAX).is_empty());
    in_time(queue.wait_visible()).await;
    let received = queue.receive(10, usize::MAX);
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].message.body, "soon");
}

#[tokio::test]
async fn old_receipt_deletes_nothing() {
    let queue = queues().get("wakes").unwrap();
    send(&queue, &["one"]);
    let first = queue.receive(1, usize::MAX).remove(0);
    assert!(queue.receive(1, usize::MAX).is_empty(), "it is hidden");
    in_time(queue.wait_visible()).await;
    let second = queue.receive(1, usize::MAX).remove(0);
    assert_eq!(
        (first.message_id, second.receive_count),
        (second.message_id, 2)
    );
    assert!(!queue.delete(&first.receipt_handle));
    assert_eq!(queue.list().len(), 1);
    assert!(queue.delete(&second.receipt_handle));
    assert!(!queue.delete(&second.receipt_handle));
    assert!(queue.list().is_empty());
}

#[tokio::test]
async fn configuration_outside_aws_limits_is_refused() {
    let stage = Stage::with(crate::stage::echo()).await;
    let queue = queues().get("wakes").unwrap();
    let refuse = |adjust: fn(&mut MappingConfig)| {
        let mut config = MappingConfig::new("echo");
        adjust(&mut config);
        Mapping::start(stage.host.clone(), Arc::clone(&queue), config)
            .err()
            .expect("it must not start")
            .to_string()
    };
    assert!(refuse(|config| config.batch_size = 0).contains("batch_size"));
    assert!(refuse(|config| config.batch_size = 11).contains("batching_window"));
    assert!(refuse(|config| config.maximum_concurrency = 0).contains("maximum_concurrency"));
    let missing = QueueConfig {
        redrive: Some(Redrive {
            dead_letter_queue: "gone".to_owned(),
            max_receive_count: 1,
        }),
        ..QueueConfig::new("wakes")
    };
    assert!(
        Queues::new(&[missing], "r", "a")
            .err()
            .expect("it must not start")
            .to_string()
            .contains("gone")
    );
    stage.host.stop().await;
}

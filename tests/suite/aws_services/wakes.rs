//! Wakes through the gateway and SQS: what is sent, what an event source mapping deletes, and what ends as a dead letter.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use local_stack::lambda::{FunctionConfig, Host, HostConfig, InvocationType, Reply};
use local_stack::progress::Progress;
use local_stack::stack::{Person, Stack, StackOptions, Switch};
use local_stack::{binaries, secrets};
use secrecy::SecretString;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use system_tests::people::{self, Client};
use system_tests::{stacks, workspace};

use super::moto::{self, Moto};
use super::{any_credentials, sqs};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const FUNCTIONS: [&str; 4] = ["intake", "planner", "executor", "aggregator"];

/// The gateway on a Lambda host of its own, with queues at moto.
struct Gateway {
    host: Host,
    _secrets: secrets::Server,
    _folder: tempfile::TempDir,
}

impl Gateway {
    async fn start(stack: &Stack, queues: &str) -> Self {
        let home = stack.server().home();
        let built = binaries::deployed(home, &Progress::quiet()).await.unwrap();
        let program = built["gateway"].clone();
        let folder = tempfile::tempdir().unwrap();
        let mut config = HostConfig::new(folder.path());
        config.region = moto::REGION.to_owned();
        let parameters = Arc::new(|name: &str| {
            name.ends_with("/wake_secret")
                .then(|| SecretString::from(SECRET))
        });
        let secrets = secrets::Server::start(config.session_token.clone(), parameters);
        let secrets = secrets.await.unwrap();
        let mut function = FunctionConfig::new("gateway", program);
        // As infra/aws sets it.
        function.timeout = Duration::from_secs(10);
        for (name, value) in [
            ("GOALPOST_SECRETS_PREFIX", "/goalpost/test".to_owned()),
            ("GOALPOST_QUEUES", queues.to_owned()),
            (
                "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT",
                secrets.port().to_string(),
            ),
        ] {
            function.environment.insert(name.to_owned(), value);
        }
        config.functions = vec![function];
        Self {
            host: Host::start(config).await.unwrap(),
            _secrets: secrets,
            _folder: folder,
        }
    }

    /// Sends a wake as the database does, signed with this secret.
    async fn send(&self, wake: &Value, secret: &str) -> Result<Value, String> {
        let body = wake.to_string();
        let id = format!("wake_{}", wake["record"]["id"]);
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let now = i64::try_from(now).unwrap();
        let signature = Webhook::new(secret).unwrap();
        let signature = signature.sign(&id, now, body.as_bytes()).unwrap();
        let fixture = "shared/trigger/fixtures/function_url_get_without_body.json";
        let fixture = std::fs::read(workspace().join(fixture)).unwrap();
        let mut event: Value = serde_json::from_slice(&fixture).unwrap();
        event["requestContext"]["http"]["method"] = json!("POST");
        event["headers"] = json!({"webhook-id": id, "webhook-timestamp": now.to_string(),
                                  "webhook-signature": signature});
        event["body"] = json!(body);
        self.invoke(&event).await
    }

    async fn invoke(&self, event: &Value) -> Result<Value, String> {
        let event = Bytes::from(event.to_string());
        let invoked = self
            .host
            .invoke("gateway", event, InvocationType::RequestResponse)
            .await;
        match invoked.unwrap().reply {
            Reply::Payload(answer) => Ok(serde_json::from_slice(&answer).unwrap()),
            Reply::FunctionError(error) => Err(String::from_utf8_lossy(&error).into_owned()),
            Reply::Accepted | Reply::DryRun => panic!("the gateway was not waited for"),
        }
    }
}

fn wake(id: i64, function: &str) -> Value {
    json!({"type": "INSERT", "table": "wakes", "schema": "goalpost", "old_record": null,
           "record": {"id": id, "function": function, "ready_count": 1, "more": "canary"}})
}

/// Calls SQS without IAM.
async fn call(moto: &Moto, target: &'static str, input: &Value) -> Value {
    sqs(moto, any_credentials(), target, input).await.unwrap()
}

/// Creates a queue for each function as infra/aws does, with one dead-letter queue; returns their URLs.
async fn create_queues(moto: &Moto) -> (Vec<(String, String)>, String) {
    let create = "AmazonSQS.CreateQueue";
    let dead = call(moto, create, &json!({"QueueName": "goalpost-dead"})).await;
    let dead = dead["QueueUrl"].as_str().unwrap().to_owned();
    let arn = format!("arn:aws:sqs:{}:123456789012:goalpost-dead", moto::REGION);
    let redrive = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 3}).to_string();
    let mut queues = Vec::new();
    for function in FUNCTIONS {
        let name = format!("goalpost-{function}");
        let attributes = json!({"RedrivePolicy": redrive, "VisibilityTimeout": "0"});
        let input = json!({"QueueName": name, "Attributes": attributes});
        let queue = call(moto, create, &input).await;
        let url = queue["QueueUrl"].as_str().unwrap().to_owned();
        queues.push((function.to_owned(), url));
    }
    (queues, dead)
}

fn listed(queues: &[(String, String)]) -> String {
    let pairs: Vec<String> = queues
        .iter()
        .map(|(function, url)| format!("{function}={url}"))
        .collect();
    pairs.join(",")
}

async fn receive(moto: &Moto, queue: &str) -> Vec<Value> {
    let input = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]});
    let received = call(moto, "AmazonSQS.ReceiveMessage", &input).await;
    received["Messages"].as_array().cloned().unwrap_or_default()
}

/// Does what an event source mapping does once: receives, invokes, and deletes what is not reported as failed. Returns
/// the number of messages.
async fn poll(moto: &Moto, stack: &Stack, function: &str, queue: &str) -> usize {
    let messages = receive(moto, queue).await;
    if messages.is_empty() {
        return 0;
    }
    let region = moto::REGION;
    let record = |message: &Value| {
        json!({"messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
               "attributes": message["Attributes"], "messageAttributes": {}, "md5OfBody": message["MD5OfBody"],
               "eventSource": "aws:sqs", "awsRegion": region,
               "eventSourceARN": format!("arn:aws:sqs:{region}:123456789012:goalpost-{function}")})
    };
    let records: Vec<Value> = messages.iter().map(record).collect();
    let answer = stack.invoke(function, &json!({"Records": records})).await;
    let answer = answer.unwrap();
    let failed = answer["batchItemFailures"].as_array().unwrap();
    for message in &messages {
        if !failed.contains(&json!({"itemIdentifier": message["MessageId"]})) {
            let input = json!({"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]});
            call(moto, "AmazonSQS.DeleteMessage", &input).await;
        }
    }
    messages.len()
}

#[tokio::test]
async fn gateway_sends_verified_wakes_alone() {
    let Some(moto) = Moto::start("aws_services::wakes", None).await else {
        return;
    };
    let stack = stacks::start().await.unwrap();
    let (queues, _) = create_queues(&moto).await;
    let gateway = Gateway::start(&stack, &listed(&queues)).await;
    let executor = &queues[2].1;

    let sent = gateway.send(&wake(7, "executor"), SECRET).await.unwrap();
    assert_eq!(sent["statusCode"], 202, "{sent}");
    let messages = receive(&moto, executor).await;
    let body: Value = serde_json::from_str(messages[0]["Body"].as_str().unwrap()).unwrap();
    let mut expected = wake(7, "executor");
    expected["record"].as_object_mut().unwrap().remove("more");
    assert_eq!((messages.len(), body), (1, expected));

    let other_secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for (wake, secret, code) in [
        (wake(8, "executor"), other_secret, "signature_invalid"),
        (wake(8, "analyzer"), SECRET, "wake_for_another_function"),
        (wake(-8, "executor"), SECRET, "wake_malformed"),
    ] {
        let refused = gateway.send(&wake, secret).await.unwrap();
        assert!(refused["statusCode"].as_i64().unwrap() >= 400, "{refused}");
        assert!(
            refused["body"].as_str().unwrap().contains(code),
            "{refused}"
        );
    }
    // Invoked past its URL it accepts nothing: neither a queue's events nor a schedule's.
    let tick = json!({"version": "0", "id": "tick", "detail-type": "Scheduled Event", "source": "aws.scheduler",
                      "account": "000000000000", "time": "2026-11-22T00:00:00Z", "region": "local", "resources": [],
                      "detail": "{}"});
    let error = gateway.invoke(&tick).await.unwrap_err();
    assert!(error.contains("not_a_wake"), "{error}");
    for (_, queue) in &queues {
        let left = receive(&moto, queue).await.len();
        assert_eq!(left, usize::from(queue == executor), "{queue}");
    }
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn lost_queue_fails_the_invocation_without_its_address() {
    let Some(moto) = Moto::start("aws_services::wakes", None).await else {
        return;
    };
    let stack = stacks::start().await.unwrap();
    let missing = format!("executor={}123456789012/no-such-queue", moto.url);
    for (queues, cause) in [
        (missing.as_str(), "QueueDoesNotExist"),
        (
            "executor=http://127.0.0.1:1/123456789012/goalpost",
            "got no answer",
        ),
    ] {
        let gateway = Gateway::start(&stack, queues).await;
        let error = gateway.send(&wake(7, "executor"), SECRET).await;
        let error = error.unwrap_err();
        assert!(error.contains("queue_unavailable"), "{error}");
        assert!(error.contains(cause), "{error}");
    }
    stack.stop().await.unwrap();
}

#[tokio::test]
async fn goal_completes_through_gateway_and_sqs() {
    let Some(moto) = Moto::start("aws_services::wakes", None).await else {
        return;
    };
    let without_webhooks = |options| StackOptions {
        pg_net: Switch::Off,
        ..options
    };
    let stack = stacks::start_with(without_webhooks).await.unwrap();
    let (queues, dead) = create_queues(&moto).await;
    let gateway = Gateway::start(&stack, &listed(&queues)).await;
    let owner = Client::of(&stack, Person::Owner);
    let question =
        json!({"workspace_id": people::DEMO, "question": "How did the shop do this week?"});
    let asked = owner.post(&question, None).await.unwrap();
    let request_id = asked.body["request_id"].as_i64().unwrap();
    let garbage = json!({"QueueUrl": queues[2].1, "MessageBody": "no wake"});
    call(&moto, "AmazonSQS.SendMessage", &garbage).await;

    let database = stack.admin_db().await.unwrap();
    let mut sent = 0_i64;
    let mut state = Value::Null;
    let mut idle_rounds = 0;
    while idle_rounds < 2 {
        let query =
            "select id, function, ready_count from goalpost.wakes where id > $1 order by id";
        let wakes = database.query(query, &[&sent]).await.unwrap();
        for row in &wakes {
            sent = row.get(0);
            let mut wake = wake(sent, row.get(1));
            wake["record"]["ready_count"] = json!(row.get::<_, i32>(2));
            let answer = gateway.send(&wake, SECRET).await.unwrap();
            assert_eq!(answer["statusCode"], 202, "{answer}");
        }
        let mut received = 0;
        for (function, queue) in &queues {
            received += poll(&moto, &stack, function, queue).await;
        }
        idle_rounds = if received + wakes.len() == 0 {
            idle_rounds + 1
        } else {
            0
        };
        let filter = format!("id=eq.{request_id}");
        let rows = owner.rows("requests", &filter).await.unwrap();
        state = rows[0]["state"].clone();
    }
    assert_eq!(state, "answered");
    let unacknowledged = "select count(*) from goalpost.wakes where acknowledged_at is null";
    let unacknowledged = database.query_one(unacknowledged, &[]).await.unwrap();
    assert_eq!(unacknowledged.get::<_, i64>(0), 0, "each wake arrived");
    // What was handled is deleted; the message that no function could read was given up after three deliveries.
    for (_, queue) in &queues {
        assert!(receive(&moto, queue).await.is_empty(), "{queue}");
    }
    let dead = receive(&moto, &dead).await;
    assert_eq!((dead.len(), &dead[0]["Body"]), (1, &json!("no wake")));
    stack.stop().await.unwrap();
}

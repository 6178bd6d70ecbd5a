//! The functions that call AWS, against moto's server: the gateway and SQS, the rotation and Parameter Store, and the
//! signature of the calls.

mod moto;
mod rotation;
mod wakes;

use aws::{Credentials, Error, Operation, Settings};
use moto::Moto;
use serde_json::{Value, json};

/// Credentials that moto accepts as long as it checks none.
fn any_credentials() -> Credentials {
    Credentials {
        access_key_id: "any".to_owned(),
        secret_access_key: "any".into(),
        session_token: None,
    }
}

/// Calls an operation of SQS.
async fn sqs(
    moto: &Moto,
    credentials: Credentials,
    target: &'static str,
    input: &Value,
) -> Result<Value, Error> {
    let settings = Settings {
        credentials,
        region: moto::REGION.to_owned(),
    };
    let operation = Operation {
        service: "sqs",
        target,
        content_type: "application/x-amz-json-1.0",
    };
    aws::Client::new(settings)?
        .call(&moto.url, operation, input)
        .await
}

#[tokio::test]
async fn signed_calls_are_verified_and_bound_to_their_policy() {
    // IAM is asked from the fifth call on: these create a queue, a user, its policy and its key.
    let Some(moto) = Moto::start("aws_services", Some(4)).await else {
        return;
    };
    let queue = json!({"QueueName": "wakes"});
    let queue = sqs(&moto, any_credentials(), "AmazonSQS.CreateQueue", &queue)
        .await
        .unwrap();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": ["*"]}]});
    moto.iam(&[("Action", "CreateUser"), ("UserName", "sender")])
        .await;
    moto.iam(&[
        ("Action", "PutUserPolicy"),
        ("UserName", "sender"),
        ("PolicyName", "own"),
        ("PolicyDocument", &policy.to_string()),
    ])
    .await;
    let key = moto
        .iam(&[("Action", "CreateAccessKey"), ("UserName", "sender")])
        .await;
    let part = |name: &str| {
        let start = key.split(&format!("<{name}>")).nth(1).unwrap();
        start.split('<').next().unwrap().to_owned()
    };
    let credentials = Credentials {
        access_key_id: part("AccessKeyId"),
        secret_access_key: part("SecretAccessKey").into(),
        session_token: None,
    };
    let message = json!({"QueueUrl": queue["QueueUrl"], "MessageBody": "a wake"});
    let sent = sqs(
        &moto,
        credentials.clone(),
        "AmazonSQS.SendMessage",
        &message,
    )
    .await;
    assert!(sent.unwrap()["MessageId"].is_string());

    let forged = Credentials {
        secret_access_key: "another-secret".into(),
        ..credentials.clone()
    };
    for (credentials, target) in [
        (forged, "AmazonSQS.SendMessage"),
        (credentials, "AmazonSQS.PurgeQueue"),
    ] {
        let refused = sqs(&moto, credentials, target, &message).await;
        assert!(
            matches!(refused, Err(Error::Refused { status: 403, .. })),
            "{target}: {refused:?}"
        );
    }
}

//! Tests of AWS's size limits.

use bytes::Bytes;
use local_aws::lambda::{
    InvocationType, MAX_EVENT_BYTES, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, Refusal, Reply,
};
use serde_json::json;

use crate::stage::{Stage, echo, in_time};

fn json_of(bytes: usize) -> Bytes {
    Bytes::from(format!("\"{}\"", "x".repeat(bytes - 2)))
}

#[tokio::test]
async fn request_above_the_limit_is_refused() {
    let stage = Stage::with(echo()).await;
    let largest = json_of(MAX_REQUEST_BYTES);
    let answer = in_time(stage.host.invoke(
        "echo",
        largest.clone(),
        InvocationType::RequestResponse,
    ))
    .await
    .unwrap();
    assert_eq!(answer.reply, Reply::Payload(largest));
    let refused = stage
        .host
        .invoke(
            "echo",
            json_of(MAX_REQUEST_BYTES + 1),
            InvocationType::RequestResponse,
        )
        .await;
    assert_eq!(
        refused.unwrap_err(),
        Refusal::TooLarge {
            limit_bytes: 6_291_456
        }
    );
    stage.host.stop().await;
}

#[tokio::test]
async fn event_is_limited_to_one_megabyte() {
    let stage = Stage::with(echo()).await;
    let accepted = stage
        .host
        .invoke("echo", json_of(MAX_EVENT_BYTES), InvocationType::Event)
        .await
        .unwrap();
    assert_eq!(accepted.reply, Reply::Accepted);
    let refused = stage
        .host
        .invoke("echo", json_of(MAX_EVENT_BYTES + 1), InvocationType::Event)
        .await;
    assert_eq!(
        refused.unwrap_err(),
        Refusal::TooLarge {
            limit_bytes: 1_048_576
        }
    );
    stage.host.stop().await;
}

#[tokio::test]
async fn oversized_response_is_a_function_error() {
    let mut function = echo();
    function.max_sandboxes = 1;
    function.max_waiting = 1;
    let stage = Stage::with(function).await;
    let largest = json!({"do": "large", "bytes": MAX_RESPONSE_BYTES - 2});
    assert_eq!(
        stage.invoke(largest).await.unwrap().as_str().unwrap().len(),
        MAX_RESPONSE_BYTES - 2
    );
    let answer = stage
        .invoke(json!({"do": "large", "bytes": MAX_RESPONSE_BYTES - 1}))
        .await
        .unwrap();
    assert_eq!(
        answer["failed"]["errorType"],
        "Function.ResponseSizeTooLarge"
    );
    let message = "Response payload size (6291557 bytes) exceeded maximum allowed payload size (6291556 bytes).";
    assert_eq!(answer["failed"]["errorMessage"], message);
    assert_eq!(stage.invoke(json!("alive")).await, Ok(json!("alive")));
    assert_eq!(stage.stats().cold_starts, 1);
    stage.host.stop().await;
}

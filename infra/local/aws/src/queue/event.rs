//! The event that a function receives for a batch of messages, and the meaning of its answer.
//!
//! If failures are reported per message, a malformed answer fails the whole batch: deleting unprocessed messages would
//! lose them.

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{
    message::{AttributeValue, MessageAttribute},
    store::Received,
};

pub(super) fn event(batch: &[Received], queue_arn: &str, region: &str) -> Value {
    let records: Vec<Value> = batch
        .iter()
        .map(|received| record(received, queue_arn, region))
        .collect();
    json!({"Records": records})
}

fn record(received: &Received, queue_arn: &str, region: &str) -> Value {
    let attributes: Map<String, Value> = received
        .message
        .attributes
        .iter()
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect();
    let mut record = json!({
        "messageId": received.message_id.to_string(),
        "receiptHandle": received.receipt_handle,
        "body": received.message.body,
        "attributes": {
            "ApproximateReceiveCount": received.receive_count.to_string(),
            "SentTimestamp": received.sent_epoch_ms.to_string(),
            "SenderId": "AIDALOCALGOALPOST",
            "ApproximateFirstReceiveTimestamp": received.first_received_epoch_ms.to_string(),
        },
        "messageAttributes": attributes,
        "md5OfBody": received.message.body_md5(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    });
    if let (Some(sum), Some(record)) = (received.message.attributes_md5(), record.as_object_mut()) {
        record.insert("md5OfMessageAttributes".to_owned(), Value::String(sum));
    }
    record
}

fn attribute(attribute: &MessageAttribute) -> Value {
    let (name, value) = match &attribute.value {
        AttributeValue::Text(text) => ("stringValue", text.clone()),
        AttributeValue::Binary(bytes) => ("binaryValue", STANDARD.encode(bytes)),
    };
    json!({name: value, "stringListValues": [], "binaryListValues": [], "dataType": attribute.data_type})
}

/// Returns the ids of the messages that the function reports as failed. `None` for a malformed answer: then all have
/// failed.
pub(super) fn reported_failures(answer: &[u8], batch: &[Received]) -> Option<HashSet<String>> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let failures = match &answer {
        Value::Null => return Some(HashSet::new()),
        Value::Object(object) => match object.get("batchItemFailures") {
            None | Some(Value::Null) => return Some(HashSet::new()),
            Some(Value::Array(failures)) => failures,
            Some(_) => return None,
        },
        _ => return None,
    };
    let known: HashSet<String> = batch
        .iter()
        .map(|received| received.message_id.to_string())
        .collect();
    failures
        .iter()
        .map(|failure| {
            failure
                .get("itemIdentifier")
                .and_then(Value::as_str)
                .map(str::to_owned)
        })
        .map(|id| id.filter(|id| known.contains(id)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use super::*;
    use crate::queue::Message;

    fn received() -> Received {
        Received {
            message_id: uuid::Uuid::from_u128(7),
            receipt_handle: "receipt".to_owned(),
            message: Message::new("body"),
            receive_count: 1,
            sent_epoch_ms: 1,
            first_received_epoch_ms: 2,
        }
    }

    #[test]
    fn empty_answer_means_no_failures() {
        for answer in [
            "null",
            "{}",
            r#"{"batchItemFailures":null}"#,
            r#"{"batchItemFailures":[]}"#,
        ] {
            assert_eq!(
                reported_failures(answer.as_bytes(), &[received()]),
                Some(HashSet::new()),
                "{answer}"
            );
        }
    }

    #[test]
    fn malformed_answer_fails_the_batch() {
        let wrong = [
            "",
            "\"ok\"",
            "[]",
            r#"{"batchItemFailures":"x"}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"itemId":"00000000-0000-0000-0000-000000000007"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"unknown"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"00000000-0000-0000-0000-000000000007"},{"itemIdentifier":"unknown"}]}"#,
        ];
        for answer in wrong {
            assert_eq!(
                reported_failures(answer.as_bytes(), &[received()]),
                None,
                "{answer}"
            );
        }
    }

    #[test]
    fn named_message_is_the_failed_one() {
        let id = received().message_id.to_string();
        let answer = json!({"batchItemFailures": [{"itemIdentifier": id}]}).to_string();
        assert_eq!(
            reported_failures(answer.as_bytes(), &[received()]),
            Some(HashSet::from([id]))
        );
    }
}

//! `SendMessage` over the JSON protocol of SQS.
//!
//! Signatures are not checked. On AWS IAM decides who may send; here everyone who reaches the local port may.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    message::{AttributeValue, MAX_MESSAGE_BYTES, Message, MessageAttribute},
    queues::Queues,
};

const MAX_DELAY_SECONDS: u64 = 900;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage {
    queue_url: Option<String>,
    message_body: Option<String>,
    delay_seconds: Option<u64>,
    #[serde(default)]
    message_attributes: BTreeMap<String, SentAttribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SentAttribute {
    data_type: String,
    string_value: Option<String>,
    binary_value: Option<String>,
}

/// A refusal: SQS's code, the older code that some clients read, and a sentence.
struct Refused(&'static str, &'static str, String);

pub(super) fn router(queues: Queues) -> Router {
    // A message of the largest size is a larger request: its text is escaped.
    Router::new()
        .route("/", post(call))
        .layer(DefaultBodyLimit::max(8 * MAX_MESSAGE_BYTES))
        .with_state(queues)
}

async fn call(State(queues): State<Queues>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let outcome = match target {
        "AmazonSQS.SendMessage" => send_message(&queues, &body),
        other => Err(Refused(
            "UnsupportedOperation",
            "AWS.SimpleQueueService.UnsupportedOperation",
            format!("the local queue supports AmazonSQS.SendMessage only, not {other:?}"),
        )),
    };
    let request_id = ("x-amzn-requestid", uuid::Uuid::new_v4().to_string());
    let content_type = ("content-type", "application/x-amz-json-1.0".to_owned());
    match outcome {
        Ok(answer) => ([request_id, content_type], answer.to_string()).into_response(),
        Err(Refused(kind, query_code, message)) => {
            let query_error = ("x-amzn-query-error", format!("{query_code};Sender"));
            let body = json!({"__type": format!("com.amazonaws.sqs#{kind}"), "message": message})
                .to_string();
            (
                StatusCode::BAD_REQUEST,
                [request_id, content_type, query_error],
                body,
            )
                .into_response()
        }
    }
}

fn send_message(queues: &Queues, body: &[u8]) -> Result<Value, Refused> {
    let sent: SendMessage = serde_json::from_slice(body)
        .map_err(|error| invalid(&format!("the request is not a SendMessage: {error}")))?;
    let name = sent
        .queue_url
        .as_deref()
        .and_then(|url| url.trim_end_matches('/').rsplit('/').next())
        .unwrap_or_default();
    let queue = queues.get(name).ok_or_else(|| {
        Refused(
            "QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist.".to_owned(),
        )
    })?;
    let text = sent
        .message_body
        .filter(|text| !text.is_empty())
        .ok_or_else(|| {
            Refused(
                "MissingParameter",
                "MissingParameter",
                "The request must contain the parameter MessageBody.".to_owned(),
            )
        })?;
    let message = Message {
        body: text,
        attributes: attributes(sent.message_attributes)?,
    };
    if message.size() > MAX_MESSAGE_BYTES {
        return Err(invalid(&format!(
            "Message must be shorter than {MAX_MESSAGE_BYTES} bytes."
        )));
    }
    if !message.is_allowed_text() {
        let sentence = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";
        return Err(Refused(
            "InvalidMessageContents",
            "InvalidMessageContents",
            sentence.to_owned(),
        ));
    }
    let delay = sent.delay_seconds.unwrap_or_default();
    if delay > MAX_DELAY_SECONDS {
        return Err(invalid(&format!(
            "Value {delay} for parameter DelaySeconds is invalid. It must be 0 to 900."
        )));
    }
    let mut answer = json!({"MD5OfMessageBody": message.body_md5()});
    if let (Some(sum), Some(answer)) = (message.attributes_md5(), answer.as_object_mut()) {
        answer.insert("MD5OfMessageAttributes".to_owned(), Value::String(sum));
    }
    let id = queue.send(message, Duration::from_secs(delay));
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("MessageId".to_owned(), Value::String(id.to_string()));
    }
    Ok(answer)
}

fn attributes(
    sent: BTreeMap<String, SentAttribute>,
) -> Result<BTreeMap<String, MessageAttribute>, Refused> {
    if sent.len() > 10 {
        return Err(invalid(&format!(
            "Number of message attributes [{}] exceeds the allowed maximum [10].",
            sent.len()
        )));
    }
    sent.into_iter()
        .map(|(name, attribute)| {
            let is_binary = attribute.data_type.starts_with("Binary");
            let value = match (is_binary, attribute.string_value, attribute.binary_value) {
                (false, Some(text), None) => AttributeValue::Text(text),
                (true, None, Some(encoded)) => AttributeValue::Binary(
                    STANDARD
                        .decode(encoded)
                        .map_err(|_| invalid(&format!("the attribute {name} is not base64")))?,
                ),
                _ => {
                    return Err(invalid(&format!(
                        "the attribute {name} needs one value that fits its DataType"
                    )));
                }
            };
            Ok((
                name,
                MessageAttribute {
                    data_type: attribute.data_type,
                    value,
                },
            ))
        })
        .collect()
}

fn invalid(reason: &str) -> Refused {
    let message = format!("One or more parameters are invalid. Reason: {reason}");
    Refused("InvalidParameterValue", "InvalidParameterValue", message)
}

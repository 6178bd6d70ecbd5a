//! Decodes an SQS event. IAM restricts the senders (the gateway, and for requests those that the queue's policy names), so
//! messages carry no signature; their bodies are read as strictly as any other.

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use serde_json::Value;

use crate::{Authenticator, MAX_REQUEST_BYTES, Refusal, Wake, untrusted_json};

/// One message of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueMessage {
    /// Names the message in the partial batch response.
    pub message_id: String,
    /// The number of deliveries, this one included.
    pub receive_count: u32,
    /// Its content.
    pub content: QueueContent,
}

/// The content of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum QueueContent {
    /// A wake that the gateway has verified.
    Wake(Wake),
    /// Any other JSON, for example a request for intake.
    Body(Value),
    /// Unreadable content. Report it as failed, so that it ends in the dead-letter queue where a person reads it.
    Refused(Refusal),
}

pub(crate) fn decode(
    payload: Value,
    authenticator: &Authenticator,
) -> Result<Vec<QueueMessage>, Refusal> {
    let event: SqsEvent = serde_json::from_value(payload).map_err(|_| MALFORMED)?;
    let records = event.records.into_iter();
    records
        .map(|record| message(record, authenticator))
        .collect()
}

const MALFORMED: Refusal = Refusal::invocation(
    "queue_event_malformed",
    "Records are there, but they are not those of an SQS event; connect the function to an SQS queue",
);

fn message(record: SqsMessage, authenticator: &Authenticator) -> Result<QueueMessage, Refusal> {
    if record.event_source.as_deref() != Some("aws:sqs") {
        return Err(MALFORMED);
    }
    // Without its id a message cannot be reported, so that the batch can only fail as a whole.
    let message_id = record.message_id.filter(|id| !id.is_empty());
    let message_id = message_id.ok_or(MALFORMED)?;
    let receive_count = record
        .attributes
        .get("ApproximateReceiveCount")
        .and_then(|count| count.parse().ok())
        .unwrap_or(1);
    Ok(QueueMessage {
        message_id,
        receive_count,
        content: content(record.body.as_deref().unwrap_or_default(), authenticator),
    })
}

fn content(body: &str, authenticator: &Authenticator) -> QueueContent {
    if body.len() > MAX_REQUEST_BYTES {
        return QueueContent::Refused(Refusal::too_large(
            "message_too_large",
            "the message is larger than 1 MiB; put large data into a table",
        ));
    }
    let body = match untrusted_json(body.as_bytes()) {
        Ok(body) => body,
        Err(refusal) => return QueueContent::Refused(refusal),
    };
    if !Wake::is_meant_by(&body) {
        return QueueContent::Body(body);
    }
    let wake = Wake::decode(body);
    match wake.and_then(|wake| authenticator.check_target(&wake).map(|()| wake)) {
        Ok(wake) => QueueContent::Wake(wake),
        Err(refusal) => QueueContent::Refused(refusal),
    }
}

//! Answers in the shapes that Lambda expects of each trigger.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The answer to a function URL call (payload 2.0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl HttpReply {
    /// Creates a JSON answer. `cache-control: no-store`, because an answer about work in progress is stale at once.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = [
            ("content-type", "application/json"),
            ("cache-control", "no-store"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        Self {
            status,
            headers,
            body: body.to_string(),
        }
    }

    /// Creates an HTML page that no cache keeps.
    #[must_use]
    pub fn html(status: u16, page: String) -> Self {
        let reply = Self {
            status,
            headers: BTreeMap::new(),
            body: page,
        };
        reply
            .with_header("content-type", "text/html; charset=utf-8")
            .with_header("cache-control", "no-store")
    }

    /// Creates a reply without a body, such as 204.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: BTreeMap::new(),
            body: String::new(),
        }
    }

    /// Adds a header, for example `location` on a 202.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    /// Returns the status of the reply.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the value for the handler to return.
    #[must_use]
    pub fn into_value(self) -> Value {
        json!({
            "statusCode": self.status,
            "headers": self.headers,
            "body": self.body,
            "isBase64Encoded": false,
        })
    }
}

/// Builds the partial batch response: the messages named are delivered again, all others are deleted from the queue.
///
/// Needs `ReportBatchItemFailures` on the event source mapping; without it Lambda ignores the answer and deletes all.
#[must_use]
pub fn queue_reply(failed_message_ids: impl IntoIterator<Item = String>) -> Value {
    let failures: Vec<Value> = failed_message_ids
        .into_iter()
        .map(|message_id| json!({"itemIdentifier": message_id}))
        .collect();
    json!({"batchItemFailures": failures})
}

/// Adds failed messages to a partial batch response.
#[must_use]
pub fn queue_reply_with(mut reply: Value, failed_message_ids: Vec<String>) -> Value {
    let failures = reply
        .get_mut("batchItemFailures")
        .and_then(Value::as_array_mut);
    if let Some(failures) = failures {
        let failed = failed_message_ids.into_iter();
        failures.extend(failed.map(|message_id| json!({"itemIdentifier": message_id})));
    }
    reply
}

/// Builds the answer to a schedule, which has no reader.
#[must_use]
pub fn schedule_reply() -> Value {
    Value::Null
}

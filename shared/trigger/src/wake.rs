//! The bodies of wakes and of dashboard webhooks: both have the shape of a Supabase database webhook.
//! A wake is the one whose table is `goalpost.wakes`, and it holds ids and counts, never content.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;

/// A hint that a function has work. Losing it costs latency, never work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wake {
    /// The row of `goalpost.wakes`; passed on to `claim_steps` so that the wake is marked as received.
    pub id: i64,
    /// The function that should claim, for example `executor`.
    pub function: String,
    /// The number of ready steps when it was sent. Possibly out of date.
    pub ready_count: i64,
}

/// The change of the row of a dashboard webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RowChange {
    /// `record` holds the new row.
    Insert,
    /// `record` holds the new row, `old_record` the old one.
    Update,
    /// `old_record` holds the deleted row.
    Delete,
}

/// A webhook set up in Supabase's dashboard for one of the user's own tables.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DatabaseWebhook {
    /// Insert, update or delete.
    #[serde(rename = "type")]
    pub change: RowChange,
    /// The table's schema.
    pub schema: String,
    /// The table's name.
    pub table: String,
    /// The row as it is now; absent after a delete.
    #[serde(default)]
    pub record: Option<Value>,
    /// The row as it was; absent after an insert.
    #[serde(default)]
    pub old_record: Option<Value>,
    /// The body as it came: the database compares it with the change that its own trigger saw, digit by digit.
    #[serde(skip)]
    pub body: String,
}

#[derive(Deserialize)]
struct WakeRecord {
    id: i64,
    function: String,
    ready_count: i64,
}

const MALFORMED: Refusal = Refusal::bad_request(
    "wake_malformed",
    "the body is not a row change of goalpost.wakes; send what the database sends",
);

impl DatabaseWebhook {
    pub(crate) fn decode(body: Value) -> Result<Self, Refusal> {
        serde_json::from_value(body).map_err(|_| {
            Refusal::bad_request(
                "webhook_malformed",
                "the body is not a Supabase database webhook (type, table, schema, record, old_record)",
            )
        })
    }
}

impl Wake {
    /// Builds the body that the database sends for this wake: only what was verified and understood is passed on.
    #[must_use]
    pub fn to_body(&self) -> Value {
        json!({
            "type": "INSERT",
            "schema": "goalpost",
            "table": "wakes",
            "record": {"id": self.id, "function": self.function, "ready_count": self.ready_count},
            "old_record": null,
        })
    }

    /// Returns true if a body claims to be a wake: then it must be a complete one.
    pub(crate) fn is_meant_by(body: &Value) -> bool {
        body.get("schema").and_then(Value::as_str) == Some("goalpost")
            && body.get("table").and_then(Value::as_str) == Some("wakes")
    }

    /// Reads a wake strictly. Unknown fields are accepted: during a rollout the database may be newer than the
    /// function.
    pub(crate) fn decode(body: Value) -> Result<Self, Refusal> {
        if !Self::is_meant_by(&body) {
            return Err(MALFORMED);
        }
        let change = DatabaseWebhook::decode(body).map_err(|_| MALFORMED)?;
        if change.change != RowChange::Insert || change.old_record.is_some() {
            return Err(MALFORMED);
        }
        let record: WakeRecord =
            serde_json::from_value(change.record.unwrap_or_default()).map_err(|_| MALFORMED)?;
        if record.id < 1 || record.ready_count < 0 || !is_a_function_name(&record.function) {
            return Err(MALFORMED);
        }
        Ok(Self {
            id: record.id,
            function: record.function,
            ready_count: record.ready_count,
        })
    }
}

fn is_a_function_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn body_of_wake_is_decoded_to_it() {
        let wake = Wake {
            id: 7,
            function: "executor".to_owned(),
            ready_count: 3,
        };
        assert_eq!(Wake::decode(wake.to_body()).unwrap(), wake);
    }
}

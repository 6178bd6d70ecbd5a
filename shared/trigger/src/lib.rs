//! Decodes and authenticates the trigger of a function: its URL, a signed wake from the database, a dashboard webhook,
//! a queue, a schedule.
//!
//! A wake is a hint. It is used to find work sooner, never as the truth about that work, so the worst a forged or
//! repeated one could do is cause a claim that finds nothing. It is authenticated all the same, over its raw bytes and
//! before anything in it is parsed, so that outsiders cannot use up invocations. This is the only crate that uses
//! `aws_lambda_events`.

mod authenticate;
mod function_url;
mod json;
mod queue;
mod refusal;
mod reply;
mod schedule;
mod wake;

use std::time::SystemTime;

use serde_json::Value;

pub use authenticate::{Access, Authenticator, SecretError};
pub use function_url::HttpRequest;
pub use json::{MAX_JSON_DEPTH, MAX_JSON_DIGITS, MAX_JSON_NODES, untrusted_json};
pub use queue::{QueueContent, QueueMessage};
pub use refusal::{Refusal, Transport};
pub use reply::{HttpReply, queue_reply, schedule_reply};
pub use schedule::{Schedule, Scheduler};
pub use wake::{DatabaseWebhook, RowChange, Wake};

/// The largest body of a wake or a dashboard webhook, in bytes. Wakes have fewer than 300.
pub const MAX_WAKE_BYTES: usize = 16 * 1024;

/// The largest body of a person's request, in bytes.
pub const MAX_REQUEST_BYTES: usize = 1024 * 1024;

/// A decoded trigger, authenticated where an outsider could have sent it.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// A person's call of the function URL. Not authenticated here: their token is checked by the database.
    Http(HttpRequest),
    /// The database's own signed wake.
    Wake(Wake),
    /// A webhook set up in Supabase's dashboard, authenticated by the shared-secret header.
    DatabaseWebhook(DatabaseWebhook),
    /// Messages of a queue; each is answered for itself, see [`queue_reply`].
    Queue(Vec<QueueMessage>),
    /// A tick of EventBridge: sweep first, then drain.
    Schedule(Schedule),
}

impl Trigger {
    /// Decodes an invocation's payload from Lambda.
    ///
    /// `now` is this machine's clock, used only for the age of a signature.
    ///
    /// # Errors
    /// A [`Refusal`] with a status (400, 401 or 413) and a sentence. [`Refusal::into_reply`] converts it to the reply
    /// to the caller.
    pub fn decode(
        payload: Value,
        authenticator: &Authenticator,
        now: SystemTime,
    ) -> Result<Self, Refusal> {
        if payload.get("Records").is_some() {
            return queue::decode(payload, authenticator).map(Self::Queue);
        }
        if payload.get("requestContext").is_some() {
            return function_url::decode(payload, authenticator, now);
        }
        if payload.get("detail-type").is_some() {
            return schedule::decode(payload).map(Self::Schedule);
        }
        Err(Refusal::invocation(
            "unknown_trigger",
            "this payload is none of: a function URL request (payload 2.0), an SQS event, an EventBridge schedule; \
             invoke the function with one of those",
        ))
    }
}

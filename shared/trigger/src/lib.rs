//! Decodes and authenticates the trigger of a function: its URL, a signed wake from the database, a dashboard webhook,
//! a queue, a schedule.
//!
//! A wake is a hint. It is used to find work sooner, never as the truth about that work, so the worst a forged or
//! repeated one could do is cause a claim that finds nothing. It is authenticated all the same, over its raw bytes and
//! before anything in it is parsed, so that outsiders cannot use up invocations. This is the only crate that uses
//! `aws_lambda_events`.

mod authenticate;
mod function_url;
mod http_request;
mod json;
mod limits;
mod queue;
mod refusal;
mod reply;
mod schedule;
mod trigger;
mod wake;

use std::time::SystemTime;

use serde_json::Value;

pub use authenticate::{Access, Authenticator, SecretError};
pub use http_request::HttpRequest;
pub use json::{MAX_JSON_DEPTH, MAX_JSON_DIGITS, MAX_JSON_NODES, untrusted_json};
pub use limits::{MAX_REQUEST_BYTES, MAX_WAKE_BYTES};
pub use queue::{QueueContent, QueueMessage};
pub use refusal::{Refusal, Transport};
pub use reply::{HttpReply, queue_reply, queue_reply_with, schedule_reply};
pub use schedule::{Schedule, Scheduler};
pub use trigger::Trigger;
pub use wake::{DatabaseWebhook, RowChange, Wake};

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

//! Replies to people: a status, a stable code, and a sentence with what to do.

use serde_json::json;
use store::{AcceptedRequest, RequestRow};
use trigger::HttpReply;

/// A call that was not carried out, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub(crate) fn into_reply(self) -> HttpReply {
        let reply = HttpReply::json(
            self.status,
            &json!({"code": self.code, "message": self.message}),
        );
        match self.status {
            401 => reply.with_header("www-authenticate", "Bearer"),
            405 => reply.with_header("allow", "GET, POST"),
            429 => reply.with_header("retry-after", "10"),
            503 => reply.with_header("retry-after", "2"),
            _ => reply,
        }
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        let status = match &error {
            store::Error::NotFound { .. } => 404,
            store::Error::NotAllowed { .. } => 403,
            store::Error::InvalidInput { .. } => 400,
            store::Error::Conflict { .. } => 409,
            store::Error::TooManyRequests { .. } => 429,
            store::Error::PayloadTooLarge { .. } => 413,
            store::Error::Unauthorized { .. } => 401,
            error if error.is_retryable() => 503,
            _ => 500,
        };
        match status {
            // Details of an internal fault belong in the log, not in the reply.
            500 => {
                tracing::error!(code = error.code(), %error, "the database refused what it should not");
                Self::new(
                    500,
                    "internal",
                    "an internal error occurred; try again, and check the logs if it persists",
                )
            }
            503 => Self::new(
                503,
                "unavailable",
                "the database cannot be reached just now; try again with the same idempotency key",
            ),
            401 => Self::new(
                401,
                "token_refused",
                "the token is not accepted: sign in again",
            ),
            _ => Self::new(status, error.code(), error.to_string()),
        }
    }
}

/// Builds the reply 202: accepted, with the address of the status.
pub(crate) fn accepted(request: &AcceptedRequest) -> HttpReply {
    let status_url = status_url(request.request_id);
    HttpReply::json(
        202,
        &json!({
            "request_id": request.request_id,
            "run_id": request.run_id,
            "state": request.state,
            "repeated": request.repeated,
            "status_url": status_url,
        }),
    )
    .with_header("location", &status_url)
}

/// Builds the reply with a request's state: 200 when it has ended, 202 before.
pub(crate) fn request_status(request: &RequestRow) -> HttpReply {
    let status = if request.has_ended() { 200 } else { 202 };
    let status_url = status_url(request.id);
    HttpReply::json(
        status,
        &json!({
            "request_id": request.id,
            "goal_id": request.goal_id,
            "state": request.state,
            "reason": request.reason,
            "answer": request.answer,
            "answer_text": request.answer_text,
            "status_url": status_url,
        }),
    )
    .with_header("location", &status_url)
}

/// Returns the address of a request's status, relative to the function's own URL.
fn status_url(request_id: domain::RequestId) -> String {
    format!("/requests/{request_id}")
}

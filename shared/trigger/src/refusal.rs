//! Refused triggers. A refusal is an answer, not a fault: over HTTP it is a status and a sentence, anywhere else the
//! invocation fails so that the platform's own dead-letter rules apply.

use serde_json::{Value, json};

use crate::HttpReply;

/// The way of the answer to a refused trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A function URL: the caller reads a status.
    Http,
    /// A direct, queue or schedule invocation: the invocation fails.
    Invocation,
}

/// A trigger that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// 400, 401 or 413.
    pub status: u16,
    /// A stable word for programs, for example `signature_invalid`.
    pub code: &'static str,
    /// The fault and the next action, for people. Holds nothing of the request's content.
    pub message: &'static str,
    /// The way of the answer.
    pub transport: Transport,
}

impl Refusal {
    /// The refusal of a body that is no JSON.
    pub(crate) const INVALID_JSON: Self = Self::bad_request(
        "invalid_json",
        "the body is not valid JSON; send one JSON object",
    );

    pub(crate) const fn bad_request(code: &'static str, message: &'static str) -> Self {
        Self::over_http(400, code, message)
    }

    pub(crate) const fn unauthorized(code: &'static str, message: &'static str) -> Self {
        Self::over_http(401, code, message)
    }

    pub(crate) const fn too_large(code: &'static str, message: &'static str) -> Self {
        Self::over_http(413, code, message)
    }

    pub(crate) const fn invocation(code: &'static str, message: &'static str) -> Self {
        Self {
            status: 400,
            code,
            message,
            transport: Transport::Invocation,
        }
    }

    const fn over_http(status: u16, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message,
            transport: Transport::Http,
        }
    }

    /// Converts a refusal over HTTP to the reply to its caller.
    ///
    /// # Errors
    /// Returns the refusal itself if no caller reads a status: then the invocation should fail with it.
    pub fn into_reply(self) -> Result<Value, Self> {
        match self.transport {
            Transport::Http => Ok(HttpReply::json(
                self.status,
                &json!({"code": self.code, "message": self.message}),
            )
            .into_value()),
            Transport::Invocation => Err(self),
        }
    }
}

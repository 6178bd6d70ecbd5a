//! Why a trigger was turned away. A refusal is an answer, not a fault: over HTTP it is a status and a sentence,
//! anywhere else the invocation fails so that the platform's own dead-letter rules apply.

use serde_json::{Value, json};

use crate::HttpReply;

/// How the answer to a refused trigger travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A function URL: the caller reads a status.
    Http,
    /// A direct, queue or schedule invocation: the invocation fails.
    Invocation,
}

/// A trigger that was turned away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// 400, 401 or 413.
    pub status: u16,
    /// A stable word for programs, for example `signature_invalid`.
    pub code: &'static str,
    /// What is wrong and what to do, for people. Holds nothing of the request's content.
    pub message: &'static str,
    /// How the answer travels.
    pub transport: Transport,
}

impl Refusal {
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

    /// Turns a refusal over HTTP into the reply for its caller.
    ///
    /// # Errors
    /// Gives the refusal back if there is nobody to read a status: then the invocation should fail with it.
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

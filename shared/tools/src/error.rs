//! The error of a tool call, which becomes the step's error.

use std::borrow::Cow;

use domain::StepError;

/// The code of a call that may or may not have acted, and that may not be made again without a person's decision.
pub const OUTCOME_UNKNOWN: &str = "outcome_unknown";

/// The code of a call that waits for a person: its step is suspended, and makes the call after the decision.
pub const WAITS_FOR_PERSON: &str = "waits_for_person";

/// The code of a query for which there is no slot now: its step makes the call later, which costs no attempt.
pub const QUERIES_BUSY: &str = "queries_busy";

/// A tool call that gave no result. The code is stable; the message is for people and models.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    /// A stable word such as `query_refused`.
    pub code: Cow<'static, str>,
    /// The event and the next action.
    pub message: String,
    /// True if the same call may succeed later. Never true for a call that was refused.
    pub retryable: bool,
    /// The pause that the other side requested.
    pub retry_after_seconds: Option<u64>,
}

impl ToolError {
    /// Creates an error that the same call will meet again.
    pub fn terminal(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self {
            code,
            message,
            retryable: false,
            retry_after_seconds: None,
        }
    }

    /// Creates an error that a later call may not meet.
    pub fn retryable(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            retryable: true,
            ..Self::terminal(code, message)
        }
    }
}

impl From<ToolError> for StepError {
    fn from(error: ToolError) -> Self {
        Self {
            code: error.code.into_owned(),
            message: error.message,
            retryable: error.retryable,
            retry_after_seconds: error
                .retry_after_seconds
                .and_then(|seconds| u32::try_from(seconds).ok()),
            keeps_answers: false,
        }
    }
}

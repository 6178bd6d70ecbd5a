//! Why a tool call gave no result, as the step's error will tell it.

use std::borrow::Cow;

use domain::StepError;

/// The code of a call of which nobody knows whether it acted, and that may not be made again without a person's word.
pub const OUTCOME_UNKNOWN: &str = "outcome_unknown";

/// The code of a call that waits for a person: its step is suspended, and makes the call after the decision.
pub const WAITS_FOR_PERSON: &str = "waits_for_person";

/// The code of a query for which there is no room now: its step makes the call later, which costs no try.
pub const QUERIES_BUSY: &str = "queries_busy";

/// A tool call that gave no result. The code is stable; the message is for people and models.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    /// A stable word such as `query_refused`.
    pub code: Cow<'static, str>,
    /// What happened and what to do next.
    pub message: String,
    /// Whether the same call may succeed later. Never true for a call that was refused.
    pub retryable: bool,
    /// How long the other side asked us to wait.
    pub retry_after_seconds: Option<u64>,
}

impl ToolError {
    /// An error that the same call will meet again.
    pub fn terminal(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self {
            code,
            message,
            retryable: false,
            retry_after_seconds: None,
        }
    }

    /// An error that may be gone the next time.
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

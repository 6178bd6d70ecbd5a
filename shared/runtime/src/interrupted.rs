//! The reasons for which a step ends without a result.

use serde_json::Value;
use store::{Error, Outcome, StepError};

/// The reason why a step cannot continue now.
#[derive(Debug, Clone, PartialEq)]
pub enum Interrupted {
    /// A provider or a limit asks for a pause.
    Wait {
        /// From now.
        seconds: u32,
    },
    /// People have to decide, or steps that work for this one have to end.
    Suspended,
    /// Another worker has the step now.
    LeaseLost,
    /// The invocation ends before anything more would.
    Stopping,
    /// The attempt failed.
    Failed(StepError),
}

impl From<Error> for Interrupted {
    fn from(error: Error) -> Self {
        match error {
            Error::LeaseLost { .. } => Self::LeaseLost,
            error => Self::Failed(error.into()),
        }
    }
}

impl From<StepError> for Interrupted {
    fn from(error: StepError) -> Self {
        Self::Failed(error)
    }
}

/// Returns what a step's work is reported as.
pub(crate) fn outcome(worked: Result<Value, Interrupted>) -> Outcome {
    match worked {
        Ok(result) => Outcome::Completed { result },
        Err(Interrupted::Wait { seconds }) => Outcome::Waiting {
            resume_after_seconds: seconds,
        },
        Err(Interrupted::Suspended) => Outcome::Suspended,
        // The lease is gone: the outcome is refused, whatever it is.
        Err(Interrupted::LeaseLost | Interrupted::Stopping) => Outcome::Released,
        Err(Interrupted::Failed(error)) => Outcome::failed(error),
    }
}

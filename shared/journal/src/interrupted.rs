//! Why a step cannot go on now, and what it ends with for now.

use store::{Error, Outcome, StepError};

/// Why a step cannot go on now.
#[derive(Debug, Clone, PartialEq)]
pub enum Interrupted {
    /// A provider or a limit wants a pause.
    Wait {
        /// From now.
        seconds: u32,
    },
    /// People have to decide, or steps that work for this one have to end.
    Suspended,
    /// The step is another worker's now.
    LeaseLost,
    /// The invocation ends before anything more would.
    Stopping,
    /// The journal itself fails.
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

impl From<Interrupted> for Outcome {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::Wait { seconds } => Self::Waiting {
                resume_after_seconds: seconds,
            },
            Interrupted::Suspended => Self::Suspended,
            // The lease is gone: the outcome is refused, whatever it is.
            Interrupted::LeaseLost | Interrupted::Stopping => Self::Released,
            Interrupted::Failed(error) => Self::failed(error),
        }
    }
}

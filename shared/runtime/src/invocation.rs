//! One invocation, and its failure.

use std::time::SystemTime;

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::Value;

use crate::deadline::Deadline;
use crate::secrets::SecretError;

/// One invocation as the handler receives it.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The payload from Lambda.
    pub payload: Value,
    /// Lambda's id of this invocation.
    pub request_id: String,
    /// The time at which Lambda ends it.
    pub deadline: Deadline,
}

impl From<LambdaEvent<Value>> for Invocation {
    fn from(event: LambdaEvent<Value>) -> Self {
        let (payload, context) = event.into_parts();
        let left = context
            .deadline()
            .duration_since(SystemTime::now())
            .unwrap_or_default();
        Self {
            payload,
            request_id: context.request_id,
            deadline: Deadline::after(left),
        }
    }
}

/// An invocation that failed. Fail one only if the platform should deliver its trigger again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct Failure {
    /// A stable word: alarms depend on it.
    pub error_type: &'static str,
    /// The event and the next action; no bodies, no tokens.
    pub message: String,
}

impl Failure {
    /// Creates a failure.
    #[must_use]
    pub fn new(error_type: &'static str, message: impl Into<String>) -> Self {
        Self {
            error_type,
            message: message.into(),
        }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::new("secret_unavailable", error.to_string())
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self {
            error_type: failure.error_type.to_owned(),
            error_message: failure.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn failure_reaches_lambda_with_its_error_type() {
        let error = store::Error::LeaseLost {
            message: "step 1/a".to_owned(),
        };
        let diagnostic = Diagnostic::from(Failure::from(error));
        assert_eq!(diagnostic.error_type, "lease_lost");
        assert!(diagnostic.error_message.contains("step 1/a"));
    }
}

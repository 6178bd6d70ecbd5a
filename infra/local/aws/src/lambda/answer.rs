//! The results of an invocation, with AWS's message for each.
//!
//! A *refusal* means the function was never run; a *function error* means it was, and failed. Callers treat them
//! differently, so they are different types.

use std::{fmt, os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

use bytes::Bytes;
use serde_json::json;

use super::ids::RequestId;

/// The type of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvocationType {
    /// A synchronous invocation, which returns the answer.
    RequestResponse,
    /// A queued invocation; failed runs are tried again.
    Event,
    /// A check of whether it could be invoked.
    DryRun,
}

/// An invocation that was accepted.
#[derive(Clone, Debug)]
pub struct Invoked {
    /// Identifies the invocation in logs.
    pub request_id: RequestId,
    /// Its result.
    pub reply: Reply,
}

/// The result of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The function's response.
    Payload(Bytes),
    /// The function failed, crashed or ran out of time: a JSON object with `errorType` and `errorMessage`.
    FunctionError(Bytes),
    /// An `Event` was queued.
    Accepted,
    /// A dry run would have been accepted.
    DryRun,
}

/// The reason of a refused invocation. The function has not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such function.
    NotFound(String),
    /// All sandboxes are busy and no further caller may wait.
    Throttled,
    /// The payload is larger than AWS accepts.
    TooLarge {
        /// The limit that was exceeded.
        limit_bytes: usize,
    },
    /// The payload is not JSON.
    NotJson(String),
    /// The host is stopping.
    Stopping,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(arn) => write!(f, "Function not found: {arn}"),
            Self::Throttled => f.write_str("Rate Exceeded."),
            Self::TooLarge { limit_bytes } => {
                write!(
                    f,
                    "Request must be smaller than {limit_bytes} bytes for the InvokeFunction operation"
                )
            }
            Self::NotJson(reason) => write!(f, "Could not parse request body into json: {reason}"),
            Self::Stopping => {
                f.write_str("the local Lambda host is stopping; start it again with `goalpost up`")
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// The result of [`Host::invoke`](super::Host::invoke).
pub type InvokeResult = Result<Invoked, Refusal>;

/// The result of one invocation from its sandbox, or from the sandbox's end.
#[derive(Debug)]
pub(super) enum Answer {
    Payload(Bytes),
    FunctionError(Bytes),
}

impl Answer {
    pub(super) fn timed_out(request: RequestId, timeout: Duration) -> Self {
        let seconds = timeout.as_secs_f64();
        error(
            "Sandbox.Timedout",
            &format!("RequestId: {request} Error: Task timed out after {seconds:.2} seconds"),
        )
    }

    pub(super) fn exited(request: RequestId, status: Option<ExitStatus>) -> Self {
        error(
            "Runtime.ExitError",
            &format!("RequestId: {request} Error: {}", exit_reason(status)),
        )
    }

    pub(super) fn no_program(request: RequestId, reason: &str) -> Self {
        error(
            "Runtime.InvalidEntrypoint",
            &format!("RequestId: {request} Error: {reason}"),
        )
    }

    pub(super) fn response_too_large(size: usize, limit: usize) -> Self {
        error(
            "Function.ResponseSizeTooLarge",
            &format!(
                "Response payload size ({size} bytes) exceeded maximum allowed payload size ({limit} bytes)."
            ),
        )
    }
}

fn error(kind: &str, message: &str) -> Answer {
    Answer::FunctionError(
        json!({"errorType": kind, "errorMessage": message})
            .to_string()
            .into(),
    )
}

fn exit_reason(status: Option<ExitStatus>) -> String {
    let Some(status) = status else {
        return "Runtime exited with error: its exit status is unknown".to_owned();
    };
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(signal)) => {
            format!("Runtime exited with error: signal: {}", signal_name(signal))
        }
        (None, None) => "Runtime exited with error: its exit status is unknown".to_owned(),
    }
}

fn signal_name(number: i32) -> String {
    use nix::sys::signal::Signal;
    match Signal::try_from(number) {
        Ok(Signal::SIGKILL) => "killed".to_owned(),
        Ok(Signal::SIGABRT) => "aborted".to_owned(),
        Ok(Signal::SIGSEGV) => "segmentation fault".to_owned(),
        Ok(Signal::SIGTERM) => "terminated".to_owned(),
        Ok(other) => other.as_str().to_owned(),
        Err(_) => number.to_string(),
    }
}

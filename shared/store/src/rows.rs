//! Arguments and replies of the worker's SQL functions, field by field as they document them.

use domain::{
    Attempt, GoalId, LeaseEpoch, RequestId, RunId, StepError, StepKey, StepKind, ToolCallResults,
    WorkspaceId,
};
use serde::de::DeserializeOwned;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::Error;
use crate::ended_calls::ended_calls;

/// A worker's claim for steps.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The kinds that it can work on.
    pub kinds: &'a [StepKind],
    /// The most steps to claim; 0 claims nothing.
    pub limit: usize,
    /// The length of the leases, from the database's now.
    pub lease_seconds: u32,
    /// The drain: a name that no other drain has.
    pub worker: &'a str,
    /// The leases that it holds, besides the outcomes it reports.
    pub holding: &'a [Lease],
    /// True if the reply to its last call was lost: then it may hold more leases than it knows of, and receives those
    /// first.
    pub reply_was_lost: bool,
    /// The run whose steps are claimed; of any run if none is named. Only [`crate::Store::claim_steps`] reads it.
    pub run_id: Option<RunId>,
}

/// A step under lease, with all that the work needs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ClaimedStep {
    /// The run it belongs to.
    pub run_id: RunId,
    /// Its key within the run.
    pub step_key: StepKey,
    /// The kind of work.
    pub kind: StepKind,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// The fencing token of this claim.
    pub lease_epoch: LeaseEpoch,
    /// The number of this attempt, from 1.
    pub attempt: Attempt,
    /// The most attempts.
    pub max_attempts: i32,
    /// The time limit of one attempt.
    pub timeout_seconds: u32,
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// The goal, if the run works on one.
    #[serde(default)]
    pub goal_id: Option<GoalId>,
    /// The request that started all of this.
    pub request_id: RequestId,
    /// The step's own input, as planned.
    #[serde(default)]
    pub input: Value,
    /// The context of its kind: the question, results of dependencies, tools, limits, the database's time.
    #[serde(default)]
    pub context: Value,
}

impl ClaimedStep {
    /// Returns the claim's identity.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease {
            run_id: self.run_id,
            step_key: self.step_key.clone(),
            lease_epoch: self.lease_epoch,
        }
    }

    /// Reads the context as the type of the step's kind. Unknown fields are ignored.
    ///
    /// # Errors
    /// `context_unreadable` with the step and the field: function and database are of two versions.
    pub fn context<T: DeserializeOwned>(&self) -> Result<T, StepError> {
        self.read(&self.context, "context")
    }

    /// Reads the input as the type of the step's kind. Unknown fields are ignored.
    ///
    /// # Errors
    /// `input_unreadable` with the step and the field.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, StepError> {
        self.read(&self.input, "input")
    }

    fn read<T: DeserializeOwned>(&self, value: &Value, part: &str) -> Result<T, StepError> {
        serde_path_to_error::deserialize(value).map_err(|error| {
            StepError::terminal(
                &format!("{part}_unreadable"),
                format!(
                    "the {part} of step {}/{} (kind {}) cannot be read at {}: {}; deploy the functions and the migrations from one version",
                    self.run_id, self.step_key, self.kind, error.path(), error.inner()
                ),
            )
        })
    }
}

/// The exclusive right to finish one step.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Lease {
    /// The run.
    pub run_id: RunId,
    /// The step within it.
    pub step_key: StepKey,
    /// The fencing token: authority is this number, never a clock.
    pub lease_epoch: LeaseEpoch,
}

/// The end of a step, final or for now.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Complete; `result` is a JSON object.
    Completed {
        /// The result that dependents read.
        result: Value,
    },
    /// This attempt failed.
    Failed {
        /// The reason, and whether another attempt may help.
        error: StepError,
    },
    /// Not possible now: releases the lease and resumes after that time. Costs no attempt.
    Waiting {
        /// Seconds from now.
        resume_after_seconds: u32,
    },
    /// Waits for people's decisions, or for steps that work for this one. Costs no attempt.
    Suspended,
    /// Released unfinished; another invocation continues. Costs no attempt.
    Released,
}

impl Outcome {
    /// Creates the outcome of a failed attempt.
    #[must_use]
    pub fn failed(error: StepError) -> Self {
        Self::Failed { error }
    }
}

/// Written by hand, since both kinds of waiting are one word to the database.
impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        let word = match self {
            Self::Completed { result } => {
                fields.serialize_entry("result", result)?;
                "completed"
            }
            Self::Failed { error } => {
                fields.serialize_entry("error", error)?;
                "failed"
            }
            Self::Waiting {
                resume_after_seconds,
            } => {
                fields.serialize_entry("resume_after_seconds", resume_after_seconds)?;
                "waiting"
            }
            Self::Suspended => {
                fields.serialize_entry("for", "others")?;
                "waiting"
            }
            Self::Released => "released",
        };
        fields.serialize_entry("outcome", word)?;
        fields.end()
    }
}

/// An outcome that is sent to the database.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FinishedStep {
    /// The claim.
    #[serde(flatten)]
    pub lease: Lease,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Calls that ended and are not recorded yet; recorded only if the lease is held.
    #[serde(
        serialize_with = "ended_calls",
        skip_serializing_if = "ToolCallResults::is_empty"
    )]
    pub calls: ToolCallResults,
}

/// The database's verdict on an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It counts.
    Accepted,
    /// It had counted already; nothing changed.
    Repeated,
    /// Another worker has the step, or it ended otherwise; nothing changed.
    LeaseLost,
    /// The result breaks a rule; the step is still running under the same lease.
    Refused,
}

/// A verdict with its step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Judged {
    /// The run.
    pub run_id: RunId,
    /// The step within it.
    pub step_key: StepKey,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason, where there is one.
    #[serde(default)]
    pub message: Option<String>,
}

/// The reply of `finish_steps`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FinishReply {
    /// One verdict per outcome.
    pub outcomes: Vec<Judged>,
    /// The next work, claimed in the same transaction.
    pub claimed: Vec<ClaimedStep>,
}

/// The result of renewing a lease.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HeldLease {
    /// The run.
    pub run_id: RunId,
    /// The step within it.
    pub step_key: StepKey,
    /// False: the lease is lost, stop working on it.
    pub held: bool,
}

/// A query of a plan that cannot run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct QueryProblem {
    /// Its number among the queries that were checked, from 1.
    pub number: usize,
    /// The database's reason.
    pub message: String,
}

/// The rows of a query of the `sql` tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryResult {
    /// The columns in the query's order.
    pub columns: Vec<String>,
    /// One object per row.
    pub rows: Vec<Map<String, Value>>,
    /// The number of `rows`.
    pub row_count: i64,
    /// True if there would have been more than the caps allow.
    pub truncated: bool,
}

/// A reply of a function that acts as the asker.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum AskerReply<T> {
    Refused { refused: String, message: String },
    Busy { busy: Pause },
    Waits { waits_for: String },
    Done(T),
}

#[derive(Debug, Deserialize)]
pub(crate) struct Pause {
    seconds: u32,
}

impl<T> AskerReply<T> {
    pub(crate) fn into_result(self) -> Result<T, Error> {
        match self {
            Self::Done(value) => Ok(value),
            Self::Busy { busy } => Err(Error::QueriesBusy {
                seconds: busy.seconds,
            }),
            Self::Waits { waits_for } => Err(Error::WaitsForPerson { kind: waits_for }),
            Self::Refused { refused, message } => Err(match refused.as_str() {
                "ZG002" => Error::NotAllowed { message },
                "ZG003" => Error::InvalidInput { message },
                "ZG011" => Error::QueryTimedOut { message },
                _ => Error::QueryRefused { message },
            }),
        }
    }
}

/// The reply of `accept_message`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MessageReply {
    /// asked, repeated or refused.
    pub outcome: String,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// The result of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SweepReport {
    /// Leases whose worker stopped sending heartbeats.
    pub leases_expired: i64,
    /// Steps that ran longer than their `timeout_seconds`.
    pub steps_timed_out: i64,
    /// Runs past their limit of time.
    pub runs_timed_out: i64,
    /// Waiting steps whose time had come.
    pub timers_fired: i64,
    /// Approvals that expired undecided.
    pub approvals_expired: i64,
    /// Runs of people who may no longer send requests in the workspace.
    pub runs_of_departed_cancelled: i64,
    /// Requests that were inserted as rows and are accepted now.
    pub requests_adopted: i64,
    /// Approvals that expired undecided and that a higher role may decide now.
    pub approvals_escalated: i64,
    /// Wakes sent for work that no wake had reached.
    pub wakes_sent: i64,
    /// More may be due than one round takes.
    pub more: bool,
}

/// The result of one call of `forget_work`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ForgetReport {
    /// Requests that were deleted.
    pub forgotten_count: i64,
    /// Names of objects in Storage that are to be deleted.
    pub objects: Vec<String>,
    /// More requests are past their retention than one call takes.
    pub more: bool,
}

/// The result of one call of `fold_statistics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FoldReport {
    /// Rows that were added to the totals.
    pub folded: i64,
    /// More rows are left than one call takes.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::json;

    use super::*;

    #[test]
    fn unreadable_context_names_step_and_field() {
        #[derive(Debug, Deserialize)]
        struct Context {
            steps: Vec<Part>,
        }
        #[derive(Debug, Deserialize)]
        struct Part {
            key: String,
        }
        let step = |context: &Value| -> ClaimedStep {
            serde_json::from_value(json!({
                "run_id": 17, "step_key": "judge", "kind": "judge", "lease_epoch": 1, "attempt": 1, "max_attempts": 3,
                "timeout_seconds": 60, "workspace_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "request_id": 5,
                "context": context,
            }))
            .unwrap()
        };
        let newer = step(&json!({"steps": [{"key": "a", "unknown": 1}], "unknown": 1.50}));
        assert_eq!(newer.context::<Context>().unwrap().steps[0].key, "a");
        let wrong = step(&json!({"steps": [{"key": "a"}, {"key": 5}]}));
        let error = wrong.context::<Context>().unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.retryable),
            ("context_unreadable", false)
        );
        for part in ["step 17/judge", "kind judge", "at steps[1].key"] {
            assert!(error.message.contains(part), "{part}: {}", error.message);
        }
        let error = newer.input::<Context>().unwrap_err();
        assert_eq!(error.code, "input_unreadable");
    }

    fn read(reply: Value) -> Result<QueryResult, Error> {
        serde_json::from_value::<AskerReply<QueryResult>>(reply)
            .unwrap()
            .into_result()
    }

    #[test]
    fn asker_replies_become_errors_by_code() {
        let rows = json!({"columns": [], "rows": [], "row_count": 0, "truncated": false});
        assert!(read(rows).is_ok());
        let refused = |code: &str| read(json!({"refused": code, "message": "m"})).unwrap_err();
        let message = "m".to_owned();
        for (code, expected) in [
            (
                "ZG002",
                Error::NotAllowed {
                    message: message.clone(),
                },
            ),
            (
                "ZG003",
                Error::InvalidInput {
                    message: message.clone(),
                },
            ),
            (
                "ZG008",
                Error::QueryRefused {
                    message: message.clone(),
                },
            ),
            ("ZG011", Error::QueryTimedOut { message }),
        ] {
            assert_eq!(refused(code), expected, "{code}");
        }
        assert_eq!(
            read(json!({"busy": {"seconds": 3}})).unwrap_err(),
            Error::QueriesBusy { seconds: 3 }
        );
        assert_eq!(
            read(json!({"waits_for": "renewal"})).unwrap_err(),
            Error::WaitsForPerson {
                kind: "renewal".into()
            }
        );
    }

    #[test]
    fn timed_out_queries_are_not_retryable() {
        let timed_out = Error::QueryTimedOut {
            message: String::new(),
        };
        assert!(!timed_out.is_retryable());
        assert!(Error::QueriesBusy { seconds: 1 }.is_retryable());
    }
}

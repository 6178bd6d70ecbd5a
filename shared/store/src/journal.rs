//! The journal of a step as its worker writes and reads it: model calls and tool calls, as rows.
//!
//! Each of these functions is safe to repeat, since its reply may be lost, and each but [`Store::end_turn`] changes
//! nothing once the lease is lost.

use domain::{Capabilities, StepError, ToolCall, ToolCallRequest, ToolCallResult, ToolCallResults};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use crate::call::Repeat;
use crate::{Error, Lease, Store};

/// All model calls and tool calls of a step so far.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct JournalRows {
    /// Model calls, in their order.
    pub turns: Vec<TurnRow>,
    /// Tool calls, in their order; not those before the last summary.
    pub calls: Vec<ToolCall>,
    /// Errors of earlier attempts.
    pub failures: Vec<FailedAttempt>,
}

/// One model call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TurnRow {
    /// Its number within the step, over all attempts.
    pub number: i32,
    /// The attempt that made it.
    pub attempt: i32,
    /// Its purpose, as `llm::Purpose` writes it.
    pub purpose: String,
    /// `asked`, `answered`, `failed` or `unknown`.
    pub state: String,
    /// The request, sha256 in hex.
    #[serde(default)]
    pub request_hash: String,
    /// The answer, as the worker that received it wrote it; none before the last summary.
    #[serde(default)]
    pub answer: Option<Value>,
    /// Its duration.
    #[serde(default)]
    pub seconds: Option<f64>,
}

/// The reply of `begin_calls`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CallsBegun {
    /// Their current state.
    pub calls: Vec<ToolCall>,
    /// A limit has no room: no call was started.
    #[serde(default)]
    pub wait: Option<LimitWait>,
}

/// The pause that a limit requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct LimitWait {
    /// From now.
    pub seconds: u32,
}

/// An attempt that did not complete.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FailedAttempt {
    /// Its number.
    pub attempt: i32,
    /// `failed` or `timed_out`.
    pub outcome: String,
    /// The reason.
    #[serde(default)]
    pub error: Option<StepError>,
}

/// A model call that is about to be made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelCall {
    /// Its purpose.
    pub purpose: &'static str,
    /// The provider.
    pub provider: String,
    /// The address of the call, without secrets; none for a server whose capabilities are not learned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The model.
    pub model: String,
    /// sha256 of the request, in hex.
    pub request_hash: String,
    /// The most input tokens.
    pub max_input_tokens: u64,
    /// The most output tokens.
    pub max_output_tokens: u64,
}

/// The permission for a model call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub enum TurnBegun {
    /// It may be made.
    Begun {
        /// Its number.
        number: i32,
        /// The learned capabilities of the server.
        capabilities: Capabilities,
    },
    /// It may be made later.
    Wait {
        /// Seconds until the next try.
        seconds: u32,
    },
    /// It may be made after a person's decision.
    WaitsForPerson(Value),
    /// It may not be made.
    Refused {
        /// The limit.
        code: String,
        /// The limit's sentence.
        message: String,
    },
}

/// The replies that have one field.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum NotBegun {
    Wait { seconds: u32 },
    WaitsForPerson(Value),
    Refused { code: String, message: String },
}

impl TryFrom<Value> for TurnBegun {
    type Error = serde_json::Error;

    fn try_from(mut reply: Value) -> Result<Self, Self::Error> {
        if let Some(number) = reply.get_mut("number").map(Value::take) {
            // Capabilities that another version learned and this one cannot read are learned again.
            let known = reply.get_mut("capabilities").map(Value::take);
            let known = known.and_then(|known| serde_json::from_value(known).ok());
            return Ok(Self::Begun {
                number: serde_json::from_value(number)?,
                capabilities: known.unwrap_or_default(),
            });
        }
        Ok(match serde_json::from_value(reply)? {
            NotBegun::Wait { seconds } => Self::Wait { seconds },
            NotBegun::WaitsForPerson(approval) => Self::WaitsForPerson(approval),
            NotBegun::Refused { code, message } => Self::Refused { code, message },
        })
    }
}

/// Capabilities learned from a call, for later calls to the same server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Learned {
    /// The address of the call.
    pub endpoint: String,
    /// The capabilities learned so far.
    pub capabilities: Capabilities,
}

/// The outcome of a model call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum TurnEnd {
    /// An answer.
    Answered {
        /// As it is to be read again.
        answer: Value,
        /// The tokens used.
        usage: domain::Usage,
    },
    /// No answer.
    Failed {
        /// The reason.
        error: StepError,
        /// `no`, or `unknown` where it may have been charged an undetermined amount.
        charged: &'static str,
        /// The tokens used, where they are known all the same.
        #[serde(skip_serializing_if = "Option::is_none")]
        usage: Option<domain::Usage>,
    },
}

/// The database's reply to the end of a model call.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct TurnEnded {
    /// The calls that the answer requests, with the decision on each.
    #[serde(default)]
    pub calls: Vec<ToolCall>,
    /// The reason why there is no answer.
    #[serde(default)]
    pub error: Option<StepError>,
    #[serde(default)]
    lease_lost: bool,
}

/// Writes results of calls as the database reads them: `[{"number", "result"}, {"number", "error"}, …]`.
pub(crate) fn ended_calls<S: Serializer>(
    results: &ToolCallResults,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(
        results
            .iter()
            .map(|(&number, result)| ToolCallEnd { number, result }),
    )
}

/// One result on its way to the database.
#[derive(Serialize)]
struct ToolCallEnd<'a> {
    number: i32,
    #[serde(flatten)]
    result: &'a ToolCallResult,
}

/// Returns results of calls as a value, in the same form.
fn ended(results: &ToolCallResults) -> Value {
    ended_calls(results, serde_json::value::Serializer).unwrap_or_default()
}

#[derive(Deserialize)]
struct Calls {
    calls: Vec<ToolCall>,
}

impl Store {
    /// Reads all model calls and tool calls of a step, after settling those that its last worker left unknown.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn read_journal(&self, lease: &Lease) -> Result<JournalRows, Error> {
        self.journal_rpc("read_journal", lease, json!({})).await
    }

    /// Records that a model is about to be called, and the results since the last call.
    ///
    /// # Errors
    /// As [`Store::read_journal`]. A refused call is no error.
    pub async fn begin_turn(
        &self,
        lease: &Lease,
        call: &ModelCall,
        ended_calls: &ToolCallResults,
    ) -> Result<TurnBegun, Error> {
        let more = json!({"p_ask": call, "p_ended_calls": ended(ended_calls)});
        self.journal_rpc("begin_turn", lease, more).await
    }

    /// Records the outcome of a model call, and the capabilities learned from it. Cost and capabilities are kept even
    /// if the lease is lost.
    ///
    /// # Errors
    /// As [`Store::read_journal`].
    pub async fn end_turn(
        &self,
        lease: &Lease,
        number: i32,
        end: &TurnEnd,
        learned: Option<&Learned>,
        calls: &[ToolCallRequest],
    ) -> Result<TurnEnded, Error> {
        let mut end = json!(end);
        if let (Some(learned), Some(fields)) = (learned, end.as_object_mut()) {
            fields.insert("learned".to_owned(), json!(learned));
        }
        let more = json!({"p_number": number, "p_end": end, "p_calls": calls});
        let ended: TurnEnded = self.journal_rpc("end_turn", lease, more).await?;
        if ended.lease_lost {
            return Err(Error::LeaseLost {
                message: "the lease on this step was lost; what the question cost is booked"
                    .to_owned(),
            });
        }
        Ok(ended)
    }

    /// Freezes calls that no model requests and returns them as recorded. Records first how earlier calls ended.
    ///
    /// # Errors
    /// As [`Store::read_journal`].
    pub async fn freeze_calls(
        &self,
        lease: &Lease,
        calls: &[ToolCallRequest],
        ended_calls: &ToolCallResults,
    ) -> Result<Vec<ToolCall>, Error> {
        let more = json!({"p_calls": calls, "p_ended_calls": ended(ended_calls)});
        let calls: Calls = self.journal_rpc("freeze_calls", lease, more).await?;
        Ok(calls.calls)
    }

    /// Records that calls which may not be repeated are about to be made; those in state running may.
    ///
    /// # Errors
    /// As [`Store::read_journal`].
    pub async fn begin_calls(&self, lease: &Lease, numbers: &[i32]) -> Result<CallsBegun, Error> {
        self.journal_rpc("begin_calls", lease, json!({"p_numbers": numbers}))
            .await
    }

    /// Records how calls ended, at once.
    ///
    /// # Errors
    /// As [`Store::read_journal`].
    pub async fn end_calls(
        &self,
        lease: &Lease,
        ended_calls: &ToolCallResults,
    ) -> Result<Vec<ToolCall>, Error> {
        let calls: Calls = self
            .journal_rpc("end_calls", lease, json!({"p_ended": ended(ended_calls)}))
            .await?;
        Ok(calls.calls)
    }

    /// Carries out a call that only changes rows.
    ///
    /// # Errors
    /// As [`Store::read_journal`].
    pub async fn carry_out_call(&self, lease: &Lease, number: i32) -> Result<ToolCall, Error> {
        self.journal_rpc("carry_out_call", lease, json!({"p_number": number}))
            .await
    }

    async fn journal_rpc<T: serde::de::DeserializeOwned>(
        &self,
        function: &'static str,
        lease: &Lease,
        mut arguments: Value,
    ) -> Result<T, Error> {
        if let Value::Object(arguments) = &mut arguments {
            arguments.insert("p_run_id".to_owned(), json!(lease.run_id));
            arguments.insert("p_step_key".to_owned(), json!(lease.step_key));
            arguments.insert("p_lease_epoch".to_owned(), json!(lease.lease_epoch));
        }
        self.rpc(self.worker_call(function, Repeat::Always), &arguments)
            .await
    }
}

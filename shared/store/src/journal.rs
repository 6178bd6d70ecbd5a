//! The journal of a step as its worker writes and reads it: what is asked of models and tools, as rows.
//!
//! The one thing to know: each of these is safe to repeat, since its answer may be lost, and each but [`Store::end_turn`]
//! changes nothing once the lease is lost.

use domain::{Capabilities, StepError, ToolCall, ToolCallRequest, ToolCallResult, ToolCallResults};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use crate::call::Repeat;
use crate::{Error, Lease, Store};

/// All that a step has asked and done so far.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct JournalRows {
    /// Questions to models, in their order.
    pub turns: Vec<TurnRow>,
    /// Calls of tools, in their order; not those before the last summary.
    pub calls: Vec<ToolCall>,
    /// What went wrong in earlier tries.
    pub failures: Vec<FailedAttempt>,
}

/// One question to a model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TurnRow {
    /// Its number within the step, over all tries.
    pub number: i32,
    /// In which try.
    pub attempt: i32,
    /// What for, as `model::Purpose` writes it.
    pub purpose: String,
    /// `asked`, `answered`, `failed` or `unknown`.
    pub state: String,
    /// What was asked, sha256 in hex.
    #[serde(default)]
    pub request_hash: String,
    /// The answer, as the worker that asked wrote it; none before the last summary.
    #[serde(default)]
    pub answer: Option<Value>,
    /// How long it took.
    #[serde(default)]
    pub seconds: Option<f64>,
}

/// The reply of `begin_calls`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CallsBegun {
    /// As they are now.
    pub calls: Vec<ToolCall>,
    /// A limit has no room: nothing was begun.
    #[serde(default)]
    pub wait: Option<LimitWait>,
}

/// How long a limit is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct LimitWait {
    /// From now.
    pub seconds: u32,
}

/// An attempt that did not complete.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FailedAttempt {
    /// Which one.
    pub attempt: i32,
    /// `failed` or `timed_out`.
    pub outcome: String,
    /// Why.
    #[serde(default)]
    pub error: Option<StepError>,
}

/// A question that is about to be asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TurnAsk {
    /// What for.
    pub purpose: &'static str,
    /// Whom.
    pub provider: String,
    /// Where the call goes, without secrets; none for a call whose server is not learned of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Which model.
    pub model: String,
    /// sha256 of the question, in hex.
    pub request_hash: String,
    /// No more tokens than this go in.
    pub max_input_tokens: u64,
    /// No more than this come out.
    pub max_output_tokens: u64,
}

/// Whether it may be asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub enum TurnBegun {
    /// It may.
    Begun {
        /// Its number.
        number: i32,
        /// What was learned of the server.
        capabilities: Capabilities,
    },
    /// Not now.
    Wait {
        /// Come again after so long.
        seconds: u32,
    },
    /// Not before a person has decided.
    WaitsForPerson(Value),
    /// Not at all.
    Refused {
        /// Which limit.
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
            // What another version learned and this one cannot read is learned anew.
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

/// What a call taught about its server, for the calls after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Learned {
    /// Where the call went.
    pub endpoint: String,
    /// What is known now.
    pub capabilities: Capabilities,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum TurnEnd {
    /// An answer.
    Answered {
        /// As it is to be read again.
        answer: Value,
        /// What it used.
        usage: domain::Usage,
    },
    /// None.
    Failed {
        /// Why.
        error: StepError,
        /// `no`, or `unknown` where it may have been paid for and nobody knows how much.
        charged: &'static str,
        /// What it used, where that is known all the same.
        #[serde(skip_serializing_if = "Option::is_none")]
        usage: Option<domain::Usage>,
    },
}

/// What the database made of it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct TurnEnded {
    /// The calls that the answer asks for, with what is decided on each.
    #[serde(default)]
    pub calls: Vec<ToolCall>,
    /// Why there is no answer.
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
            .map(|(&number, result)| EndedCall { number, result }),
    )
}

/// One result on its way to the database.
#[derive(Serialize)]
struct EndedCall<'a> {
    number: i32,
    #[serde(flatten)]
    result: &'a ToolCallResult,
}

/// The same as a value.
fn ended(results: &ToolCallResults) -> Value {
    ended_calls(results, serde_json::value::Serializer).unwrap_or_default()
}

#[derive(Deserialize)]
struct Calls {
    calls: Vec<ToolCall>,
}

impl Store {
    /// Reads all that a step has asked and done, after settling what its last worker left unknown.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::Unavailable`], [`Error::Unauthorized`], or a bug.
    pub async fn read_journal(&self, lease: &Lease) -> Result<JournalRows, Error> {
        self.journal_rpc("read_journal", lease, json!({})).await
    }

    /// Notes that a model is about to be asked, and what ended since the last question.
    ///
    /// # Errors
    /// As [`Store::read_journal`]. That it may not be asked is no error.
    pub async fn begin_turn(
        &self,
        lease: &Lease,
        ask: &TurnAsk,
        ended_calls: &ToolCallResults,
    ) -> Result<TurnBegun, Error> {
        let more = json!({"p_ask": ask, "p_ended_calls": ended(ended_calls)});
        self.journal_rpc("begin_turn", lease, more).await
    }

    /// Notes what became of a question, and what it taught about its server. Cost and lesson are kept even if the lease is
    /// lost.
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

    /// Freezes calls that no model asks for and returns them as recorded. Records first how earlier calls ended.
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

    /// Notes that calls which may not be repeated are about to be made; those in state running may.
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

    /// Carries out a call that is rows and nothing else.
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

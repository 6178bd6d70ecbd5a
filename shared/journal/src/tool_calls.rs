//! Tool calls: made once if they may not be repeated, under one key if they may, by SQL if they are rows.
//!
//! Every call is made by [`ToolCalls::make`], whether a model, a procedure or a step requests it.

use std::future::Future;

use domain::{ToolCall, ToolCallRequest, ToolCallResult, ToolCallResults, ToolCallState};
use futures::future::join_all;
use runtime::{Interrupted, StepContext};
use serde_json::Value;
use store::{Error, StepError, Store};

use crate::offload;

/// Tools that are rows and nothing else: the database carries them out.
const IN_THE_DATABASE: [&str; 2] = ["ask_human", "delegate"];

/// The calls of one step under one claim.
#[derive(Debug, Clone, Copy)]
pub struct ToolCalls<'a> {
    store: &'a Store,
    context: &'a StepContext,
}

impl<'a> ToolCalls<'a> {
    /// Creates the calls of the step that was claimed with this context.
    #[must_use]
    pub fn new(store: &'a Store, context: &'a StepContext) -> Self {
        Self { store, context }
    }

    /// Freezes a call that no model requests and returns it as it is recorded. Policy decides on it there.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub async fn freeze(&self, call: ToolCallRequest) -> Result<ToolCall, Interrupted> {
        let lease = self.context.lease();
        let ended = self.context.unrecorded_calls();
        let rows = self
            .store
            .freeze_calls(lease, std::slice::from_ref(&call), &ended)
            .await?;
        self.context.calls_were_recorded(&ended);
        let is_it = |row: &ToolCall| row.call_id.as_deref() == Some(call.call_id.as_str());
        let mut found = rows.into_iter().find(is_it);
        if let Some(row) = &mut found {
            offload::fetch(self.store, self.context, row).await?;
        }
        found.ok_or_else(|| {
            Interrupted::Failed(StepError::terminal(
                "call_not_frozen",
                "the database has no record of a call that was just frozen; apply the migrations of this version",
            ))
        })
    }

    /// Makes the open calls, all at once, and returns all calls with their new states. One that no model requested, and
    /// that may be made again later, stays open, with its error. A call that is not recorded (it only reads, and its step
    /// is that call) is made without a row.
    ///
    /// `make` is called once for each call at most, after whatever has to be recorded before it.
    ///
    /// # Errors
    /// [`Interrupted`]; [`Interrupted::Suspended`] where a person has to decide on one of them, or another step works for it.
    pub async fn make<F>(
        &self,
        calls: Vec<ToolCall>,
        make: impl Fn(&ToolCall) -> F,
    ) -> Result<Vec<ToolCall>, Interrupted>
    where
        F: Future<Output = Result<ToolCallResult, Interrupted>>,
    {
        let to_make = |call: &ToolCall| call.state == ToolCallState::Intended;
        let begins = |call: &ToolCall| to_make(call) && call.is_recorded();
        if calls.iter().any(begins) && self.context.is_stopping() {
            return Err(Interrupted::Stopping);
        }
        let calls = self.begin(calls).await?;
        let made = calls.into_iter().map(|call| {
            let making = match call.state {
                ToolCallState::Intended | ToolCallState::Running if !is_rows(&call) => {
                    Some(make(&call))
                }
                _ => None,
            };
            self.make_one(call, making)
        });
        let calls: Vec<ToolCall> = join_all(made).await.into_iter().collect::<Result<_, _>>()?;
        let waits =
            |call: &ToolCall| matches!(call.state, ToolCallState::Waiting | ToolCallState::Unknown);
        match calls.iter().any(waits) {
            true => Err(Interrupted::Suspended),
            false => Ok(calls),
        }
    }

    /// Records that the calls which may not be repeated, or have a limit, are about to be made.
    async fn begin(&self, calls: Vec<ToolCall>) -> Result<Vec<ToolCall>, Interrupted> {
        let once = |call: &&ToolCall| {
            call.state == ToolCallState::Intended && (!call.idempotent || call.limited)
        };
        let numbers: Vec<i32> = calls
            .iter()
            .filter(once)
            .filter(|call| !is_rows(call))
            .map(|call| call.number)
            .collect();
        if numbers.is_empty() {
            return Ok(calls);
        }
        let lease = self.context.lease();
        let begun = self.store.begin_calls(lease, &numbers).await?;
        if let Some(wait) = begun.wait {
            let seconds = wait.seconds;
            return Err(Interrupted::Wait { seconds });
        }
        let begun = begun.calls;
        let as_begun = |call: ToolCall| {
            let begun = begun.iter().find(|begun| begun.number == call.number);
            begun.cloned().unwrap_or(call)
        };
        Ok(calls.into_iter().map(as_begun).collect())
    }

    async fn make_one<F>(&self, call: ToolCall, making: Option<F>) -> Result<ToolCall, Interrupted>
    where
        F: Future<Output = Result<ToolCallResult, Interrupted>>,
    {
        let Some(making) = making else {
            return self.carry_out(call).await;
        };
        // A call that cannot be made yet stays to be made.
        let made = making.await?;
        match (made, call.idempotent) {
            // The step is this call: it fails, and its next try makes the call again under the same key.
            (ToolCallResult::Retry(error), true) if call.turn_number.is_none() => Ok(ToolCall {
                error: Some(error),
                ..call
            }),
            (ToolCallResult::Retry(error), true) => {
                self.ended(call, ToolCallResult::Failed(error)).await
            }
            // It may have been done. The next worker finds it begun, and a person is asked.
            (ToolCallResult::Retry(_), false) => Err(Interrupted::Stopping),
            (result, _) => self.ended(call, result).await,
        }
    }

    async fn carry_out(&self, call: ToolCall) -> Result<ToolCall, Interrupted> {
        if call.state != ToolCallState::Intended {
            return Ok(call);
        }
        let lease = self.context.lease();
        match self.store.carry_out_call(lease, call.number).await {
            Ok(call) => Ok(call),
            Err(error @ Error::InvalidInput { .. }) => {
                self.ended(call, ToolCallResult::Failed(error.into())).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Records the result of a call: with the next message to the database if the call may be repeated, else at once.
    async fn ended(
        &self,
        mut call: ToolCall,
        result: ToolCallResult,
    ) -> Result<ToolCall, Interrupted> {
        if !call.is_recorded() {
            return Ok(with_result(call, result));
        }
        let number = call.number;
        let (result, whole) = self.small_enough(result).await;
        let result = self.context.record_call(number, result);
        if call.idempotent {
            call = with_result(call, result);
        } else {
            let ended: ToolCallResults = [(number, result)].into();
            let rows = self.store.end_calls(self.context.lease(), &ended).await?;
            self.context.calls_were_recorded(&ended);
            call = rows.into_iter().next().unwrap_or(call);
        }
        if call.result.is_some() && whole.is_some() {
            call.result = whole;
        }
        Ok(call)
    }

    /// Returns a result as its row takes it, and the whole result where the row has a reference to it.
    async fn small_enough(&self, result: ToolCallResult) -> (ToolCallResult, Option<Value>) {
        let ToolCallResult::Done(value) = result else {
            return (result, None);
        };
        let kept = offload::offload(self.store, self.context, "the result", value.clone()).await;
        let whole = (kept != value).then_some(value);
        (ToolCallResult::Done(kept), whole)
    }
}

fn with_result(mut call: ToolCall, result: ToolCallResult) -> ToolCall {
    (call.state, call.result, call.error) = match result {
        ToolCallResult::Done(value) => (ToolCallState::Done, Some(value), None),
        ToolCallResult::Failed(error) | ToolCallResult::Retry(error) => {
            (ToolCallState::Failed, None, Some(error))
        }
    };
    call
}

fn is_rows(call: &ToolCall) -> bool {
    IN_THE_DATABASE.contains(&call.tool.as_str())
}

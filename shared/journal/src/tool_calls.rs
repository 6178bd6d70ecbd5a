//! Calls of tools: made once if they may not be repeated, under one key if they may, by SQL if they are rows.

use std::future::Future;

use futures::future::join_all;
use runtime::StepContext;
use serde_json::Value;
use store::{AskedFor, CallEnd, CallRow, CallState, EndedCall, Error, StepError, Store};

use crate::{Interrupted, shelf};

/// Tools that are rows and nothing else: the database carries them out.
const IN_THE_DATABASE: [&str; 2] = ["ask_human", "delegate"];

/// What came of making a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Made {
    /// It gave this.
    Result(Value),
    /// It gave none, and it is certain that it changed nothing or will not be tried again.
    Failed(StepError),
    /// It gave none, and making the same call again later may help: it stays to be made.
    Later(StepError),
}

/// The calls of one step under one claim.
#[derive(Debug, Clone, Copy)]
pub struct Calls<'a> {
    store: &'a Store,
    context: &'a StepContext,
}

impl<'a> Calls<'a> {
    /// Of the step that was claimed with this context.
    #[must_use]
    pub fn new(store: &'a Store, context: &'a StepContext) -> Self {
        Self { store, context }
    }

    /// Freezes a call that no model asks for, and gives it back as it is recorded.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub async fn freeze(&self, call: AskedFor) -> Result<CallRow, Interrupted> {
        let lease = self.context.lease();
        let ended = self.context.calls_to_tell();
        let rows = self
            .store
            .freeze_calls(lease, std::slice::from_ref(&call), &ended)
            .await?;
        self.context.calls_were_told(&ended);
        let is_it = |row: &CallRow| row.call_id.as_deref() == Some(call.call_id.as_str());
        let mut found = rows.into_iter().find(is_it);
        if let Some(row) = &mut found {
            shelf::fetch(self.store, self.context, row).await?;
        }
        found.ok_or_else(|| {
            Interrupted::Failed(StepError::terminal(
                "call_not_frozen",
                "the database has no record of a call that was just frozen; apply the migrations of this version",
            ))
        })
    }

    /// Makes those calls that are still to be made, all at once, and gives back all of them as they are then. Those
    /// that cannot be made now (a person has to decide, nobody knows whether they were made) come back as they were. One
    /// that no model asked for, and that may be made again later, comes back as still to be made, with its error.
    ///
    /// `make` is called once for each call at most, after whatever has to be recorded before it.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub async fn make<F>(
        &self,
        calls: Vec<CallRow>,
        make: impl Fn(&CallRow) -> F,
    ) -> Result<Vec<CallRow>, Interrupted>
    where
        F: Future<Output = Made>,
    {
        let to_make = |call: &CallRow| call.state == CallState::Intended;
        if !calls.iter().any(to_make) {
            return Ok(calls);
        }
        if self.context.is_stopping() {
            return Err(Interrupted::Stopping);
        }
        let calls = self.begin(calls).await?;
        let made = calls.into_iter().map(|call| {
            let making = match call.state {
                CallState::Intended | CallState::Running if !is_rows(&call) => Some(make(&call)),
                _ => None,
            };
            self.make_one(call, making)
        });
        join_all(made).await.into_iter().collect()
    }

    /// Notes that those which may not be repeated, or have a limit, are about to be made.
    async fn begin(&self, calls: Vec<CallRow>) -> Result<Vec<CallRow>, Interrupted> {
        let once = |call: &&CallRow| {
            call.state == CallState::Intended && (!call.idempotent || call.limited)
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
        let as_begun = |call: CallRow| {
            let begun = begun.iter().find(|begun| begun.number == call.number);
            begun.cloned().unwrap_or(call)
        };
        Ok(calls.into_iter().map(as_begun).collect())
    }

    async fn make_one<F>(&self, call: CallRow, making: Option<F>) -> Result<CallRow, Interrupted>
    where
        F: Future<Output = Made>,
    {
        let Some(making) = making else {
            return self.carry_out(call).await;
        };
        let made = making.await;
        match (made, call.idempotent) {
            // The step is this call: it fails, and its next try makes the call again under the same key.
            (Made::Later(error), true) if call.turn_number.is_none() => Ok(CallRow {
                error: Some(error),
                ..call
            }),
            (Made::Result(result), _) => self.ended(call, CallEnd::Result(result)).await,
            (Made::Failed(error), _) | (Made::Later(error), true) => {
                self.ended(call, CallEnd::Error(error)).await
            }
            // It may have been done. Whoever claims the step next finds it begun, and asks a person.
            (Made::Later(_), false) => Err(Interrupted::Stopping),
        }
    }

    async fn carry_out(&self, call: CallRow) -> Result<CallRow, Interrupted> {
        if call.state != CallState::Intended {
            return Ok(call);
        }
        let lease = self.context.lease();
        match self.store.carry_out_call(lease, call.number).await {
            Ok(call) => Ok(call),
            Err(error @ Error::InvalidInput { .. }) => {
                self.ended(call, CallEnd::Error(error.into())).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps how a call ended: one that may be repeated with whatever goes to the database next, another at once.
    async fn ended(&self, mut call: CallRow, end: CallEnd) -> Result<CallRow, Interrupted> {
        let number = call.number;
        let (end, whole) = self.small_enough(end).await;
        let end = self.context.record_call(EndedCall { number, end });
        if call.idempotent {
            (call.state, call.result, call.error) = match end {
                CallEnd::Result(result) => (CallState::Done, whole.or(Some(result)), None),
                CallEnd::Error(error) => (CallState::Failed, None, Some(error)),
            };
            return Ok(call);
        }
        let told: Vec<EndedCall> = self
            .context
            .calls_to_tell()
            .into_iter()
            .filter(|told| told.number == call.number)
            .collect();
        let rows = self.store.end_calls(self.context.lease(), &told).await?;
        self.context.calls_were_told(&told);
        let mut call = rows.into_iter().next().unwrap_or(call);
        if call.result.is_some() && whole.is_some() {
            call.result = whole;
        }
        Ok(call)
    }

    /// An end as its row takes it; and the result itself, where the row has a reference to it.
    async fn small_enough(&self, end: CallEnd) -> (CallEnd, Option<Value>) {
        let CallEnd::Result(result) = end else {
            return (end, None);
        };
        let kept = shelf::put_away(self.store, self.context, "the result", result.clone()).await;
        let whole = (kept != result).then_some(result);
        (CallEnd::Result(kept), whole)
    }
}

fn is_rows(call: &CallRow) -> bool {
    IN_THE_DATABASE.contains(&call.tool.as_str())
}

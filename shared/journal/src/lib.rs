//! The journal of a step under lease. Every model call and every tool call goes through it, is a row before it takes
//! effect, and is found by the worker that claims the step next.
//!
//! Work is written as if nothing could fail, and runs again from its beginning after a failure. A task makes its model
//! calls in an order that only the answers decide; [`Journal`] implements [`llm::ModelCaller`], returns the recorded
//! answers in that order, and makes new calls after them. A limit of the provider, a pending decision, the end of the
//! invocation or a lost lease interrupts the step: the task receives [`llm::Kind::Interrupted`], and
//! [`Journal::finish`] returns the [`Interrupted`] that the step ends with for now.

mod hash;
mod latency;
mod model;
mod model_calls;
mod model_function;
mod offload;
mod past;
mod plan_review;
mod storable;
mod tool_calls;

use std::collections::VecDeque;

use domain::ToolCall;
use llm::{LazyModel, Model};
use runtime::{Interrupted, StepContext, Worker};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{ClaimedStep, JournalRows, StepError, Store};

pub use hash::of as request_hash;
pub use model::{lazy_model, read_model_config};
pub use model_calls::{ended_without, stopped};
pub use model_function::{ModelFunction, WithModel};
pub use past::{PastWork, Reflection};
pub use plan_review::PlanReview;
pub use tool_calls::ToolCalls;

use latency::LatencyEstimate;
use past::{Answered, Past};

/// The journal of one step under one claim.
pub struct Journal<'a> {
    store: &'a Store,
    model: &'a Model,
    context: &'a StepContext,
    has_memories: bool,
    /// Answers of this attempt that are not replayed yet.
    replay: VecDeque<Answered>,
    past: Past,
    /// Calls that the journal had when it was opened.
    known: Vec<ToolCall>,
    /// Calls that the last answer requests.
    requested_calls: Vec<ToolCall>,
    latency: LatencyEstimate,
    /// Model calls in a row without an answer.
    failed: u32,
    interrupted: Option<Interrupted>,
}

/// The fields of a step's context that concern its journal.
#[derive(Deserialize)]
struct ContextFields {
    /// True if the journal has rows.
    #[serde(default)]
    journaled: bool,
    /// True if the workspace has memories.
    #[serde(default)]
    remembers: bool,
}

impl<'a> Journal<'a> {
    /// Opens the journal of a claimed step: reads the model's keys if they are due, and the rows if the claim reports
    /// any.
    ///
    /// # Errors
    /// [`Interrupted`] if keys or rows cannot be read.
    pub async fn open(
        worker: &'a Worker,
        model: &'a LazyModel,
        context: &'a StepContext,
        step: &ClaimedStep,
    ) -> Result<Self, Interrupted> {
        let store = worker.store();
        let model = model.get().await.map_err(StepError::from)?;
        let fields: ContextFields = step.context()?;
        let rows = match fields.journaled {
            true => {
                let rows = store.read_journal(context.lease()).await?;
                offload::fetch_all(store, context, rows).await?
            }
            false => JournalRows::default(),
        };
        let latency = LatencyEstimate::of(&rows.turns);
        let failed = past::failed_in_a_row(&rows.turns, step.attempt.0);
        let (past, replay) = past::sort(&rows);
        Ok(Self {
            store,
            model,
            context,
            has_memories: fields.remembers,
            replay,
            past,
            known: rows.calls,
            requested_calls: Vec::new(),
            latency,
            failed,
            interrupted: None,
        })
    }

    /// Returns the client of the database.
    #[must_use]
    pub fn store(&self) -> &'a Store {
        self.store
    }

    /// Returns the model that is called.
    #[must_use]
    pub fn model(&self) -> &'a Model {
        self.model
    }

    /// Returns the context of the step.
    #[must_use]
    pub fn context(&self) -> &'a StepContext {
        self.context
    }

    /// Returns true if the workspace has memories that the step may be sent.
    #[must_use]
    pub fn has_memories(&self) -> bool {
        self.has_memories
    }

    /// Returns the earlier work of an agent's step: that of failed attempts, and that before its last summary.
    pub fn take_past_work(&mut self) -> PastWork {
        self.past.take_work(&self.known)
    }

    /// Returns true if this attempt has answers already, after which it continues.
    #[must_use]
    pub fn is_continued(&self) -> bool {
        !self.replay.is_empty()
    }

    /// Returns the calls that the last answer requests, as they are recorded.
    #[must_use]
    pub fn requested_calls(&self) -> &[ToolCall] {
        &self.requested_calls
    }

    /// Keeps the reason why the step cannot continue now, for [`Journal::finish`].
    pub fn put_back(&mut self, interrupted: Interrupted) -> StepError {
        self.interrupt(interrupted).into()
    }

    /// Returns the result of the step, or what it ends with for now.
    ///
    /// # Errors
    /// [`Interrupted`]: what interrupted the work, or else the work's own error.
    pub fn finish(self, worked: Result<impl Serialize, StepError>) -> Result<Value, Interrupted> {
        let result = self.close(worked)?;
        let unreadable = |error: serde_json::Error| {
            StepError::terminal("result_unreadable", error.to_string()).into()
        };
        serde_json::to_value(result).map_err(unreadable)
    }

    /// Ends the use of the journal by work that goes on without a model, and returns the work's result so far.
    ///
    /// # Errors
    /// [`Interrupted`]: what interrupted the work, or else the work's own error.
    pub fn close<T>(self, worked: Result<T, StepError>) -> Result<T, Interrupted> {
        match (worked, self.interrupted) {
            (Ok(result), _) => Ok(result),
            (Err(_), Some(interrupted)) => Err(interrupted),
            (Err(error), None) => Err(error.into()),
        }
    }
}

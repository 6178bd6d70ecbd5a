//! The journal of a step, from its worker's side: every question to a model and every call of a tool goes through here,
//! is a row before it takes effect, and is found again by the worker that claims the step next.
//!
//! The one thing to know: work is written as if nothing could go wrong, and done again from the start after whatever
//! did. A task asks its questions in an order that its answers decide; [`Journal`] implements [`llm::ModelCaller`] and gives
//! back what was answered already, in that order, and only then asks on. What keeps a step from going on now (a limit
//! of the provider, a person who has to decide, the end of the invocation, a lost lease) is an [`Interrupted`]: the
//! task sees [`llm::Kind::Interrupted`], and [`Journal::outcome`] makes of it what the step ends with for now.

mod hash;
mod interrupted;
mod latency;
mod model_calls;
mod offload;
mod past;
mod plan_review;
mod storable;
mod tool_calls;

use std::collections::VecDeque;

use domain::ToolCall;
use llm::Model;
use runtime::StepContext;
use serde_json::Value;
use store::{ClaimedStep, JournalRows, Outcome, StepError, Store};

pub use hash::of as request_hash;
pub use interrupted::Interrupted;
pub use model_calls::{ended_without, stopped};
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
    calls: ToolCalls<'a>,
    /// Answers of this try, not given out yet.
    replay: VecDeque<Answered>,
    past: Past,
    /// Calls that the journal knew when it was opened.
    known: Vec<ToolCall>,
    /// Calls that the last answer asked for.
    requested_calls: Vec<ToolCall>,
    latency: LatencyEstimate,
    /// Questions in a row that brought nothing.
    failed: u32,
    interrupted: Option<Interrupted>,
}

impl<'a> Journal<'a> {
    /// Opens the journal of a claimed step. Rows are read only if the claim reports that there are any.
    ///
    /// # Errors
    /// [`Interrupted`] if the database does not tell.
    pub async fn open(
        store: &'a Store,
        model: &'a Model,
        context: &'a StepContext,
        step: &ClaimedStep,
    ) -> Result<Self, Interrupted> {
        let rows = match step.context.get("journaled") {
            Some(Value::Bool(true)) => {
                let rows = store.read_journal(context.lease()).await?;
                offload::fetch_all(store, context, rows).await?
            }
            _ => JournalRows::default(),
        };
        let latency = LatencyEstimate::of(&rows.turns);
        let failed = past::failed_in_a_row(&rows.turns, step.attempt.0);
        let (past, replay) = past::sort(&rows);
        Ok(Self {
            store,
            model,
            context,
            calls: ToolCalls::new(store, context),
            replay,
            past,
            known: rows.calls,
            requested_calls: Vec::new(),
            latency,
            failed,
            interrupted: None,
        })
    }

    /// What an agent's step did before: in tries that failed, and before its last summary.
    pub fn take_past_work(&mut self) -> PastWork {
        self.past.take_work(&self.known)
    }

    /// Whether this try has answers already, and goes on after them.
    #[must_use]
    pub fn is_going_on(&self) -> bool {
        !self.replay.is_empty()
    }

    /// Calls that the last answer asked for, as they are recorded.
    #[must_use]
    pub fn requested_calls(&self) -> &[ToolCall] {
        &self.requested_calls
    }

    /// The step's calls.
    #[must_use]
    pub fn calls(&self) -> ToolCalls<'a> {
        self.calls
    }

    /// Notes why the step cannot go on now; for [`Journal::outcome`].
    pub fn put_back(&mut self, interrupted: Interrupted) -> StepError {
        self.interrupt(interrupted).into()
    }

    /// What the step ends with for now.
    #[must_use]
    pub fn outcome(self, done: Result<Value, StepError>) -> Outcome {
        match (done, self.interrupted) {
            (Ok(result), _) => Outcome::Completed { result },
            (Err(_), Some(interrupted)) => interrupted.into(),
            (Err(error), None) => Outcome::failed(error),
        }
    }
}

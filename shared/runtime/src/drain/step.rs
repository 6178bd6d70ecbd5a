//! One running step: its time limit, its panics, and the signal to stop.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{ToolCallResult, ToolCallResults, WorkspaceId};
use futures::FutureExt as _;
use store::{ClaimedStep, Lease, Outcome, StepError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::bounds;
use crate::Deadline;

/// The records of a step that are sent with its outcome. Kept outside of the step's future, so that they are sent even
/// if the future is dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct PendingRecords(Arc<Mutex<Records>>);

/// Each ended call that the journal does not have yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    pub(crate) calls: ToolCallResults,
}

impl PendingRecords {
    pub(crate) fn snapshot(&self) -> Records {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lease, deadline and pending records of a step at work.
#[derive(Debug, Clone)]
pub struct StepContext {
    lease: Lease,
    workspace_id: WorkspaceId,
    stop_at: Instant,
    most: Duration,
    stopping: watch::Receiver<bool>,
    pending: PendingRecords,
}

impl StepContext {
    pub(crate) fn new(
        step: &ClaimedStep,
        deadline: &Deadline,
        stopping: watch::Receiver<bool>,
        pending: PendingRecords,
    ) -> Self {
        let timeout = Duration::from_secs(step.timeout_seconds.into());
        Self {
            lease: step.lease(),
            workspace_id: step.workspace_id.clone(),
            stop_at: (Instant::now() + timeout).min(deadline.stop_at()),
            most: timeout.min(deadline.total_for_work()),
            stopping,
            pending,
        }
    }

    /// Returns the claim, which `answer_query` and idempotency keys need.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Returns the tenant that the step works for.
    #[must_use]
    pub fn workspace_id(&self) -> &WorkspaceId {
        &self.workspace_id
    }

    /// Returns the time left for this step; every outside call gets a time limit below it.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.stop_at.saturating_duration_since(Instant::now())
    }

    /// Returns true if another invocation would hardly have more time for this step than this one has now.
    #[must_use]
    pub fn has_most_of_its_time(&self) -> bool {
        self.remaining() * 4 >= self.most * 3
    }

    /// Keeps the result of a call until it is recorded: it is sent with the step's outcome unless it was sent before. A
    /// result that the database could not store becomes an error. Returns the result that is kept.
    #[expect(
        clippy::must_use_candidate,
        reason = "a caller that only records needs no more"
    )]
    pub fn record_call(&self, number: i32, result: ToolCallResult) -> ToolCallResult {
        let problem = match &result {
            ToolCallResult::Done(value) => bounds::problem(value),
            ToolCallResult::Failed(_) | ToolCallResult::Retry(_) => None,
        };
        let result = problem.map_or(result, |problem| {
            ToolCallResult::Failed(StepError::terminal("result_not_storable", problem))
        });
        let mut records = self.pending.locked();
        records.calls.insert(number, result.clone());
        result
    }

    /// Returns the results of calls that are not recorded yet.
    #[must_use]
    pub fn unrecorded_calls(&self) -> ToolCallResults {
        self.pending.locked().calls.clone()
    }

    /// Removes results that are recorded now.
    pub fn calls_were_recorded(&self, recorded: &ToolCallResults) {
        let mut records = self.pending.locked();
        records
            .calls
            .retain(|number, _| !recorded.contains_key(number));
    }

    /// Returns true if the invocation is about to end: start nothing new and return [`Outcome::Released`].
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Resolves when the invocation is about to end; for `select!` around a long call. Work that ignores it is aborted
    /// and released.
    pub async fn stopping(&self) {
        let mut stopping = self.stopping.clone();
        // An error means that the drain is gone, and this future with it.
        let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
    }
}

/// Runs one step to its outcome, including panics and time limits.
pub(crate) fn run<F>(
    work: impl FnOnce() -> F,
    timeout_seconds: u32,
) -> impl Future<Output = Outcome> + Send + 'static
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let times_out_at = Instant::now() + Duration::from_secs(timeout_seconds.into());
    // Work may panic before its future exists.
    let future = catch_unwind(AssertUnwindSafe(work));
    async move {
        let Ok(future) = future else {
            return panicked();
        };
        match timeout_at(times_out_at, AssertUnwindSafe(future).catch_unwind()).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => panicked(),
            Err(_) => Outcome::failed(StepError::retryable(
                "step_timed_out",
                format!(
                    "the step took longer than its {timeout_seconds} seconds; raise timeout_seconds or do less in it"
                ),
            )
            .keeping_answers()),
        }
    }
}

fn panicked() -> Outcome {
    let message = "the worker hit a bug in its own code; the log names the place";
    Outcome::failed(StepError::retryable("panicked", message).keeping_answers())
}

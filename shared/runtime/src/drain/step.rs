//! One step at work: its time limit, its panics, and what it is given to know when to stop.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::WorkspaceId;
use futures::FutureExt as _;
use store::{CallEnd, ClaimedStep, EndedCall, Lease, Outcome, StepError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::bounds;
use crate::Deadline;

/// What a step leaves behind beside its outcome. Kept outside of the step's future, so that it is told even if the future
/// is dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Entries>>);

/// Each ended call that the journal does not know yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entries {
    pub(crate) calls: Vec<EndedCall>,
}

impl Ledger {
    pub(crate) fn entries(&self) -> Entries {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a step's work is given beside the step.
#[derive(Debug, Clone)]
pub struct StepContext {
    lease: Lease,
    workspace_id: WorkspaceId,
    stop_at: Instant,
    most: Duration,
    stopping: watch::Receiver<bool>,
    ledger: Ledger,
}

impl StepContext {
    pub(crate) fn new(
        step: &ClaimedStep,
        deadline: &Deadline,
        stopping: watch::Receiver<bool>,
        ledger: Ledger,
    ) -> Self {
        let timeout = Duration::from_secs(step.timeout_seconds.into());
        Self {
            lease: step.lease(),
            workspace_id: step.workspace_id.clone(),
            stop_at: (Instant::now() + timeout).min(deadline.stop_at()),
            most: timeout.min(deadline.total_for_work()),
            stopping,
            ledger,
        }
    }

    /// The claim: what `answer_query` and idempotency keys need.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// The tenant that the step works for.
    #[must_use]
    pub fn workspace_id(&self) -> &WorkspaceId {
        &self.workspace_id
    }

    /// The time left for this step; every outside call gets a time limit below it.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.stop_at.saturating_duration_since(Instant::now())
    }

    /// Whether another invocation would hardly have more time for this step than this one has now.
    #[must_use]
    pub fn has_most_of_its_time(&self) -> bool {
        self.remaining() * 4 >= self.most * 3
    }

    /// Keeps how a call ended until it is recorded: it travels with the step's outcome unless it was told before. What
    /// the database could not store becomes an error. Gives back what is kept.
    #[expect(clippy::must_use_candidate, reason = "who only records needs no more")]
    pub fn record_call(&self, ended: EndedCall) -> CallEnd {
        let problem = match &ended.end {
            CallEnd::Result(result) => bounds::problem(result),
            CallEnd::Error(_) => None,
        };
        let end = problem.map_or(ended.end, |problem| {
            CallEnd::Error(StepError::terminal("result_not_storable", problem))
        });
        let mut entries = self.ledger.locked();
        entries.calls.retain(|other| other.number != ended.number);
        entries.calls.push(EndedCall {
            number: ended.number,
            end: end.clone(),
        });
        end
    }

    /// The ended calls that are not recorded yet.
    #[must_use]
    pub fn calls_to_tell(&self) -> Vec<EndedCall> {
        self.ledger.locked().calls.clone()
    }

    /// These are recorded.
    pub fn calls_were_told(&self, told: &[EndedCall]) {
        let is_told = |call: &EndedCall| told.iter().any(|other| other.number == call.number);
        self.ledger.locked().calls.retain(|call| !is_told(call));
    }

    /// Whether the invocation is about to end: begin nothing new and return [`Outcome::Released`].
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Resolves when the invocation is about to end; for `select!` around a long call. Whoever does not heed it is
    /// aborted and put back.
    pub async fn stopping(&self) {
        let mut stopping = self.stopping.clone();
        // An error means that the drain is gone, and this future with it.
        let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
    }
}

/// Runs one step to its outcome, whatever it does.
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
            )),
        }
    }
}

fn panicked() -> Outcome {
    Outcome::failed(StepError::retryable(
        "panicked",
        "the worker hit a bug in its own code; the log names the place",
    ))
}

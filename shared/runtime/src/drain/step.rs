//! One step at work: its time limit, its panics, and what it is given to know when to stop.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Usage;
use futures::FutureExt as _;
use store::{ClaimedStep, Lease, Outcome, StepError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Each call to a model made under one claim. Kept outside of the step's future, so that its cost is booked even if the
/// future is dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct UsageLedger(Arc<Mutex<Vec<Usage>>>);

impl UsageLedger {
    pub(crate) fn entries(&self) -> Vec<Usage> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn record(&self, usage: Usage) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push(usage);
    }
}

/// What a step's work is given beside the step.
#[derive(Debug, Clone)]
pub struct StepContext {
    lease: Lease,
    stop_at: Instant,
    stopping: watch::Receiver<bool>,
    usage: UsageLedger,
}

impl StepContext {
    pub(crate) fn new(
        step: &ClaimedStep,
        drain_stops_at: Instant,
        stopping: watch::Receiver<bool>,
        usage: UsageLedger,
    ) -> Self {
        let times_out_at = Instant::now() + Duration::from_secs(step.timeout_seconds.into());
        Self {
            lease: step.lease(),
            stop_at: times_out_at.min(drain_stops_at),
            stopping,
            usage,
        }
    }

    /// The claim: what `answer_query` and idempotency keys need.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// The time left for this step; every outside call gets a time limit below it.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.stop_at.saturating_duration_since(Instant::now())
    }

    /// Records what a call to a model used. Call it as soon as the reply is there: it is booked whatever becomes of the
    /// step, even if its lease is lost.
    pub fn record_usage(&self, usage: Usage) {
        self.usage.record(usage);
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

//! The loop of every function: claim, work concurrently, report, receive the next work in the same call.
//!
//! A drain ends only after the database has searched for ready work once more, in the very transaction of the last
//! report or claim. Work that becomes ready after that sends its own wake.

mod bounds;
mod heartbeat;
mod outbox;
mod report;
mod run;
mod step;

use std::future::Future;
use std::time::Duration;

use domain::{RunId, StepKind, WakeId};
use store::{Claim, ClaimedStep, Error, Lease, Outcome, Store};
use tokio::time::{Instant, timeout_at};

use crate::{Config, Deadline, Invocation};
use run::Drain;

pub use bounds::problem as unstorable;
pub use report::DrainReport;
pub use step::StepContext;

/// The options of one invocation's drain.
#[derive(Debug, Clone)]
pub struct DrainOptions {
    /// The kinds that the function works on.
    pub kinds: Vec<StepKind>,
    /// The most steps that are worked on at once.
    pub batch: usize,
    /// The length of a lease; renewed each third of it.
    pub lease_seconds: u32,
    /// The worker: a name of this drain alone.
    pub worker_name: String,
    /// The wake that started the invocation, to be marked as received.
    pub wake_id: Option<WakeId>,
    /// The only run to work on; then one claim is made, and no further work is claimed.
    pub run_id: Option<RunId>,
    /// The end of the invocation.
    pub deadline: Deadline,
}

impl DrainOptions {
    /// Builds the options from a function's configuration and this invocation.
    #[must_use]
    pub fn new(
        config: &Config,
        kinds: &[StepKind],
        wake_id: Option<WakeId>,
        invocation: &Invocation,
    ) -> Self {
        let deadline = invocation.deadline;
        let request = invocation.request_id.get(..8);
        Self {
            kinds: kinds.to_vec(),
            batch: config.batch,
            lease_seconds: deadline.lease_seconds(config.lease_seconds),
            worker_name: format!(
                "{}/{}",
                config.worker_name,
                request.unwrap_or(&invocation.request_id)
            ),
            wake_id,
            run_id: None,
            deadline,
        }
    }

    /// Limits the drain to one run that a person waits for, and to that time.
    ///
    /// The worker's name begins with `person/`: such a worker claims no other work, so the database does not count it
    /// among the drains that a wake can rely on.
    #[must_use]
    pub fn for_person(self, run_id: RunId, wait: Duration) -> Self {
        let deadline = self.deadline.within(wait);
        Self {
            run_id: Some(run_id),
            worker_name: format!("person/{}", self.worker_name),
            lease_seconds: deadline.lease_seconds(self.lease_seconds),
            deadline,
            ..self
        }
    }

    fn claim<'a>(&'a self, limit: usize, holding: &'a [Lease], reply_was_lost: bool) -> Claim<'a> {
        Claim {
            kinds: &self.kinds,
            limit,
            lease_seconds: self.lease_seconds,
            worker: &self.worker_name,
            holding,
            reply_was_lost,
            run_id: self.run_id,
        }
    }

    fn lease_length(&self) -> Duration {
        Duration::from_secs(self.lease_seconds.into())
    }
}

/// Works on ready steps until there are none or the deadline comes near.
///
/// `work` is called once per claimed step and returns its outcome; it runs until it returns, until its
/// `timeout_seconds`, until its lease is lost, or until shortly before the deadline, when unfinished steps are
/// released.
///
/// # Errors
/// The error of the first claim. Calls that meet later faults of the database are repeated while the leases hold, then
/// logged and counted in [`DrainReport::abandoned`]; the sweep reclaims such steps.
pub async fn drain<W, F>(
    store: &Store,
    options: DrainOptions,
    work: W,
) -> Result<DrainReport, Error>
where
    W: Fn(ClaimedStep, StepContext) -> F,
    F: Future<Output = Outcome> + Send + 'static,
{
    let stop_at = options.deadline.stop_at();
    if stop_at <= Instant::now() {
        tracing::warn!("too little time is left to begin; the next wake or the sweep will");
        return Ok(DrainReport::default());
    }
    let claimed_at = Instant::now();
    let claim = options.claim(options.batch, &[], false);
    let steps = timeout_at(stop_at, store.claim_steps(&claim, options.wake_id))
        .await
        .unwrap_or_else(|_| {
            Err(Error::Unavailable {
                code: None,
                message: "the claim took all the time that was left".to_owned(),
                effect: store::Effect::Unknown,
            })
        })?;
    let mut drain = Drain::new(store, options, work);
    drain.begin(steps, claimed_at);
    let report = drain.run().await;
    tracing::info!(?report, "drained");
    Ok(report)
}

//! The loop that every function works with: claim, work concurrently, report, get the next work in the same call.
//!
//! The one thing to know: a drain ends only after the database has looked for ready work once more, in the very
//! transaction of the last report or claim. Whatever becomes ready after that rings by itself.

mod bounds;
mod heartbeat;
mod outbox;
mod report;
mod step;
mod work_off;

use std::future::Future;
use std::time::Duration;

use domain::{RunId, StepKind, WakeId};
use store::{Claim, ClaimedStep, Error, Lease, Outcome, Store};
use tokio::time::{Instant, timeout_at};

use crate::{Config, Deadline, Invocation};
use work_off::Drain;

pub use bounds::problem as unstorable;
pub use report::DrainReport;
pub use step::StepContext;

/// How one invocation drains.
#[derive(Debug, Clone)]
pub struct DrainOptions {
    /// The kinds that the function works on.
    pub kinds: Vec<StepKind>,
    /// How many steps are worked on at once.
    pub batch: usize,
    /// How long a lease is; renewed each third of it.
    pub lease_seconds: u32,
    /// Who works: a name of this drain alone.
    pub worker_name: String,
    /// The wake that led here, to be marked as heard.
    pub wake_id: Option<WakeId>,
    /// The run that is worked on; then one claim is made, and no further work is looked for.
    pub run_id: Option<RunId>,
    /// When the invocation ends.
    pub deadline: Deadline,
}

impl DrainOptions {
    /// The options that follow from a function's configuration and this invocation.
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

    /// The same for one run that a person waits for, at most so long.
    ///
    /// The worker's name begins with `person/`: such a worker looks for no other work, so the database does not count
    /// it among the drains that a wake can rely on.
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

/// Works off what is ready, until nothing is or the deadline comes near.
///
/// `work` is called once per claimed step and returns its outcome; it runs until then, until its `timeout_seconds`,
/// until its lease is lost, or until shortly before the deadline, when what is unfinished is put back.
///
/// # Errors
/// The error of the first claim. Later faults of the database are repeated while the leases hold, then logged and
/// counted in [`DrainReport::abandoned`]; the sweep takes such steps back.
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
    let report = drain.work_off().await;
    tracing::info!(?report, "drained");
    Ok(report)
}

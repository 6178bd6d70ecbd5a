//! The loop of every function: claim, work concurrently, report, receive the next work in the same call.
//!
//! A drain ends only after the database has searched for ready work once more, in the very transaction of the last
//! report or claim. Work that becomes ready after that sends its own wake.

mod bounds;
mod heartbeat;
mod options;
mod outbox;
mod report;
mod run;
mod step;

use std::future::Future;

use store::{ClaimedStep, Error, Outcome, Store};
use tokio::time::{Instant, timeout_at};

use run::Drain;

pub use bounds::problem as unstorable;
pub use options::DrainOptions;
pub use report::DrainReport;
pub use step::StepContext;

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

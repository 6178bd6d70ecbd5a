//! The options of one invocation's drain.

use std::time::Duration;

use domain::{RunId, StepKind, WakeId};
use store::{Claim, Lease};

use crate::{Config, Deadline, Invocation};

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

    pub(super) fn claim<'a>(
        &'a self,
        limit: usize,
        holding: &'a [Lease],
        reply_was_lost: bool,
    ) -> Claim<'a> {
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

    pub(super) fn lease_length(&self) -> Duration {
        Duration::from_secs(self.lease_seconds.into())
    }
}

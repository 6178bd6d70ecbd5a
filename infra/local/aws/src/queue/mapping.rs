//! The event source mapping, which moves messages from a queue to a function.
//!
//! It never returns a message early. A failed message stays hidden until its visibility timeout ends, so that timeout
//! is also the pause before the next attempt.

use std::{collections::HashSet, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::AbortHandle,
    time::{Instant, timeout_at},
};

use super::{
    event::{event, reported_failures},
    store::{Queue, Received},
};
use crate::lambda::{Host, InvocationType, MAX_REQUEST_BYTES, Reply};
use local_fault_hook::{FaultHook, Message, Passage};

/// Leaves room for the rest of the event, and for escaping the bodies as JSON.
const BATCH_BODY_BYTES: usize = MAX_REQUEST_BYTES / 4;

/// Configuration of a mapping.
#[derive(Clone, Debug)]
pub struct MappingConfig {
    /// The function to invoke.
    pub function: String,
    /// The largest number of messages in one invocation: 1 to 10 000, above 10 only with a batching window of at least
    /// a second.
    pub batch_size: usize,
    /// The time that an incomplete batch waits for more messages; at most 300 s.
    pub batching_window: Duration,
    /// The largest number of concurrent invocations: 1 to 1000 (AWS: 2 to 1000).
    pub maximum_concurrency: usize,
    /// The form in which the function reports failed messages.
    pub failure_report: FailureReport,
    /// Decides how messages travel; none: all are delivered.
    pub faults: Option<Arc<dyn FaultHook>>,
}

/// The form in which a function reports failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureReport {
    /// A batch succeeds or fails as a whole.
    WholeBatch,
    /// By `batchItemFailures` in its answer (AWS: `ReportBatchItemFailures`).
    BatchItems,
}

impl MappingConfig {
    /// Creates a mapping with AWS's defaults, but with failures reported per message.
    pub fn new(function: impl Into<String>) -> Self {
        Self {
            function: function.into(),
            batch_size: 10,
            batching_window: Duration::ZERO,
            maximum_concurrency: 5,
            failure_report: FailureReport::BatchItems,
            faults: None,
        }
    }

    fn check(&self) -> anyhow::Result<()> {
        let name = &self.function;
        anyhow::ensure!(
            (1..=10_000).contains(&self.batch_size),
            "the queue of {name}: batch_size must be 1 to 10000"
        );
        anyhow::ensure!(
            self.batch_size <= 10 || self.batching_window >= Duration::from_secs(1),
            "the queue of {name}: a batch_size above 10 needs a batching_window of at least 1 second"
        );
        anyhow::ensure!(
            self.batching_window <= Duration::from_secs(300),
            "the queue of {name}: batching_window must be at most 300 seconds"
        );
        anyhow::ensure!(
            (1..=1000).contains(&self.maximum_concurrency),
            "the queue of {name}: maximum_concurrency must be 1 to 1000"
        );
        Ok(())
    }
}

/// A running mapping; it ends when it is stopped or dropped. A queue feeds one mapping.
pub struct Mapping {
    polling: AbortHandle,
}

impl Mapping {
    /// Starts moving messages from the queue to the function.
    ///
    /// # Errors
    /// The configuration is outside of AWS's limits.
    pub fn start(host: Host, queue: Arc<Queue>, config: MappingConfig) -> anyhow::Result<Self> {
        config.check()?;
        let polling = tokio::spawn(poll(host, queue, config));
        Ok(Self {
            polling: polling.abort_handle(),
        })
    }

    /// Receives no more messages. Running batches are finished.
    pub fn stop(&self) {
        self.polling.abort();
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn poll(host: Host, queue: Arc<Queue>, config: MappingConfig) {
    let config = Arc::new(config);
    let slots = Arc::new(Semaphore::new(config.maximum_concurrency));
    loop {
        // A slot first: a message received without one would only use up its visibility timeout.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        let target = Target {
            host: host.clone(),
            queue: Arc::clone(&queue),
            config: Arc::clone(&config),
        };
        let batch = next_batch(&queue, &config).await;
        let batch = target.apply_faults(batch);
        if !batch.is_empty() {
            tokio::spawn(target.deliver(batch, Some(slot)));
        }
    }
}

/// The source and the target of batches.
#[derive(Clone)]
struct Target {
    host: Host,
    queue: Arc<Queue>,
    config: Arc<MappingConfig>,
}

async fn next_batch(queue: &Queue, config: &MappingConfig) -> Vec<Received> {
    let mut batch = Vec::new();
    while batch.is_empty() {
        queue.wait_visible().await;
        batch = queue.receive(config.batch_size, BATCH_BODY_BYTES);
    }
    let closes = Instant::now() + config.batching_window;
    loop {
        let used: usize = batch.iter().map(|received| received.message.size()).sum();
        let missing = config.batch_size.saturating_sub(batch.len());
        if missing == 0
            || used >= BATCH_BODY_BYTES
            || timeout_at(closes, queue.wait_visible()).await.is_err()
        {
            return batch;
        }
        let more = queue.receive(missing, BATCH_BODY_BYTES - used);
        batch.extend(more);
        if Instant::now() >= closes {
            return batch;
        }
    }
}

impl Target {
    /// Loses, delays, doubles and reorders messages as the faults decide; returns the others as a batch. A message that
    /// the hook delivers takes no slot: the mapping does not wait for it.
    fn apply_faults(&self, batch: Vec<Received>) -> Vec<Received> {
        let Some(faults) = &self.config.faults else {
            return batch;
        };
        let goes_on = |received: &Received| {
            let mut copy =
                || -> Message { Box::pin(self.clone().deliver(vec![received.clone()], None)) };
            let passage = faults.message(self.queue.name(), &mut copy);
            if passage == Passage::Lost {
                self.queue.delete(&received.receipt_handle);
            }
            passage == Passage::Now
        };
        batch.into_iter().filter(goes_on).collect()
    }

    async fn deliver(self, batch: Vec<Received>, slot: Option<OwnedSemaphorePermit>) {
        let Self {
            host,
            queue,
            config,
        } = self;
        let payload = Bytes::from(event(&batch, queue.arn(), host.region()).to_string());
        let failed = match host
            .invoke(&config.function, payload, InvocationType::RequestResponse)
            .await
        {
            Ok(invoked) => match (invoked.reply, config.failure_report) {
                (Reply::Payload(answer), FailureReport::BatchItems) => {
                    reported_failures(&answer, &batch)
                }
                (Reply::Payload(_), FailureReport::WholeBatch) => Some(HashSet::new()),
                (Reply::FunctionError(_) | Reply::Accepted | Reply::DryRun, _) => None,
            },
            Err(refusal) => {
                tracing::debug!(function = %config.function, %refusal, "a batch was not let in; it comes back later");
                None
            }
        };
        if let Some(failed) = failed {
            for received in batch
                .iter()
                .filter(|received| !failed.contains(&received.message_id.to_string()))
            {
                queue.delete(&received.receipt_handle);
            }
        }
        drop(slot);
    }
}

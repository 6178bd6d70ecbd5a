//! The queues of one account, and their configuration.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context;

use super::store::Queue;

/// Configuration of one queue.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// Its name, the last part of its URL.
    pub name: String,
    /// The visibility timeout of a received message (SQS default: 30 s; AWS advises six times the function's timeout).
    pub visibility_timeout: Duration,
    /// The dead-letter policy for messages that were received too often.
    pub redrive: Option<Redrive>,
}

/// A queue's dead-letter policy.
#[derive(Clone, Debug)]
pub struct Redrive {
    /// The queue that receives them.
    pub dead_letter_queue: String,
    /// The number of receives after which a message is moved instead of received again.
    pub max_receive_count: u32,
}

impl QueueConfig {
    /// Creates a queue with the defaults of SQS and no dead-letter queue.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            visibility_timeout: Duration::from_secs(30),
            redrive: None,
        }
    }
}

/// All queues of one account. Clones are the same queues.
#[derive(Clone)]
pub struct Queues {
    queues: Arc<BTreeMap<String, Arc<Queue>>>,
}

impl Queues {
    /// Creates the queues, all empty.
    ///
    /// # Errors
    /// Two queues share a name, or a dead-letter queue is not among them.
    pub fn new(configs: &[QueueConfig], region: &str, account_id: &str) -> anyhow::Result<Self> {
        let mut queues: BTreeMap<String, Arc<Queue>> = BTreeMap::new();
        // Dead-letter queues have none of their own here, so they come first.
        let (ends, sources): (Vec<_>, Vec<_>) =
            configs.iter().partition(|config| config.redrive.is_none());
        for config in ends.into_iter().chain(sources) {
            let arn = format!("arn:aws:sqs:{region}:{account_id}:{}", config.name);
            let dead_letters = match &config.redrive {
                None => None,
                Some(redrive) => {
                    let target = queues.get(&redrive.dead_letter_queue).with_context(|| {
                        format!(
                            "the queue {} names the dead-letter queue {}, which is not configured or has one itself",
                            config.name, redrive.dead_letter_queue
                        )
                    })?;
                    Some((Arc::clone(target), redrive.max_receive_count))
                }
            };
            let queue = Arc::new(Queue::new(
                config.name.clone(),
                arn,
                config.visibility_timeout,
                dead_letters,
            ));
            anyhow::ensure!(
                queues.insert(config.name.clone(), queue).is_none(),
                "two queues are called {}; rename one of them",
                config.name
            );
        }
        Ok(Self {
            queues: Arc::new(queues),
        })
    }

    /// Returns a queue by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Queue>> {
        self.queues.get(name).cloned()
    }

    /// Returns the names of all queues.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.queues.keys().cloned().collect()
    }
}

//! Requests that come as messages of intake's queue on AWS. Its access policy decides who may send one.

use store::Store;
use trigger::{QueueContent, QueueMessage};

/// A batch of messages after its requests were accepted.
pub(crate) struct Accepted {
    /// The messages that are no requests.
    pub(crate) others: Vec<QueueMessage>,
    /// The ids of the requests that failed: the queue delivers them again, and puts them into its dead-letter queue.
    pub(crate) failed: Vec<String>,
}

/// Accepts the requests among messages, each for itself.
pub(crate) async fn accept(store: &Store, messages: Vec<QueueMessage>) -> Accepted {
    let (mut others, mut failed) = (Vec::new(), Vec::new());
    for message in messages {
        let QueueContent::Body(body) = &message.content else {
            others.push(message);
            continue;
        };
        let id = &message.message_id;
        match store.accept_message(id, body).await {
            Ok(reply) if reply.outcome != "refused" => {
                tracing::info!(message_id = id, outcome = reply.outcome, "took a request");
            }
            Ok(reply) => {
                let reason = reply.reason.unwrap_or_default();
                tracing::error!(message_id = id, reason, "this message is no request");
                failed.push(message.message_id);
            }
            Err(error) => {
                tracing::error!(message_id = id, %error, "did not take a request");
                failed.push(message.message_id);
            }
        }
    }
    Accepted { others, failed }
}

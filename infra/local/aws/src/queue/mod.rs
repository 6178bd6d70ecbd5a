//! Amazon SQS and the event source mapping that feeds a function from it.
//!
//! `SendMessage` stores a message ([`Queues::router`]); the mapping receives it with others, which hides them for the
//! visibility timeout, and invokes the function with the batch ([`Mapping`]). Messages that the function reports as
//! done are deleted; the others become visible when their timeout ends, and after too many receives go to the
//! dead-letter queue.
//!
//! Messages live in this process and end with it. That is enough, because a message only carries a wake; the work
//! itself is a row (see `fidelity/sqs.md`).

mod api;
mod event;
mod mapping;
mod message;
mod queues;
mod store;

pub use self::{
    mapping::{FailureReport, Mapping, MappingConfig},
    message::{AttributeValue, MAX_MESSAGE_BYTES, Message, MessageAttribute},
    queues::{QueueConfig, Queues, Redrive},
    store::{Queue, Received},
};

impl Queues {
    /// Returns the SQS endpoint: `POST /` in its JSON protocol. Nest it where the queue URLs point.
    pub fn router(&self) -> axum::Router {
        api::router(self.clone())
    }
}

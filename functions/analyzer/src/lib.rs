//! The analyzer looks back at what happened.
//!
//! Woken by its schedule, it brings the measured facts up to date: per runbook and per agent how often it was used,
//! how often that succeeded, what it cost and how long it took. The numbers are counted in SQL from the rows of work,
//! so an analysis that is repeated, or lost, changes nothing. Like every scheduled function it sweeps first.
//! Claims no steps.

pub mod config;

use std::sync::Arc;

use runtime::{Call, Failure, Invocation, Worker};
use serde_json::Value;
use trigger::{QueueContent, Trigger};

/// Handles one invocation.
///
/// # Errors
/// The database cannot be reached; the next tick tries again.
pub async fn handle(worker: Arc<Worker>, invocation: Invocation) -> Result<Value, Failure> {
    let trigger = match worker.decode(&invocation).await? {
        Call::Refused(reply) => return Ok(reply),
        Call::Accepted(trigger) => trigger,
    };
    if let Trigger::Schedule(_) = trigger {
        let swept = worker.store().sweep().await?;
        tracing::info!(?swept, "swept");
    }
    let facts = worker.store().measure_facts().await?;
    tracing::info!(?facts, "measured");
    Ok(match trigger {
        // What is no wake is for a person to look at, in the dead-letter queue.
        Trigger::Queue(messages) => trigger::queue_reply(
            messages
                .into_iter()
                .filter(|message| !matches!(message.content, QueueContent::Wake(_)))
                .map(|message| message.message_id),
        ),
        Trigger::Schedule(_) => trigger::schedule_reply(),
        _ => trigger::HttpReply::json(200, &serde_json::json!({"measured": facts})).into_value(),
    })
}

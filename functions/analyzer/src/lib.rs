//! Folds usage and outcomes into statistics.
//!
//! Runs and steps that end, and model calls that are booked, append rows. On its schedule, the analyzer folds these
//! rows into the totals: per workspace and runbook or agent version the uses, successes, cost and duration, and usage
//! per day, person, agent and runbook. A row is added and deleted in one transaction, so a fold that is repeated, or
//! lost, counts nothing twice. The sweep folds too; the analyzer works off what one sweep leaves. Like every scheduled
//! function it sweeps first. It claims no steps.

use std::error::Error;
use std::sync::Arc;

use domain::StepKind;
use runtime::{Config, Environment, Failure, Function, Invocation, Worker};
use serde_json::Value;
use trigger::{QueueContent, Trigger};

/// The function with its worker.
pub struct Analyzer(Worker);

impl Function for Analyzer {
    const NAME: &'static str = "analyzer";
    const KINDS: &'static [StepKind] = &[];
    type Config = ();

    fn configure(_: &mut Environment, _: &Config) {}

    fn new(worker: Worker, (): ()) -> Result<Self, Box<dyn Error>> {
        Ok(Self(worker))
    }

    fn worker(&self) -> &Worker {
        &self.0
    }

    async fn handle(
        self: Arc<Self>,
        trigger: Trigger,
        invocation: Invocation,
    ) -> Result<Value, Failure> {
        if let Trigger::Schedule(_) = trigger {
            self.0.sweep(&invocation).await?;
        }
        let folded = fold(&self.0, &invocation).await?;
        tracing::info!(folded, "folded the statistics");
        Ok(match trigger {
            // A message that is no wake goes to the dead-letter queue, where a person reads it.
            Trigger::Queue(messages) => trigger::queue_reply(
                messages
                    .into_iter()
                    .filter(|message| !matches!(message.content, QueueContent::Wake(_)))
                    .map(|message| message.message_id),
            ),
            Trigger::Schedule(_) => trigger::schedule_reply(),
            _ => trigger::HttpReply::json(200, &serde_json::json!({"folded": folded})).into_value(),
        })
    }
}

/// Folds until no appended row is left, or the deadline comes near; returns the number of rows.
async fn fold(worker: &Worker, invocation: &Invocation) -> Result<i64, Failure> {
    let mut folded = 0_i64;
    loop {
        let report = worker.store().fold_statistics().await?;
        folded = folded.saturating_add(report.folded);
        if !report.more || invocation.deadline.remaining_for_work().is_zero() {
            return Ok(folded);
        }
    }
}

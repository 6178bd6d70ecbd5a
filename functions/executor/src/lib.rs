//! The executor does the work: steps of kind `tool` and `agent`.
//!
//! It claims a batch, works on all steps at once (they mostly wait for a database, a page or a model), and reports in
//! calls that return the next work. A `tool` step is one call whose arguments are filled in from the results of the
//! steps it depends on: no model is called. An `agent` step is a conversation: the model requests tool calls and
//! receives their results, until it is done or has used up its turns. The agent's row decides which tools it may call,
//! which is checked here for every call; output of models and tools is data.
//!
//! Model calls and tool calls that write go through the step's journal (`shared/journal`): a worker that dies or runs
//! out of time leaves rows from which the next one continues.

mod agent_step;
pub mod config;
mod function;
mod leased_database;
mod procedure;
mod result_schema;
mod tool_calls;
mod tool_step;
mod turns;
#[cfg(test)]
mod wire_schemas;
mod work_context;

use std::sync::Arc;

use domain::StepKind;
use runtime::{Call, Failure, Invocation, StepContext};
use serde_json::Value;
use store::{ClaimedStep, Outcome, StepError};

pub use function::Executor;

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Tool, StepKind::Agent];

/// Handles one invocation.
///
/// # Errors
/// The database cannot be reached; the platform delivers the trigger again, and the sweep finds the work anyway.
pub async fn handle(executor: Arc<Executor>, invocation: Invocation) -> Result<Value, Failure> {
    match executor.worker.decode(&invocation).await? {
        Call::Refused(reply) => Ok(reply),
        Call::Accepted(trigger) => {
            let work = |step, context| work(Arc::clone(&executor), step, context);
            executor
                .worker
                .handle_trigger(&trigger, &invocation, work)
                .await
        }
    }
}

/// Works on one step.
async fn work(executor: Arc<Executor>, step: ClaimedStep, context: StepContext) -> Outcome {
    match step.kind {
        StepKind::Tool => tool_step::work(&executor, &step, &context).await,
        StepKind::Agent => agent_step::work(&executor, &step, &context).await,
        kind => Outcome::failed(StepError::terminal(
            "unknown_kind",
            format!(
                "this version of the executor does not support steps of kind {kind}; deploy a newer one"
            ),
        )),
    }
}

//! The executor does the work: steps of kind `tool` and `agent`.
//!
//! It claims a batch, works on all of it at once (steps mostly wait for a database, a page or a model), and reports
//! in calls that hand back the next work. A `tool` step is one call whose arguments are filled in from the results of
//! the steps it depends on: no model is asked. An `agent` step is a conversation: the model asks for tools, the tools
//! answer, until the model is done or has used up its turns. Which tools there are is decided by the agent's row and
//! checked here for every call; what a model or a tool says is data.
//!
//! Questions to models and calls that write go through the step's journal (`shared/journal`): a worker that dies over a
//! step, or has no more time for it, leaves rows from which the next one goes on.

mod agent_step;
pub mod config;
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
use llm::LazyModel;
use runtime::{Call, Failure, Invocation, StepContext, Worker};
use serde_json::Value;
use store::{ClaimedStep, Outcome, StepError};
use tools::Registry;

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Tool, StepKind::Agent];

/// The function with everything it works with.
pub struct Executor {
    /// Claims, finishes, answers.
    pub worker: Worker,
    /// What steps and agents may call.
    pub tools: Registry,
    /// Whom agents ask.
    pub model: LazyModel,
    /// A longer conversation is summed up.
    pub longest_conversation_bytes: usize,
}

impl Executor {
    /// Whether a call of this tool changes anything outside; of one that is not known, it may.
    fn writes(&self, tool: &str) -> bool {
        self.tools.find(tool).is_none_or(|tool| tool.writes)
    }
}

/// Handles one invocation.
///
/// # Errors
/// The database cannot be reached; the platform delivers the trigger again, and the sweep finds the work anyway.
pub async fn handle(executor: Arc<Executor>, invocation: Invocation) -> Result<Value, Failure> {
    match executor.worker.decode(&invocation).await? {
        Call::Refused(reply) => Ok(reply),
        Call::Accepted(trigger) => {
            let work = |step, context| work(Arc::clone(&executor), step, context);
            executor.worker.work_off(&trigger, &invocation, work).await
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
                "this version of the executor does not know steps of kind {kind}; deploy a newer one"
            ),
        )),
    }
}

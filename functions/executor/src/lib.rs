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
mod config;
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

use std::error::Error;
use std::sync::Arc;

use domain::StepKind;
use runtime::{Config, Environment, Function, Interrupted, StepContext, Worker};
use serde_json::Value;
use store::ClaimedStep;
use tools::{EmailConfig, OutboundConfig, Registry};

use crate::config::ExecutorConfig;

pub use function::Executor;

/// The kinds of steps that are claimed.
pub const KINDS: &[StepKind] = &[StepKind::Tool, StepKind::Agent];

impl Function for Executor {
    const NAME: &'static str = "executor";
    const KINDS: &'static [StepKind] = KINDS;
    type Config = ExecutorConfig;

    fn configure(environment: &mut Environment, common: &Config) -> ExecutorConfig {
        ExecutorConfig::read(environment, common)
    }

    fn new(worker: Worker, config: ExecutorConfig) -> Result<Self, Box<dyn Error>> {
        let OutboundConfig { http, email } = config.outbound;
        let email = email.map(|provider| EmailConfig {
            provider,
            key: worker.optional_secret("email_api_key"),
        });
        Ok(Self {
            model: journal::lazy_model(&worker, config.model),
            tools: Registry::with_email(http, email)?,
            longest_conversation_bytes: config.longest_conversation_bytes,
            worker,
        })
    }

    fn worker(&self) -> &Worker {
        &self.worker
    }

    async fn work(
        self: Arc<Self>,
        step: ClaimedStep,
        context: StepContext,
    ) -> Result<Value, Interrupted> {
        match step.kind {
            StepKind::Tool => tool_step::work(&self, &step, &context).await,
            StepKind::Agent => agent_step::work(&self, &step, &context).await,
            kind => Err(runtime::unknown_kind::<Self>(kind)),
        }
    }
}

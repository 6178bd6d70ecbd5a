//! Configuration of the executor, in addition to that of all functions.

use llm::ModelConfig;
use runtime::{Config, Environment};
use tools::OutboundConfig;

/// The executor's configuration.
pub struct ExecutorConfig {
    /// The language model; its keys are secrets, read later.
    pub model: ModelConfig,
    /// `GOALPOST_LONGEST_CONVERSATION_BYTES`: longer conversations of agents are summarized.
    pub longest_conversation_bytes: usize,
    /// The destinations of tools, and the mail provider.
    pub outbound: OutboundConfig,
}

/// About four times the number of tokens: half of the context of smaller models.
const LONGEST_CONVERSATION_BYTES: usize = 240_000;

impl ExecutorConfig {
    /// Reads the executor's own variables.
    pub(crate) fn read(environment: &mut Environment, common: &Config) -> Self {
        let variable = |name: &str| environment.optional(name);
        let (outbound, problems) = OutboundConfig::read(variable, &common.supabase_url);
        for problem in problems {
            environment.problem(&problem);
        }
        Self {
            model: journal::read_model_config(environment),
            longest_conversation_bytes: environment.parsed(
                "GOALPOST_LONGEST_CONVERSATION_BYTES",
                LONGEST_CONVERSATION_BYTES,
                1..=100_000_000,
            ),
            outbound,
        }
    }
}

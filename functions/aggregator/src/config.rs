//! What the aggregator reads from its environment, beside what all functions read.

use llm::ModelConfig;
use runtime::{Config, ConfigError, Environment};

/// The aggregator's configuration.
pub struct AggregatorConfig {
    /// What all functions have in common.
    pub common: Config,
    /// The language model; its keys are secrets and come later.
    pub model: ModelConfig,
}

/// Reads it.
///
/// # Errors
/// Names everything that is missing.
pub fn from_env() -> Result<AggregatorConfig, ConfigError> {
    let mut environment = Environment::from_process();
    let (model, problems) = ModelConfig::read(|name| environment.optional(name));
    for problem in &problems {
        environment.problem(problem);
    }
    let config = AggregatorConfig {
        common: Config::read(&mut environment),
        model,
    };
    environment.finish(config)
}

//! Configuration of the aggregator, in addition to that of all functions.

use llm::ModelConfig;
use runtime::{Config, ConfigError, Environment};

/// The aggregator's configuration.
pub struct AggregatorConfig {
    /// The configuration that all functions share.
    pub common: Config,
    /// The language model; its keys are secrets, read later.
    pub model: ModelConfig,
}

/// Reads the configuration from the environment.
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

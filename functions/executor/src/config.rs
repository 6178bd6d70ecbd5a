//! What the executor reads from its environment, beside what all functions read.

use model::ModelConfig;
use runtime::{Config, ConfigError, Environment};
use tools::HttpPolicy;

/// The executor's configuration.
pub struct ExecutorConfig {
    /// What all functions have in common.
    pub common: Config,
    /// The language model; its key is a secret and comes later.
    pub model: ModelConfig,
    /// Where `http_get` may go.
    pub http: HttpPolicy,
}

/// Reads it.
///
/// # Errors
/// Names everything that is missing.
pub fn from_env() -> Result<ExecutorConfig, ConfigError> {
    let mut environment = Environment::from_process();
    let config = ExecutorConfig {
        common: Config::read(&mut environment),
        model: ModelConfig::read(|name| environment.optional(name)),
        http: HttpPolicy::default(),
    };
    environment.finish(config)
}

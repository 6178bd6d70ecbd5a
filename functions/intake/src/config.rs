//! Configuration of the intake, in addition to that of all functions.

use llm::ModelConfig;
use runtime::{Config, ConfigError, Environment};

use crate::cors::AllowedOrigins;

/// The intake's configuration.
pub struct IntakeConfig {
    /// The configuration that all functions share.
    pub common: Config,
    /// The language model; its keys are secrets, read later.
    pub model: ModelConfig,
    /// The origins whose pages may call, from `GOALPOST_ALLOWED_ORIGINS`.
    pub origins: AllowedOrigins,
}

/// Reads the configuration from the environment.
///
/// # Errors
/// Names everything that is missing.
pub fn from_env() -> Result<IntakeConfig, ConfigError> {
    let mut environment = Environment::from_process();
    let (model, problems) = ModelConfig::read(|name| environment.optional(name));
    for problem in &problems {
        environment.problem(problem);
    }
    let origins = AllowedOrigins::read(&environment.list("GOALPOST_ALLOWED_ORIGINS"));
    let origins = origins.unwrap_or_else(|problem| {
        environment.problem(&format!("GOALPOST_ALLOWED_ORIGINS: {problem}"));
        AllowedOrigins::Any
    });
    let config = IntakeConfig {
        common: Config::read(&mut environment),
        model,
        origins,
    };
    environment.finish(config)
}

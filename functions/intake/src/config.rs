//! What the intake reads from its environment, beside what all functions read.

use llm::ModelConfig;
use runtime::{Config, ConfigError, Environment};

use crate::cors::AllowedOrigins;

/// The intake's configuration.
pub struct IntakeConfig {
    /// What all functions have in common.
    pub common: Config,
    /// The language model; its keys are secrets and come later.
    pub model: ModelConfig,
    /// The origins whose pages may call, from `GOALPOST_ALLOWED_ORIGINS`.
    pub origins: AllowedOrigins,
}

/// Reads it.
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

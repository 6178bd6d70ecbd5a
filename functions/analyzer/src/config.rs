//! What the analyzer reads from its environment: nothing of its own.

use runtime::{Config, ConfigError, Environment};

/// Reads it.
///
/// # Errors
/// Names everything that is missing.
pub fn from_env() -> Result<Config, ConfigError> {
    let mut environment = Environment::from_process();
    let config = Config::read(&mut environment);
    environment.finish(config)
}

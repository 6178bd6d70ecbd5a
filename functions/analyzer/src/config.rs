//! Configuration of the analyzer: only that of all functions.

use runtime::{Config, ConfigError, Environment};

/// Reads the configuration from the environment.
///
/// # Errors
/// Names everything that is missing.
pub fn from_env() -> Result<Config, ConfigError> {
    let mut environment = Environment::from_process();
    let config = Config::read(&mut environment);
    environment.finish(config)
}

//! The reason why a function cannot run.

use crate::config::ConfigError;
use crate::secrets::SecretError;

/// The reason why a function cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something is missing from the environment, or cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The project's URL or key cannot be used.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The HTTP client for secrets could not be built.
    #[error(transparent)]
    Secrets(#[from] SecretError),
    /// The function's own clients could not be built.
    #[error("{0}")]
    Function(String),
    /// Lambda's Runtime API failed; Lambda will start a new sandbox.
    #[error("the Lambda Runtime API failed: {0}")]
    RuntimeApi(#[source] Box<dyn std::error::Error + Send + Sync>),
}

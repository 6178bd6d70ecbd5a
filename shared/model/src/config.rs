//! What decides which model answers. Read from the environment and secrets by the caller.

use std::time::Duration;

use secrecy::SecretString;

/// The settings of a provider; all absent means that there is no language model.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// `OPENAI_API_KEY`. A server that asks for none may do without.
    pub openai_api_key: Option<SecretString>,
    /// `OPENAI_BASE_URL`, such as `http://localhost:11434/v1`; OpenAI's own when absent.
    pub openai_base_url: Option<String>,
    /// `GOALPOST_MODEL`; agents may name another.
    pub model: Option<String>,
    /// For one call, from the first byte to the last.
    pub timeout: Duration,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            openai_api_key: None,
            openai_base_url: None,
            model: None,
            timeout: Duration::from_secs(120),
        }
    }
}

impl ModelConfig {
    /// Everything but the key, from the function's environment.
    #[must_use]
    pub fn read(mut variable: impl FnMut(&str) -> Option<String>) -> Self {
        Self {
            openai_base_url: variable("OPENAI_BASE_URL"),
            model: variable("GOALPOST_MODEL"),
            ..Self::default()
        }
    }
}

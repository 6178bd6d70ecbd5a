//! Whether the servers of the configured providers answer at their addresses. No model is asked, and no key is sent.

use std::time::Duration;

use crate::{Error, Model, http};

impl Model {
    /// Tries each configured provider's address; returns a sentence for each that cannot be right.
    ///
    /// # Errors
    /// [`crate::Kind::Unreachable`] when no HTTP client can be made.
    pub async fn unreachable_servers(&self, patience: Duration) -> Result<Vec<String>, Error> {
        let anthropic = self.anthropic.as_ref().map(|anthropic| {
            let address = format!("{}/v1/models", anthropic.base_url());
            ("ANTHROPIC_BASE_URL", address)
        });
        let openai = self.openai.as_ref().map(|openai| {
            let address = format!("{}/models", openai.base_url());
            ("OPENAI_BASE_URL", address)
        });
        let client = http::client()?;
        let mut problems = Vec::new();
        for (variable, address) in [anthropic, openai].into_iter().flatten() {
            match client.get(&address).timeout(patience).send().await {
                Ok(answer) if answer.status() == reqwest::StatusCode::NOT_FOUND => {
                    problems.push(format!(
                        "{variable}: there is nothing at {address} (404 Not Found); most servers' addresses end in /v1"
                    ));
                }
                Ok(_) => {}
                Err(error) => {
                    let reason = if error.is_timeout() {
                        "no answer in time"
                    } else {
                        "no connection"
                    };
                    problems.push(format!(
                        "{variable}: {address} cannot be reached ({reason})"
                    ));
                }
            }
        }
        Ok(problems)
    }
}

//! Reads secrets through the AWS Parameters and Secrets Lambda extension, which listens on localhost inside the
//! sandbox.
//!
//! Values are kept for at most five minutes; that there is no value is kept for half a minute, because optional secrets
//! are read at every wake. The extension has a cache of its own (`SSM_PARAMETER_STORE_TTL`, 300 s unless set):
//! [`Secrets::refresh`] bypasses this cache but not that one, so it must be set to much less than the worker token's
//! overlap on renewal. The extension does not answer before the first invocation, so nothing is read at start.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use store::{Freshness, TokenError, TokenFuture, TokenSource};
use tokio::time::{Instant, sleep};

use crate::SecretsConfig;

/// The name of the worker's token.
const WORKER_TOKEN: &str = "worker_token";
const MAX_AGE: Duration = Duration::from_secs(5 * 60);
/// The time for which an absent secret counts as absent without another read.
const MAX_ABSENCE: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(3);
/// The extension starts at the same time as the function and may be a moment late.
const MAX_TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

/// A secret cannot be had. Names the parameter, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is no such parameter.
    #[error("there is no parameter {parameter}; create it in the parameter store (SecureString)")]
    Missing {
        /// Its full name.
        parameter: String,
    },
    /// The function may not read it, or the session token was refused.
    #[error(
        "parameter {parameter} may not be read (status {status}); allow ssm:GetParameter on it to this function"
    )]
    Refused {
        /// Its full name.
        parameter: String,
        /// The status of the extension's answer.
        status: u16,
    },
    /// The extension does not answer, or not with a parameter.
    #[error(
        "parameter {parameter} could not be read ({reason}); check that the extension's layer is on the function"
    )]
    Unavailable {
        /// Its full name.
        parameter: String,
        /// The reason.
        reason: String,
    },
}

/// Reads and keeps the secrets of one function.
pub struct Secrets {
    client: Client,
    endpoint: String,
    session_token: SecretString,
    prefix: String,
    cache: Mutex<HashMap<String, Kept>>,
}

/// The result of the last read; none if there is no such parameter.
#[derive(Clone)]
struct Kept {
    value: Option<SecretString>,
    read_at: Instant,
}

impl Kept {
    fn is_fresh(&self) -> bool {
        let limit = if self.value.is_some() {
            MAX_AGE
        } else {
            MAX_ABSENCE
        };
        self.read_at.elapsed() < limit
    }
}

#[derive(Deserialize)]
struct Reply {
    #[serde(rename = "Parameter")]
    parameter: Parameter,
}

#[derive(Deserialize)]
struct Parameter {
    #[serde(rename = "Value")]
    value: SecretString,
}

impl Secrets {
    /// Builds the client; reads nothing yet.
    ///
    /// # Errors
    /// [`SecretError::Unavailable`] if no HTTP client can be built.
    pub fn new(config: &SecretsConfig) -> Result<Self, SecretError> {
        // No idle connections: one belongs to the tokio runtime that opened it, and the heartbeat runs on another.
        let client = Client::builder()
            .no_proxy()
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|_| SecretError::Unavailable {
                parameter: config.prefix.clone(),
                reason: "no HTTP client could be built".to_owned(),
            })?;
        Ok(Self {
            client,
            endpoint: format!(
                "http://localhost:{}/systemsmanager/parameters/get",
                config.extension_port
            ),
            session_token: config.session_token.clone(),
            prefix: config.prefix.trim_end_matches('/').to_owned(),
            cache: Mutex::new(HashMap::new()),
        })
    }

    /// Returns a secret, at most five minutes old. One that was absent half a minute ago counts as absent.
    ///
    /// # Errors
    /// [`SecretError`], naming the parameter.
    pub async fn get(&self, name: &str) -> Result<SecretString, SecretError> {
        let kept = self.cache().get(name).cloned();
        match kept.filter(Kept::is_fresh) {
            Some(Kept {
                value: Some(value), ..
            }) => Ok(value),
            Some(Kept { value: None, .. }) => Err(SecretError::Missing {
                parameter: self.parameter(name),
            }),
            None => self.refresh(name).await,
        }
    }

    /// Returns a secret, or none if it is absent.
    ///
    /// # Errors
    /// [`SecretError`] for anything but absence.
    pub async fn find(&self, name: &str) -> Result<Option<SecretString>, SecretError> {
        match self.get(name).await {
            Ok(value) => Ok(Some(value)),
            Err(SecretError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a secret again, because the current one was refused.
    ///
    /// # Errors
    /// [`SecretError`], naming the parameter.
    pub async fn refresh(&self, name: &str) -> Result<SecretString, SecretError> {
        let parameter = self.parameter(name);
        let mut tries = 1;
        let read = loop {
            match self.read(&parameter).await {
                Err(SecretError::Unavailable { .. }) if tries < MAX_TRIES => {
                    sleep(PAUSE.saturating_mul(tries)).await;
                    tries = tries.saturating_add(1);
                }
                result => break result,
            }
        };
        // A secret that could not be read may exist, so its absence is not kept.
        if matches!(&read, Ok(_) | Err(SecretError::Missing { .. })) {
            let kept = Kept {
                value: read.as_ref().ok().cloned(),
                read_at: Instant::now(),
            };
            self.cache().insert(name.to_owned(), kept);
        }
        read
    }

    fn parameter(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    async fn read(&self, parameter: &str) -> Result<SecretString, SecretError> {
        let unavailable = |reason: &str| SecretError::Unavailable {
            parameter: parameter.to_owned(),
            reason: reason.to_owned(),
        };
        let response = self
            .client
            .get(&self.endpoint)
            .query(&[("name", parameter), ("withDecryption", "true")])
            .header(
                "X-Aws-Parameters-Secrets-Token",
                self.session_token.expose_secret(),
            )
            .send()
            .await
            .map_err(|_| unavailable("the extension does not answer"))?;
        let status = response.status().as_u16();
        let body = response
            .bytes()
            .await
            .map_err(|_| unavailable("the extension's answer broke off"))?;
        if status == 200 {
            let reply: Reply = serde_json::from_slice(&body)
                .map_err(|_| unavailable("the extension answered with something else"))?;
            return Ok(reply.parameter.value);
        }
        // The extension passes the service's error on as text; only its code identifies an absent parameter.
        let text = String::from_utf8_lossy(&body);
        let parameter = parameter.to_owned();
        if text.contains("ParameterNotFound") {
            return Err(SecretError::Missing { parameter });
        }
        if matches!(status, 401 | 403) || text.contains("AccessDenied") {
            return Err(SecretError::Refused { parameter, status });
        }
        Err(unavailable(&format!("status {status}")))
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<String, Kept>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenSource for Secrets {
    fn token(&self, freshness: Freshness) -> TokenFuture<'_> {
        Box::pin(async move {
            let token = match freshness {
                Freshness::Cached => self.get(WORKER_TOKEN).await,
                Freshness::Renewed => self.refresh(WORKER_TOKEN).await,
            };
            token.map_err(|error| TokenError {
                message: error.to_string(),
            })
        })
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn absence_expires_before_a_value() {
        let kept = |value: Option<&str>, age: Duration| Kept {
            value: value.map(|value| SecretString::from(value.to_owned())),
            read_at: Instant::now().checked_sub(age).unwrap(),
        };
        let second = Duration::from_secs(1);
        assert!(kept(None, MAX_ABSENCE - second).is_fresh());
        assert!(!kept(None, MAX_ABSENCE).is_fresh());
        assert!(kept(Some("a"), MAX_AGE - second).is_fresh());
        assert!(!kept(Some("a"), MAX_AGE).is_fresh());
    }
}

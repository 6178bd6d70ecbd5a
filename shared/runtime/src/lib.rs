//! Runs a function under Lambda: configuration, secrets, telemetry, deadlines, and the drain loop of every function.
//!
//! A function holds nothing between invocations but connections and cached secrets. Work that an invocation does not
//! finish is a row with a lease, which it releases before its deadline or which the sweep reclaims after it. This is
//! the only crate that uses `lambda_runtime`.

mod config;
mod deadline;
mod drain;
mod secrets;
mod telemetry;
mod worker;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::SystemTime;

use futures::FutureExt as _;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::Value;
use store::Store;
use tracing::Instrument as _;

pub use config::{Config, ConfigError, Environment};
pub use deadline::Deadline;
pub use drain::{DrainOptions, DrainReport, StepContext, drain, unstorable};
pub use secrets::{SecretError, Secrets};
pub use worker::{Call, OptionalSecret, Worker};

/// One invocation as the handler receives it.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The payload from Lambda.
    pub payload: Value,
    /// Lambda's id of this invocation.
    pub request_id: String,
    /// The time at which Lambda ends it.
    pub deadline: Deadline,
}

/// An invocation that failed. Fail one only if the platform should deliver its trigger again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct Failure {
    /// A stable word: alarms depend on it.
    pub error_type: &'static str,
    /// The event and the next action; no bodies, no tokens.
    pub message: String,
}

impl Failure {
    /// Creates a failure.
    #[must_use]
    pub fn new(error_type: &'static str, message: impl Into<String>) -> Self {
        Self {
            error_type,
            message: message.into(),
        }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::new("secret_unavailable", error.to_string())
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self {
            error_type: failure.error_type.to_owned(),
            error_message: failure.message,
        }
    }
}

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
    /// Lambda's Runtime API failed; Lambda will start a new sandbox.
    #[error("the Lambda Runtime API failed: {0}")]
    RuntimeApi(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Builds the two clients of a function from its configuration: call it once, before [`run`].
///
/// # Errors
/// [`Error::Store`] or [`Error::Secrets`] if the configuration cannot be used. Nothing is contacted yet.
pub fn connect(config: &Config) -> Result<(Store, Arc<Secrets>), Error> {
    let secrets = Arc::new(Secrets::new(config)?);
    let store_config =
        store::Config::new(config.supabase_url.clone(), config.publishable_key.clone());
    let store = Store::new(store_config, Arc::clone(&secrets) as _)?;
    Ok((store, secrets))
}

/// Starts the telemetry and passes each invocation to `handler`, several at once where Lambda allows it.
///
/// A handler that panics fails its own invocation only.
///
/// # Errors
/// [`Error::Config`] if this is not started by Lambda, [`Error::RuntimeApi`] if Lambda's API fails.
pub async fn run<H, F>(name: &'static str, handler: H) -> Result<(), Error>
where
    H: Fn(Invocation) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Value, Failure>> + Send + 'static,
{
    telemetry::init();
    config::check_lambda(&mut Environment::from_process())?;
    let service = service_fn(move |event: LambdaEvent<Value>| {
        let invocation = Invocation::from(event);
        let span =
            tracing::info_span!("invocation", function = name, request_id = %invocation.request_id);
        invoke(handler.clone(), invocation).instrument(span)
    });
    Runtime::new(service)
        .run_concurrent()
        .await
        .map_err(Error::RuntimeApi)
}

/// Runs one handler. A panic becomes a failure here rather than in `lambda_runtime`, whose error type would be the name
/// of a Rust type.
async fn invoke<H, F>(handler: H, invocation: Invocation) -> Result<Value, Failure>
where
    H: Fn(Invocation) -> F,
    F: Future<Output = Result<Value, Failure>>,
{
    AssertUnwindSafe(async { handler(invocation).await })
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            Err(Failure::new(
                "panicked",
                "the function panicked; the place is in the log above",
            ))
        })
}

impl From<LambdaEvent<Value>> for Invocation {
    fn from(event: LambdaEvent<Value>) -> Self {
        let (payload, context) = event.into_parts();
        let left = context
            .deadline()
            .duration_since(SystemTime::now())
            .unwrap_or_default();
        Self {
            payload,
            request_id: context.request_id,
            deadline: Deadline::after(left),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]
    use super::*;
    use std::time::Duration;

    fn invocation(payload: Value) -> Invocation {
        Invocation {
            payload,
            request_id: "r".to_owned(),
            deadline: Deadline::after(Duration::from_secs(3)),
        }
    }

    async fn handler(invocation: Invocation) -> Result<Value, Failure> {
        assert!(invocation.payload != "panic", "panics on purpose");
        Ok(invocation.payload)
    }

    #[tokio::test]
    async fn panic_fails_its_own_invocation_only() {
        let failure = invoke(handler, invocation("panic".into())).await;
        assert_eq!(failure.unwrap_err().error_type, "panicked");
        let next = invoke(handler, invocation("fine".into())).await;
        assert_eq!(next.unwrap(), "fine");
    }

    #[test]
    fn failure_reaches_lambda_with_its_error_type() {
        let error = store::Error::LeaseLost {
            message: "step 1/a".to_owned(),
        };
        let diagnostic = Diagnostic::from(Failure::from(error));
        assert_eq!(diagnostic.error_type, "lease_lost");
        assert!(diagnostic.error_message.contains("step 1/a"));
    }
}

//! The rotation renews the token with which the other functions reach the database.
//!
//! It alone may read the key that signs the project's tokens, and it has no other access: it claims no steps, has no URL
//! and does not reach the database. Each invocation signs a token for the role `goalpost_worker` that lives 15 minutes
//! and stores it as `<prefix>/worker_token`; only IAM decides who invokes it. A schedule does so every five minutes, so
//! that one failed renewal is made up for before the former token ends.

mod signing_key;
mod token;

use std::sync::Arc;

use anyhow::Context as _;
use aws::{Client, Operation};
use chrono::Utc;
use runtime::{Environment, Failure, Secrets, SecretsConfig};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::Url;

pub use signing_key::{SigningKey, SigningKeyError};
pub use token::{LIFE_SECONDS, worker_token};

/// The function's name in logs.
pub const NAME: &str = "rotate";

/// The name of the secret that holds the signing key.
const SIGNING_KEY: &str = "signing_key";

const PUT_PARAMETER: Operation = Operation {
    service: "ssm",
    target: "AmazonSSM.PutParameter",
    content_type: "application/x-amz-json-1.1",
};

struct Rotation {
    secrets: Secrets,
    aws: Client,
    endpoint: Url,
    /// The full name of the parameter to renew.
    parameter: String,
    /// The key that encrypts it; the account's own if absent.
    encryption_key: Option<String>,
}

/// Runs the rotation under Lambda.
///
/// # Errors
/// It cannot be built from its environment, or Lambda's API fails.
pub async fn serve() -> anyhow::Result<()> {
    let mut environment = Environment::from_process();
    let config = SecretsConfig::read(&mut environment);
    let aws = aws::Settings::read(&mut environment);
    // The name that AWS's own SDKs read.
    let endpoint = environment
        .optional("AWS_ENDPOINT_URL_SSM")
        .unwrap_or_else(|| format!("https://ssm.{}.amazonaws.com", aws.region));
    let encryption_key = environment.optional("GOALPOST_SECRETS_KEY");
    let (config, aws) = environment.finish((config, aws))?;
    let rotation = Arc::new(Rotation {
        parameter: format!("{}/worker_token", config.prefix.trim_end_matches('/')),
        secrets: Secrets::new(&config)?,
        endpoint: endpoint.parse().context("AWS_ENDPOINT_URL_SSM is no URL")?,
        aws: Client::new(aws)?,
        encryption_key,
    });
    runtime::run(NAME, move |_| {
        let rotation = Arc::clone(&rotation);
        async move { rotation.renew().await }
    })
    .await?;
    Ok(())
}

impl Rotation {
    async fn renew(&self) -> Result<Value, Failure> {
        let stored = self.secrets.get(SIGNING_KEY).await?;
        let unusable = |error: SigningKeyError| Failure::new("secret_unusable", error.to_string());
        let key = SigningKey::parse(&stored).map_err(unusable)?;
        let token = worker_token(&key, Utc::now()).map_err(unusable)?;
        let mut parameter = json!({
            "Name": self.parameter,
            "Value": token.expose_secret(),
            "Type": "SecureString",
            "Overwrite": true,
        });
        if let (Some(key), Some(parameter)) = (&self.encryption_key, parameter.as_object_mut()) {
            parameter.insert("KeyId".to_owned(), key.as_str().into());
        }
        self.aws
            .call(&self.endpoint, PUT_PARAMETER, &parameter)
            .await
            .map_err(|error| Failure::new("token_not_stored", error.to_string()))?;
        // The alarm on the token's age counts this line (infra/aws/alarms.tf).
        tracing::info!(algorithm = key.algorithm(), "renewed the worker token");
        Ok(json!({"renewed": self.parameter, "expires_in_seconds": LIFE_SECONDS}))
    }
}

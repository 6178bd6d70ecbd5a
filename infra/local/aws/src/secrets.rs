//! The HTTP interface of the AWS Parameters and Secrets Lambda Extension, from which functions read
//! their secrets.
//!
//! Values come from a closure that is called at each request, so that a short-lived token is minted on demand and never
//! stored in a file or an environment.

use std::{net::Ipv4Addr, sync::Arc};

use anyhow::Context;
use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::{net::TcpListener, task::AbortHandle};

/// Returns the value of a parameter by its full name, or none if it does not exist.
pub type Parameters = Arc<dyn Fn(&str) -> Option<SecretString> + Send + Sync>;

/// The running endpoint; it ends when it is stopped or dropped.
pub struct Server {
    port: u16,
    serving: AbortHandle,
}

#[derive(Clone)]
struct Extension {
    session_token: SecretString,
    parameters: Parameters,
}

#[derive(Deserialize)]
struct Asked {
    name: Option<String>,
    #[serde(rename = "withDecryption")]
    with_decryption: Option<bool>,
}

impl Server {
    /// Serves on a free local port. Callers must send the session token that the sandboxes were given.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(
        session_token: SecretString,
        parameters: Parameters,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("the secrets endpoint found no free port on 127.0.0.1")?;
        let port = listener.local_addr()?.port();
        let router = Router::new()
            .route("/systemsmanager/parameters/get", get(get_parameter))
            .with_state(Extension {
                session_token,
                parameters,
            });
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the secrets endpoint has ended; restart the stack");
            }
        });
        Ok(Self {
            port,
            serving: serving.abort_handle(),
        })
    }

    /// Returns the port, which functions read from `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops serving.
    pub fn stop(&self) {
        self.serving.abort();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn get_parameter(
    State(extension): State<Extension>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    let shown = headers
        .get("x-aws-parameters-secrets-token")
        .map(|value| value.as_bytes());
    if shown != Some(extension.session_token.expose_secret().as_bytes()) {
        return refuse(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            "send AWS_SESSION_TOKEN in the header X-Aws-Parameters-Secrets-Token",
        );
    }
    let Some(name) = asked.name.filter(|name| !name.is_empty()) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "ValidationException",
            "the query parameter name is missing",
        );
    };
    let Some(value) = (extension.parameters)(&name) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "ParameterNotFound",
            &format!("there is no parameter {name}"),
        );
    };
    // Without decryption the service returns the encrypted text, which no function can use.
    let value = match asked.with_decryption {
        Some(true) => value.expose_secret().to_owned(),
        Some(false) | None => "encrypted: ask with withDecryption=true".to_owned(),
    };
    Json(json!({
        "Parameter": {
            "ARN": format!("arn:aws:ssm:us-east-1:000000000000:parameter{}{name}", if name.starts_with('/') { "" } else { "/" }),
            "DataType": "text",
            "LastModifiedDate": chrono::Utc::now().to_rfc3339(),
            "Name": name,
            "Selector": null,
            "SourceResult": null,
            "Type": "SecureString",
            "Value": value,
            "Version": 1,
        },
        "ResultMetadata": {},
    }))
    .into_response()
}

fn refuse(status: StatusCode, kind: &str, message: &str) -> Response {
    (status, Json(json!({"__type": kind, "message": message}))).into_response()
}

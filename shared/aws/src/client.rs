//! The client: one signed POST, made again once where it may be lost.

use std::time::Duration;

use chrono::Utc;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use runtime::Environment;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use crate::signature::{self, Credentials, Request};

/// One attempt. AWS answers within tens of milliseconds, and the sender of a wake does not wait for the answer.
const TIMEOUT: Duration = Duration::from_secs(4);
/// The attempts of a call. The first may run into a connection that ended while the sandbox was frozen.
const MAX_TRIES: u32 = 2;

/// An operation of a JSON API. It must be safe to repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The service's name in signatures.
    pub service: &'static str,
    /// The header `x-amz-target`.
    pub target: &'static str,
    /// The version of the protocol: `application/x-amz-json-1.0` or `1.1`.
    pub content_type: &'static str,
}

/// A call that failed. Holds nothing of its body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No HTTP client could be built.
    #[error("no HTTP client could be built")]
    NoClient,
    /// The service did not answer in time.
    #[error(
        "{target} got no answer from {host}; check the function's network access and the endpoint"
    )]
    Unreachable {
        /// The operation.
        target: &'static str,
        /// The called host.
        host: String,
    },
    /// The service refused the call.
    #[error("{target} was refused with status {status} ({code}); check the function's role")]
    Refused {
        /// The operation.
        target: &'static str,
        /// The status.
        status: u16,
        /// The service's code, such as `AccessDeniedException`.
        code: String,
    },
}

impl Error {
    fn is_passing(&self) -> bool {
        match self {
            Self::NoClient => false,
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
        }
    }
}

/// What Lambda sets in every sandbox for calls of AWS.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The credentials of the function's role.
    pub credentials: Credentials,
    /// `AWS_REGION`.
    pub region: String,
}

impl Settings {
    /// Reads the variables that Lambda sets.
    pub fn read(environment: &mut Environment) -> Self {
        Self {
            credentials: Credentials {
                access_key_id: environment.required("AWS_ACCESS_KEY_ID"),
                secret_access_key: environment.required("AWS_SECRET_ACCESS_KEY").into(),
                session_token: environment
                    .optional("AWS_SESSION_TOKEN")
                    .map(SecretString::from),
            },
            region: environment.required("AWS_REGION"),
        }
    }
}

/// Calls AWS with the credentials of the sandbox, which stay the same for its life.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    settings: Settings,
}

impl Client {
    /// Builds the client; contacts nothing yet.
    ///
    /// # Errors
    /// [`Error::NoClient`].
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .map_err(|_| Error::NoClient)?;
        Ok(Self { http, settings })
    }

    /// Makes a call and returns the answer.
    ///
    /// # Errors
    /// [`Error`], after a second attempt where the first may have been lost.
    pub async fn call(
        &self,
        endpoint: &Url,
        operation: Operation,
        input: &Value,
    ) -> Result<Value, Error> {
        let body = input.to_string();
        let mut tries = 1;
        loop {
            match self.attempt(endpoint, operation, body.clone()).await {
                Err(error) if error.is_passing() && tries < MAX_TRIES => {
                    tracing::warn!(%error, "calling again");
                    tries = tries.saturating_add(1);
                }
                result => return result,
            }
        }
    }

    async fn attempt(
        &self,
        endpoint: &Url,
        operation: Operation,
        body: String,
    ) -> Result<Value, Error> {
        let Operation {
            service,
            target,
            content_type,
        } = operation;
        let Settings {
            credentials,
            region,
        } = &self.settings;
        let now = Utc::now();
        let date = signature::timestamp(now);
        let host = host_header(endpoint);
        let token = credentials.session_token.as_ref();
        let mut headers = vec![
            ("content-type", content_type),
            ("host", host.as_str()),
            ("x-amz-date", date.as_str()),
        ];
        headers.extend(token.map(|token| ("x-amz-security-token", token.expose_secret())));
        headers.push(("x-amz-target", target));
        let request = Request {
            method: "POST",
            path: endpoint.path(),
            query: "",
            headers: &headers,
            body: body.as_bytes(),
        };
        let scope = (region.as_str(), service);
        let authorization = signature::authorization(&request, credentials, scope, now);
        let mut post = self
            .http
            .post(endpoint.clone())
            .header(CONTENT_TYPE, content_type)
            .header("x-amz-date", &date)
            .header("x-amz-target", target)
            .header(AUTHORIZATION, authorization);
        if let Some(token) = token {
            post = post.header("x-amz-security-token", token.expose_secret());
        }
        let unreachable = |_| Error::Unreachable {
            target,
            host: host.clone(),
        };
        let response = post.body(body).send().await.map_err(unreachable)?;
        let status = response.status();
        let answer = response.bytes().await.map_err(unreachable)?;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if status.is_success() {
            return Ok(answer);
        }
        Err(Error::Refused {
            target,
            status: status.as_u16(),
            code: code_of(&answer),
        })
    }
}

/// Returns the header `host` that the HTTP client sends: with the port where it is not the scheme's.
fn host_header(endpoint: &Url) -> String {
    let host = endpoint.host_str().unwrap_or_default();
    match endpoint.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Returns the code of an error's body: the part of `__type` after `#`.
fn code_of(answer: &Value) -> String {
    let kind = answer.get("__type").and_then(Value::as_str);
    let code = kind.and_then(|kind| kind.rsplit('#').next());
    code.unwrap_or("no code").to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::http::StatusCode;
    use serde_json::json;

    use super::*;

    const OPERATION: Operation = Operation {
        service: "sqs",
        target: "AmazonSQS.SendMessage",
        content_type: "application/x-amz-json-1.0",
    };

    /// Starts a server that answers with these statuses in turn, the last one for good; returns its address and the
    /// number of calls.
    async fn server(statuses: &'static [u16]) -> (Url, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let answer = move || async move {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            let status = statuses.get(number).or(statuses.last()).unwrap();
            let body =
                json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "canary"});
            (StatusCode::from_u16(*status).unwrap(), body.to_string())
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        (url.parse().unwrap(), calls)
    }

    fn client() -> Client {
        let credentials = Credentials {
            access_key_id: "id".to_owned(),
            secret_access_key: "secret".into(),
            session_token: None,
        };
        let region = "us-east-1".to_owned();
        Client::new(Settings {
            credentials,
            region,
        })
        .unwrap()
    }

    #[tokio::test]
    async fn failing_service_is_called_once_more() {
        let (url, calls) = server(&[503, 200]).await;
        let answer = client().call(&url, OPERATION, &json!({})).await;
        assert!(answer.is_ok(), "{answer:?}");
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn refusal_is_final_and_names_its_code() {
        let (url, calls) = server(&[400]).await;
        let error = client().call(&url, OPERATION, &json!({})).await;
        let error = error.unwrap_err();
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        let text = error.to_string();
        assert!(text.contains("(QueueDoesNotExist)"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }

    #[tokio::test]
    async fn unreachable_service_is_named() {
        let url = "http://127.0.0.1:1/".parse().unwrap();
        let error = client().call(&url, OPERATION, &json!({})).await;
        let text = error.unwrap_err().to_string();
        assert!(text.contains("127.0.0.1:1"), "{text}");
    }

    #[test]
    fn host_has_the_port_that_is_sent() {
        for (url, host) in [
            (
                "https://sqs.eu-central-1.amazonaws.com/",
                "sqs.eu-central-1.amazonaws.com",
            ),
            ("https://example.com:443/", "example.com"),
            ("http://127.0.0.1:5000/sqs", "127.0.0.1:5000"),
        ] {
            assert_eq!(host_header(&url.parse().unwrap()), host);
        }
    }
}

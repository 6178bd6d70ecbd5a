//! Secrets through the extension's HTTP interface, against a small server that answers as it does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "../../store/tests/support/mod.rs"]
mod support;

use runtime::{Environment, SecretError, Secrets, SecretsConfig};
use secrecy::ExposeSecret as _;
use serde_json::json;
use store::{Freshness, TokenSource as _};
use support::{Reply, Server};

fn parameter(value: &str) -> Reply {
    Reply::Json(
        200,
        json!({"Parameter": {"Name": "n", "Type": "SecureString", "Value": value}}),
    )
}

fn secrets_at(server: &Server) -> Secrets {
    let port = server.url.rsplit(':').next().unwrap();
    let mut environment: Environment = [
        ("GOALPOST_SECRETS_PREFIX", "/goalpost/local/"),
        ("AWS_SESSION_TOKEN", "session.token"),
        ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", port),
    ]
    .into_iter()
    .collect();
    let config = SecretsConfig::read(&mut environment);
    Secrets::new(&environment.finish(config).unwrap()).unwrap()
}

#[tokio::test]
async fn secret_is_requested_as_documented_and_cached() {
    let server = Server::replying(vec![parameter("first"), parameter("second")]).await;
    let secrets = secrets_at(&server);
    for _ in 0..2 {
        let value = secrets.get("wake_secret").await.unwrap();
        assert_eq!(value.expose_secret(), "first");
    }
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(
        received[0].path,
        "/systemsmanager/parameters/get?name=%2Fgoalpost%2Flocal%2Fwake_secret&withDecryption=true"
    );
    assert_eq!(
        received[0].header("x-aws-parameters-secrets-token"),
        Some("session.token")
    );
}

#[tokio::test]
async fn refused_worker_token_is_read_again() {
    let server = Server::replying(vec![parameter("old"), parameter("new")]).await;
    let secrets = secrets_at(&server);
    for (freshness, expected) in [
        (Freshness::Cached, "old"),
        (Freshness::Renewed, "new"),
        (Freshness::Cached, "new"),
    ] {
        let token = secrets.token(freshness).await.unwrap();
        assert_eq!(token.expose_secret(), expected);
    }
}

#[tokio::test]
async fn missing_parameter_is_named_or_absent() {
    let text =
        "an unexpected error occurred while executing request [AWS SDK error: ParameterNotFound]";
    let server = Server::replying(vec![Reply::Text(400, text.to_owned())]).await;
    let secrets = secrets_at(&server);
    let error = secrets.get("openai_api_key").await.unwrap_err();
    assert!(error.to_string().contains("/goalpost/local/openai_api_key"));
    assert!(secrets.find("openai_api_key").await.unwrap().is_none());
}

#[tokio::test]
async fn absent_secret_is_not_read_again_immediately() {
    let absent = Reply::Text(400, "ParameterNotFound".to_owned());
    let server = Server::replying(vec![absent, parameter("new")]).await;
    let secrets = secrets_at(&server);
    for _ in 0..3 {
        assert!(secrets.find("webhook_secret").await.unwrap().is_none());
    }
    assert_eq!(server.received().len(), 1);
    let read_anew = secrets.refresh("webhook_secret").await.unwrap();
    assert_eq!(read_anew.expose_secret(), "new");
    assert!(secrets.find("webhook_secret").await.unwrap().is_some());
}

#[tokio::test]
async fn unreadable_secret_is_not_absent() {
    let denied = Reply::Text(400, "AccessDeniedException".to_owned());
    let server = Server::replying(vec![denied, parameter("value")]).await;
    let secrets = secrets_at(&server);
    assert!(secrets.find("webhook_secret").await.is_err());
    let found = secrets.find("webhook_secret").await.unwrap();
    assert_eq!(found.unwrap().expose_secret(), "value");
}

#[tokio::test]
async fn unready_extension_is_retried() {
    let not_ready = Reply::Text(400, "not ready to serve traffic, please wait".to_owned());
    let server = Server::replying(vec![not_ready.clone(), not_ready, parameter("value")]).await;
    let value = secrets_at(&server).get("wake_secret").await.unwrap();
    assert_eq!(value.expose_secret(), "value");
}

#[tokio::test]
async fn forbidden_parameter_fails_without_retry() {
    for reply in [
        Reply::Text(401, String::new()),
        Reply::Text(400, "AccessDeniedException".to_owned()),
    ] {
        let server = Server::replying(vec![reply]).await;
        let error = secrets_at(&server).get("wake_secret").await.unwrap_err();
        assert!(matches!(error, SecretError::Refused { .. }), "{error}");
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test]
async fn malformed_answer_is_an_error_without_quotes() {
    let server = Server::replying(vec![Reply::Json(200, json!({"Value": "canary"}))]).await;
    let error = secrets_at(&server).get("wake_secret").await.unwrap_err();
    assert!(matches!(error, SecretError::Unavailable { .. }));
    assert!(!format!("{error} {error:?}").contains("canary"));
}

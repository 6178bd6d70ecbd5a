//! Tests of the errors that people read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use axum::{Router, http::StatusCode, routing::any};
use tokio::net::TcpListener;

use super::*;

/// Starts a server with one answer to every request.
async fn answering(status: StatusCode, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(any(move || async move { (status, body) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn error_of(status: StatusCode, body: &'static str, place: Place) -> Error {
    let client = Client::new(&answering(status, body).await, "sb_publishable_x", place).unwrap();
    client.workspaces().await.unwrap_err()
}

#[tokio::test]
async fn refused_connection_suggests_starting_the_stack() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let client = Client::new(&url, "sb_publishable_x", Place::LocalStack).unwrap();
    let error = client.workspaces().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("Is the stack up? Run `cargo goalpost up`"),
        "{error}"
    );
    assert!(error.is_passing());
    let client = Client::new(&url, "sb_publishable_x", Place::GivenUrl).unwrap();
    let error = client.workspaces().await.unwrap_err();
    assert!(error.to_string().contains("Check --url"), "{error}");
}

#[tokio::test]
async fn expired_token_gives_advice_to_sign_in() {
    let body = r#"{"code":"PGRST303","details":null,"hint":null,"message":"JWT expired"}"#;
    let error = error_of(StatusCode::UNAUTHORIZED, body, Place::GivenUrl).await;
    assert!(matches!(error, Error::NotSignedIn { .. }), "{error:?}");
    assert!(error.to_string().contains("JWT expired"), "{error}");
    assert!(
        error.to_string().contains("cargo goalpost login"),
        "{error}"
    );
    assert!(!error.is_passing());
}

#[tokio::test]
async fn missing_row_is_not_found_at_any_status() {
    let body = r#"{"code":"ZG001","details":null,"hint":"","message":"there is no such approval"}"#;
    let error = error_of(StatusCode::BAD_REQUEST, body, Place::LocalStack).await;
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    let error = error_of(StatusCode::NOT_FOUND, "", Place::LocalStack).await;
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn missing_schema_is_not_a_missing_row() {
    let body = r#"{"code":"PGRST106","message":"Invalid schema: goalpost","hint":"Only the following schemas are exposed: public"}"#;
    let error = error_of(StatusCode::NOT_ACCEPTABLE, body, Place::GivenUrl).await;
    assert!(error.to_string().contains("supabase/migrations"), "{error}");
}

#[tokio::test]
async fn refusal_keeps_database_code_and_adds_advice() {
    let body = r#"{"code":"ZG002","message":"this needs the role approver","hint":""}"#;
    let error = error_of(StatusCode::BAD_REQUEST, body, Place::LocalStack).await;
    let Error::Refused { code, hint, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(code, "ZG002");
    assert!(hint.as_deref().unwrap().contains("--as approver"));
    let body =
        r#"{"code":"ZG004","message":"this dead letter was retried already","hint":"look at it"}"#;
    let error = error_of(StatusCode::BAD_REQUEST, body, Place::LocalStack).await;
    assert_eq!(
        error.to_string(),
        "this dead letter was retried already\nlook at it"
    );
}

#[tokio::test]
async fn answer_without_json_is_reported() {
    let error = error_of(StatusCode::OK, "<html>", Place::GivenUrl).await;
    assert!(
        error.to_string().contains("address of a Supabase project"),
        "{error}"
    );
    let error = error_of(StatusCode::BAD_GATEWAY, "<html>", Place::GivenUrl).await;
    assert!(error.is_passing(), "{error:?}");
}

#[test]
fn invalid_address_is_reported() {
    let error = Client::new("localhost:54321", "k", Place::GivenUrl)
        .err()
        .unwrap();
    assert!(error.to_string().contains("http"), "{error}");
}

#[test]
fn retry_is_offered_where_it_can_help() {
    let letter = |error: serde_json::Value| -> super::DeadLetter {
        let row = serde_json::json!({"id": 1, "run_id": 2, "step_key": "a", "error": error, "retried_at": null});
        serde_json::from_value(row).unwrap()
    };
    let helps = |code: &str, retryable: bool| {
        letter(serde_json::json!({"code": code, "retryable": retryable})).may_be_retried()
    };
    assert!(helps("model_unavailable", true));
    assert!(helps("no_language_model", false));
    assert!(!helps("statement_not_run", false));
    assert!(!helps("rejected", false));
    assert!(!letter(serde_json::Value::Null).may_be_retried());
}

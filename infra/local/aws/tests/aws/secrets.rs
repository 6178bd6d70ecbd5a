//! Tests of the secrets endpoint.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use local_aws::secrets::{Parameters, Server};
use reqwest::{Client, Response};
use secrecy::SecretString;
use serde_json::Value;

async fn server() -> Server {
    let minted = AtomicUsize::new(0);
    let parameters: Parameters = Arc::new(move |name| match name {
        "/goalpost/local/worker_token" => Some(SecretString::from(format!(
            "token {}",
            minted.fetch_add(1, Ordering::SeqCst)
        ))),
        _ => None,
    });
    Server::start(SecretString::from("the session token"), parameters)
        .await
        .unwrap()
}

async fn get(server: &Server, query: &str, token: Option<&str>) -> Response {
    let url = format!(
        "http://localhost:{}/systemsmanager/parameters/get{query}",
        server.port()
    );
    let mut request = Client::new().get(url);
    if let Some(token) = token {
        request = request.header("X-Aws-Parameters-Secrets-Token", token);
    }
    request.send().await.unwrap()
}

const TOKEN: Option<&str> = Some("the session token");
const QUERY: &str = "?name=%2Fgoalpost%2Flocal%2Fworker_token&withDecryption=true";

#[tokio::test]
async fn parameter_is_read_anew_each_time() {
    let server = server().await;
    for expected in ["token 0", "token 1"] {
        let response = get(&server, QUERY, TOKEN).await;
        assert_eq!(response.status(), 200);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["Parameter"]["Name"], "/goalpost/local/worker_token");
        assert_eq!(body["Parameter"]["Value"], expected);
    }
    server.stop();
}

#[tokio::test]
async fn request_without_session_token_is_refused() {
    let server = server().await;
    for token in [None, Some(""), Some("the session toke"), Some("another")] {
        let response = get(&server, QUERY, token).await;
        assert_eq!(response.status(), 403);
        assert!(!response.text().await.unwrap().contains("token 0"));
    }
}

#[tokio::test]
async fn unknown_parameter_is_not_found() {
    let server = server().await;
    let response = get(
        &server,
        "?name=%2Fgoalpost%2Flocal%2Fopenai_api_key&withDecryption=true",
        TOKEN,
    )
    .await;
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.json::<Value>().await.unwrap()["__type"],
        "ParameterNotFound"
    );
    assert_eq!(
        get(&server, "?withDecryption=true", TOKEN).await.status(),
        400
    );
}

#[tokio::test]
async fn parameter_stays_encrypted_without_decryption() {
    let server = server().await;
    let response = get(&server, "?name=%2Fgoalpost%2Flocal%2Fworker_token", TOKEN).await;
    let body: Value = response.json().await.unwrap();
    assert!(
        !body["Parameter"]["Value"]
            .as_str()
            .unwrap()
            .starts_with("token"),
        "{body}"
    );
}

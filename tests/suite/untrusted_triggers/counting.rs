//! Proxy between the functions and the database's API that counts calls: functions open no connection to the database,
//! so every call is counted here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use reqwest::StatusCode;

/// Counting proxy on a port of its own.
#[derive(Clone)]
pub(crate) struct Counting {
    pub(crate) url: String,
    passed: Arc<AtomicUsize>,
    target: Arc<OnceLock<String>>,
    http: reqwest::Client,
}

impl Counting {
    /// Listens; calls before [`Counting::forward_to`] are refused.
    pub(crate) async fn listen() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let counting = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            passed: Arc::default(),
            target: Arc::default(),
            http: reqwest::Client::new(),
        };
        let router = Router::new().fallback(pass).with_state(counting.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        counting
    }

    /// Sets the target of all calls.
    pub(crate) fn forward_to(&self, url: &str) {
        self.target.set(url.to_owned()).unwrap();
    }

    /// Returns the number of calls.
    pub(crate) fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }
}

async fn pass(State(counting): State<Counting>, request: Request) -> Response {
    counting.passed.fetch_add(1, Ordering::SeqCst);
    let Some(target) = counting.target.get() else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut headers = head.headers;
    headers.remove("host");
    let sent = counting
        .http
        .request(head.method, format!("{target}{}", head.uri))
        .headers(headers)
        .body(body)
        .send()
        .await;
    let Ok(reply) = sent else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let (status, mut headers) = (reply.status(), reply.headers().clone());
    headers.remove("transfer-encoding");
    headers.remove("content-length");
    (
        status,
        headers,
        Body::from(reply.bytes().await.unwrap_or_default()),
    )
        .into_response()
}

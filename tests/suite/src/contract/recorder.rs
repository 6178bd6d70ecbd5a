//! Proxy in front of the gateway that forwards all calls and records those to the REST surface.
//!
//! It lets one such call through at a time, so that the recorded order is the order of the database.

use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use local_stack::stack::Person;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{Call, Entry, shape};

/// Running recorder.
#[derive(Clone)]
pub struct Recorder {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    gateway: OnceLock<String>,
    http: reqwest::Client,
    entries: Mutex<Vec<Entry>>,
}

impl Recorder {
    /// Listens on a free port of 127.0.0.1. The target is set later, because the gateway needs this address first.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, shared })
    }

    /// Returns its address, which replaces the gateway's.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sets the target of all calls.
    pub fn stand_before(&self, gateway: &str) {
        self.shared.gateway.get_or_init(|| gateway.to_owned());
    }

    /// Records an advance of the clock.
    pub async fn seconds_pass(&self, seconds: u32) {
        let entry = Entry::Time {
            seconds_pass: seconds,
        };
        self.shared.entries.lock().await.push(entry);
    }

    /// Returns the events recorded so far.
    pub async fn entries(&self) -> Vec<Entry> {
        self.shared.entries.lock().await.clone()
    }
}

async fn pass(
    State(shared): State<Arc<Shared>>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let address = uri.path_and_query().map_or("", |address| address.as_str());
    let passed = match address.strip_prefix("/rest/v1/") {
        Some(path) => record(&shared, &method, path, &headers, &body).await,
        None => forward(&shared, &method, address, &headers, &body).await,
    };
    match passed {
        Ok((status, headers, body)) => (status, headers, body).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

type Passed = (StatusCode, HeaderMap, Bytes);

async fn record(
    shared: &Shared,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> anyhow::Result<Passed> {
    let mut entries = shared.entries.lock().await;
    let passed = forward(shared, method, &format!("/rest/v1/{path}"), headers, body).await?;
    let profile = if *method == Method::GET {
        "accept-profile"
    } else {
        "content-profile"
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let arguments = match *method {
        Method::POST => Some(without_names(serde_json::from_slice(body)?)),
        _ => None,
    };
    let reply: Value = serde_json::from_slice(&passed.2).unwrap_or(Value::Null);
    let call = Call {
        caller: caller(text("authorization").unwrap_or_default()),
        schema: text(profile).unwrap_or("public").to_owned(),
        reply: match passed.0.is_success() {
            true => shape::of(path, &reply),
            // Only the code of a refusal is part of the contract, not its message.
            false => serde_json::json!({"code": reply.get("code")}),
        },
        path: path.to_owned(),
        arguments,
        status: passed.0.as_u16(),
    };
    // A waiting caller repeats the same call.
    let again = matches!(entries.last(), Some(Entry::Call(last)) if *last == call && call.arguments.is_none());
    if !again {
        entries.push(Entry::Call(call));
    }
    Ok(passed)
}

async fn forward(
    shared: &Shared,
    method: &Method,
    address: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> anyhow::Result<Passed> {
    let gateway = shared
        .gateway
        .get()
        .context("the recorder stands before nothing yet")?;
    let mut headers = headers.clone();
    for name in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION] {
        headers.remove(name);
    }
    let request = shared
        .http
        .request(method.clone(), format!("{gateway}{address}"));
    let response = request.headers(headers).body(body.clone()).send().await?;
    let (status, mut headers) = (response.status(), response.headers().clone());
    for name in [
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
    ] {
        headers.remove(name);
    }
    Ok((status, headers, response.bytes().await?))
}

/// Removes names that differ between machines: a worker's name contains the machine's, and a wake's id comes with a
/// webhook that a replay does not have.
fn without_names(mut arguments: Value) -> Value {
    if let Some(fields) = arguments.as_object_mut() {
        for (name, value) in fields {
            match name.as_str() {
                "p_worker" => *value = "recorded".into(),
                "p_wake_id" if !value.is_null() => *value = 1.into(),
                _ => {}
            }
        }
    }
    arguments
}

/// Returns the caller from the token's claims; the gateway verifies it.
fn caller(authorization: &str) -> String {
    let payload = authorization.split('.').nth(1).unwrap_or_default();
    let claims: Value = URL_SAFE_NO_PAD
        .decode(payload)
        .ok()
        .and_then(|claims| serde_json::from_slice(&claims).ok())
        .unwrap_or_default();
    let text = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let person = Person::ALL
        .iter()
        .find(|person| person.id().to_string() == text("sub"));
    match (person, text("role").as_str()) {
        (Some(person), _) => person.name().to_owned(),
        (None, "goalpost_worker") => "worker".to_owned(),
        (None, _) => "anon".to_owned(),
    }
}

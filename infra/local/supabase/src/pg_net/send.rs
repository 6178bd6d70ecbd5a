//! Sends one queued request and returns its outcome as pg_net stores it.

use local_fault_hook::{FaultHook, Message, Passage};
use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT},
};
use serde_json::{Map, Value};
use std::time::{Duration, Instant};

/// A row of the queue.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) id: i64,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) timeout_milliseconds: i32,
}

/// A row of the responses.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) id: i64,
    pub(super) status_code: Option<i32>,
    pub(super) content: Option<String>,
    pub(super) headers: Option<Value>,
    pub(super) content_type: Option<String>,
    pub(super) timed_out: bool,
    pub(super) error_msg: Option<String>,
}

/// Creates the client that all requests share. Proxies of the environment are for people, not for wakes.
pub(super) fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .tcp_nodelay(true)
        .build()
}

/// Sends a request once, unless it is a wake and the faults decide otherwise.
pub(super) async fn send(
    http: &reqwest::Client,
    faults: Option<&dyn FaultHook>,
    request: Request,
) -> Outcome {
    // The answer of a late copy is not awaited: the batch, and its transaction, would wait as well.
    let fate = match passage(http, faults, &request) {
        Passage::Now => return send_once(http, request).await,
        Passage::Later => "held back",
        Passage::Lost => "lost",
    };
    Outcome {
        id: request.id,
        error_msg: Some(format!("{fate} by an injected fault")),
        ..Outcome::default()
    }
}

fn passage(http: &reqwest::Client, faults: Option<&dyn FaultHook>, request: &Request) -> Passage {
    let (Some(faults), Some(function)) = (faults, woken_function(request)) else {
        return Passage::Now;
    };
    let mut copy = || -> Message {
        let (http, request) = (http.clone(), request.clone());
        Box::pin(async move {
            send_once(&http, request).await;
        })
    };
    faults.wake(function, &mut copy)
}

/// A request with this header is never changed: tests exempt the sweep's own wakes with it, and no others.
const NO_FAULTS: &str = "x-goalpost-no-faults";

/// Returns the function that a request wakes, if it is a wake: only wakes carry such an id.
fn woken_function(request: &Request) -> Option<&str> {
    let is_wake = |(name, value): &(String, String)| {
        name.eq_ignore_ascii_case("webhook-id") && value.starts_with("wake_")
    };
    let is_exempt = |(name, _): &(String, String)| name.eq_ignore_ascii_case(NO_FAULTS);
    if !request.headers.iter().any(is_wake) || request.headers.iter().any(is_exempt) {
        return None;
    }
    request.url.trim_end_matches('/').rsplit('/').next()
}

async fn send_once(http: &reqwest::Client, request: Request) -> Outcome {
    let id = request.id;
    let began = Instant::now();
    let timeout = request.timeout_milliseconds;
    match exchange(http, request).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_timeout() => Outcome {
            id,
            timed_out: true,
            error_msg: Some(format!(
                "Timeout of {timeout} ms reached. Total time: {:.6} ms",
                began.elapsed().as_secs_f64() * 1000.0
            )),
            ..Outcome::default()
        },
        Err(error) => Outcome {
            id,
            error_msg: Some(error_message(&error)),
            ..Outcome::default()
        },
    }
}

async fn exchange(http: &reqwest::Client, request: Request) -> reqwest::Result<Outcome> {
    let method =
        Method::from_bytes(request.method.to_uppercase().as_bytes()).unwrap_or(Method::GET);
    let mut sending = http
        .request(method, &request.url)
        .headers(headers(&request.headers));
    if let Ok(timeout @ 1..) = u64::try_from(request.timeout_milliseconds) {
        sending = sending.timeout(Duration::from_millis(timeout));
    }
    if let Some(body) = request.body {
        sending = sending.body(body);
    }
    let response = sending.send().await?;
    let status_code = i32::from(response.status().as_u16());
    let headers = response.headers().clone();
    let content = response.bytes().await?;
    let content = content.split(|&byte| byte == 0).next().unwrap_or_default();
    let content = String::from_utf8_lossy(content).into_owned();
    Ok(Outcome {
        id: request.id,
        status_code: Some(status_code),
        content: Some(content).filter(|content| !content.is_empty()),
        content_type: text(headers.get(reqwest::header::CONTENT_TYPE)),
        headers: Some(shown(&headers)),
        ..Outcome::default()
    })
}

fn headers(pairs: &[(String, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    headers
        .entry(USER_AGENT)
        .or_insert(HeaderValue::from_static("pg_net/0.20.4"));
    headers
}

fn shown(headers: &HeaderMap) -> Value {
    let shown = headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), Value::String(text(Some(value))?)))
    });
    Value::Object(shown.collect::<Map<_, _>>())
}

fn text(value: Option<&HeaderValue>) -> Option<String> {
    value?.to_str().ok().map(str::to_owned)
}

/// Returns libcurl's message for the error.
fn error_message(error: &reqwest::Error) -> String {
    if error.is_builder() {
        return "URL using bad/illegal format or missing URL".to_owned();
    }
    if error.is_redirect() {
        return "Number of redirects hit maximum amount".to_owned();
    }
    if error.is_connect() {
        let mut cause: Option<&dyn std::error::Error> = Some(error);
        while let Some(inner) = cause {
            if inner.to_string().contains("dns error") {
                return "Couldn't resolve host name".to_owned();
            }
            cause = inner.source();
        }
        return "Couldn't connect to server".to_owned();
    }
    "Failure when receiving data from the peer".to_owned()
}

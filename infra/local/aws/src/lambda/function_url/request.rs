//! An HTTP request as an event in payload format 2.0.
//!
//! The path and query string appear twice, once as they were sent (`rawPath`, `rawQueryString`) and once decoded
//! (`http.path`, `queryStringParameters`); so do cookies, as an array and among the headers.

use std::{collections::BTreeMap, net::SocketAddr};

use axum::http::{HeaderMap, header, request::Parts};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use url::form_urlencoded;

pub(super) fn event(
    head: &Parts,
    function: &str,
    raw_path: &str,
    body: &[u8],
    source: Option<SocketAddr>,
) -> Value {
    let query = head.uri.query().unwrap_or_default();
    let source_ip = source.map_or_else(
        || "127.0.0.1".to_owned(),
        |address| address.ip().to_string(),
    );
    let headers = headers(&head.headers, &source_ip);
    let host = headers
        .get("host")
        .cloned()
        .unwrap_or_else(|| "localhost".to_owned());
    let now = chrono::Utc::now();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": query,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": function,
            "domainName": host,
            "domainPrefix": function,
            "http": {
                "method": head.method.as_str(),
                "path": decoded_path(raw_path),
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": headers.get("user-agent").cloned().unwrap_or_default(),
            },
            "requestId": uuid::Uuid::new_v4().to_string(),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.timestamp_millis(),
        },
        "isBase64Encoded": false,
    });
    let cookies = cookies(&head.headers);
    if let Some(object) = event.as_object_mut() {
        if !cookies.is_empty() {
            object.insert("cookies".to_owned(), json!(cookies));
        }
        if !query.is_empty() {
            object.insert(
                "queryStringParameters".to_owned(),
                json!(query_parameters(query)),
            );
        }
        if !body.is_empty() {
            let (text, is_base64) = encoded(body, &head.headers);
            object.insert("body".to_owned(), Value::String(text));
            object.insert("isBase64Encoded".to_owned(), Value::Bool(is_base64));
        }
        object.insert("headers".to_owned(), json!(headers));
    }
    event
}

/// Returns the headers: lower-case names; values of a repeated header joined by a comma. The endpoint sets the
/// `x-forwarded-` headers itself and ignores the caller's.
fn headers(given: &HeaderMap, source_ip: &str) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in given {
        let value = String::from_utf8_lossy(value.as_bytes());
        headers
            .entry(name.as_str().to_ascii_lowercase())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    let port = headers
        .get("host")
        .and_then(|host| host.rsplit_once(':'))
        .map_or("80", |(_, port)| port)
        .to_owned();
    headers.insert("x-forwarded-for".to_owned(), source_ip.to_owned());
    headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    headers.insert("x-forwarded-port".to_owned(), port);
    headers
}

fn cookies(given: &HeaderMap) -> Vec<String> {
    given
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(|cookie| cookie.trim().to_owned())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        parameters
            .entry(name.into_owned())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    parameters
}

/// Decodes percent signs only: in a path, a plus is a plus.
fn decoded_path(raw: &str) -> String {
    let guarded = raw
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    form_urlencoded::parse(guarded.as_bytes())
        .map(|(path, _)| path.into_owned())
        .next()
        .unwrap_or_else(|| raw.to_owned())
}

/// Encodes a body: text stays text; anything else, and text that is not UTF-8, becomes base64.
fn encoded(body: &[u8], headers: &HeaderMap) -> (String, bool) {
    match std::str::from_utf8(body) {
        Ok(text) if is_textual(headers) => (text.to_owned(), false),
        _ => (STANDARD.encode(body), true),
    }
}

fn is_textual(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || [
            "application/json",
            "application/xml",
            "application/javascript",
        ]
        .contains(&kind.as_str())
}

//! A function's answer as an HTTP response.
//!
//! An object with a `statusCode` is a response; any other JSON is a body, sent with 200 and `application/json`. A
//! malformed response is answered with 502, as is a failed function: the reason is in the log, never in the response.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::Value;

use crate::lambda::RequestId;

pub(super) fn response(payload: Bytes, request: &RequestId) -> Response {
    let Ok(answer) = serde_json::from_slice::<Value>(&payload) else {
        return broken(request);
    };
    let response = match answer.get("statusCode") {
        Some(status) => structured(&answer, status),
        None => Some(([(header::CONTENT_TYPE, "application/json")], payload).into_response()),
    };
    response.map_or_else(|| broken(request), |response| signed(response, request))
}

/// Returns the response for a function that failed.
pub(super) fn broken(request: &RequestId) -> Response {
    signed(
        (StatusCode::BAD_GATEWAY, "Internal Server Error").into_response(),
        request,
    )
}

fn signed(mut response: Response, request: &RequestId) -> Response {
    if let Ok(value) = HeaderValue::from_str(&request.to_string()) {
        response.headers_mut().insert("x-amzn-requestid", value);
    }
    response
}

fn structured(answer: &Value, status: &Value) -> Option<Response> {
    let status = match status {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let status = StatusCode::from_u16(u16::try_from(status).ok()?).ok()?;
    let mut response = Response::new(Body::from(body(answer)?));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Some(given) = answer.get("headers").and_then(Value::as_object) {
        for (name, value) in given {
            headers.insert(
                HeaderName::try_from(name.as_str()).ok()?,
                HeaderValue::try_from(text(value)?).ok()?,
            );
        }
    }
    for cookie in answer
        .get("cookies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        headers.append(
            header::SET_COOKIE,
            HeaderValue::try_from(cookie.as_str()?).ok()?,
        );
    }
    Some(response)
}

fn body(answer: &Value) -> Option<Bytes> {
    let text = match answer.get("body") {
        None | Some(Value::Null) => return Some(Bytes::new()),
        Some(Value::String(text)) => text,
        // An object in the place of text is sent as its JSON.
        Some(other) => return Some(Bytes::from(other.to_string())),
    };
    if answer.get("isBase64Encoded").and_then(Value::as_bool) == Some(true) {
        return STANDARD.decode(text).ok().map(Bytes::from);
    }
    Some(Bytes::from(text.clone()))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

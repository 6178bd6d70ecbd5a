//! Tables and views, served by postrust behind the gateway.

use super::{error::Error, error::refused_at_the_gate, shared::Shared};
use crate::keys::{Caller, identify};
use anyhow::Context as _;
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, Uri, header, uri::PathAndQuery},
    response::Response,
};
use secrecy::ExposeSecret as _;
use tower::ServiceExt as _;

/// Refusals of names that the cached schema does not have: a relationship, a column, a table.
const MISSING: [&str; 3] = ["PGRST200", "PGRST204", "PGRST205"];

/// The largest body of a request, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The largest body of a refusal, in bytes.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// Answers a request for a table or view.
pub(super) async fn answer(shared: &Shared, request: Request) -> Result<Response, Error> {
    let caller = match identify(request.headers(), request.uri(), &shared.config.keys) {
        Ok(caller) => caller,
        Err(refused) => return Ok(refused_at_the_gate(&refused)),
    };
    let served = shared.tables.served(&shared.config).await;
    let served = served.map_err(|error| Error::connection(error.as_ref()))?;
    let unreadable = |error: anyhow::Error| Error::bad_request("PGRST100", error.to_string());
    let request = readdressed(shared, request, &caller).map_err(unreadable)?;
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY_BYTES).await;
    let body = body.map_err(|error| unreadable(error.into()))?;
    let send = async || {
        let request = Request::from_parts(head.clone(), Body::from(body.clone()));
        let sent = served.router.clone().oneshot(request).await;
        sent.unwrap_or_else(|never| match never {})
    };
    let (response, is_missing) = check_schema(send().await).await;
    if !is_missing {
        return Ok(corrected(response, &caller).await);
    }
    shared.tables.reload().await;
    Ok(corrected(send().await, &caller).await)
}

/// Returns the response, and whether it names something that the cached schema does not have.
async fn check_schema(response: Response) -> (Response, bool) {
    let may_be = matches!(
        response.status(),
        StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST
    );
    if !may_be {
        return (response, false);
    }
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, MAX_REFUSAL_BYTES).await;
    let body = body.unwrap_or_default();
    let refusal: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let code = refusal.get("code").and_then(serde_json::Value::as_str);
    let is_missing = code.is_some_and(|code| MISSING.contains(&code));
    (Response::from_parts(parts, Body::from(body)), is_missing)
}

/// Rewrites the request for postrust: below `/api`, with a token and without the key.
fn readdressed(shared: &Shared, mut request: Request, caller: &Caller) -> anyhow::Result<Request> {
    let uri = request.uri();
    let path = uri.path().strip_prefix("/rest/v1").unwrap_or_default();
    let query = uri.query().unwrap_or_default().split('&');
    let query = query
        .filter(|pair| !pair.is_empty() && !pair.starts_with("apikey="))
        .collect::<Vec<_>>();
    let path_and_query = match query.is_empty() {
        true => format!("/api{path}"),
        false => format!("/api{path}?{}", query.join("&")),
    };
    let path_and_query =
        PathAndQuery::try_from(path_and_query).context("the address cannot be read")?;
    *request.uri_mut() = Uri::from(path_and_query);
    let token = caller.token(&shared.config.keys);
    let authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))?;
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, authorization);
    Ok(request)
}

/// Corrects the status of a missing permission of a logged-in caller: postrust answers 401, PostgREST 403.
async fn corrected(response: Response, caller: &Caller) -> Response {
    if response.status() != StatusCode::UNAUTHORIZED || !caller.is_authenticated() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, MAX_REFUSAL_BYTES)
        .await
        .unwrap_or_default();
    let error: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    if error.get("code").and_then(serde_json::Value::as_str) == Some("42501") {
        parts.status = StatusCode::FORBIDDEN;
        parts.headers.remove(header::WWW_AUTHENTICATE);
    }
    Response::from_parts(parts, Body::from(body))
}

//! Function URLs, at `/lambda-url/{function}/…`: an HTTP request becomes an event in payload format
//! 2.0 (`request`), and the function's answer becomes an HTTP response (`reply`).
//!
//! The invocation does not end when the caller hangs up. A caller with a short timeout, such as Postgres, may rely on
//! the work being done.

mod reply;
mod request;

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::any,
};
use bytes::Bytes;

use super::{
    answer::{InvocationType, Refusal, Reply},
    body::{self, Read},
    config::MAX_REQUEST_BYTES,
    host::Host,
    invoke_api::refused,
};

pub(super) fn router(host: Host) -> Router {
    Router::new()
        .route("/lambda-url/{function}", any(call))
        .route("/lambda-url/{function}/", any(call))
        .route("/lambda-url/{function}/{*path}", any(call))
        .with_state(host)
}

async fn call(State(host): State<Host>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let body = match body::read(body, MAX_REQUEST_BYTES).await {
        Read::Whole(body) => body,
        Read::TooLarge(_) => {
            return refused(&Refusal::TooLarge {
                limit_bytes: MAX_REQUEST_BYTES,
            });
        }
        Read::Broken => return StatusCode::BAD_REQUEST.into_response(),
    };
    let path = head
        .uri
        .path()
        .strip_prefix("/lambda-url/")
        .unwrap_or_default();
    let (function, path) = match path.split_once('/') {
        Some((function, rest)) => (function, format!("/{rest}")),
        None => (path, "/".to_owned()),
    };
    let source = head
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0);
    let event = request::event(&head, function, &path, &body, source);
    match host
        .invoke(
            function,
            Bytes::from(event.to_string()),
            InvocationType::RequestResponse,
        )
        .await
    {
        Ok(invoked) => match invoked.reply {
            Reply::Payload(payload) => reply::response(payload, &invoked.request_id),
            Reply::FunctionError(_) | Reply::Accepted | Reply::DryRun => {
                reply::broken(&invoked.request_id)
            }
        },
        Err(refusal) => refused(&refusal),
    }
}

//! The Runtime API (version 2018-06-01), which a function's own process calls.
//!
//! `next` is a long poll that ends only with work, because a runtime would take any other answer for an event or for
//! the end. The deadline in its headers is a moment, in milliseconds since 1970, and binding: the watchdog started with
//! it ends the sandbox then.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use futures::stream;
use serde_json::json;

use super::{
    answer::Answer,
    body::{self, Read},
    config::MAX_RESPONSE_BYTES,
    dispatch::Function,
    handover::Handover,
    ids::{RequestId, SandboxId},
    peer::Peer,
};

/// The functions of a host, by name.
pub(super) type Functions = Arc<FunctionMap>;
pub(super) type FunctionMap = BTreeMap<String, Arc<Function>>;

pub(super) fn router(functions: Functions) -> Router {
    const RUNTIME: &str = "/{function}/{sandbox}/2018-06-01/runtime";
    Router::new()
        .route(&format!("{RUNTIME}/invocation/next"), get(next))
        .route(
            &format!("{RUNTIME}/invocation/{{request}}/response"),
            post(response),
        )
        .route(
            &format!("{RUNTIME}/invocation/{{request}}/error"),
            post(error),
        )
        .route(&format!("{RUNTIME}/init/error"), post(init_error))
        .with_state(functions)
}

fn find(
    functions: &Functions,
    function: &str,
    sandbox: &str,
) -> Option<(Arc<Function>, SandboxId)> {
    Some((Arc::clone(functions.get(function)?), sandbox.parse().ok()?))
}

async fn next(
    State(functions): State<Functions>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path((function, sandbox)): Path<(String, String)>,
) -> Response {
    let poll = find(&functions, &function, &sandbox)
        .and_then(|(function, sandbox)| function.open_poll(sandbox));
    let Some(mut poll) = poll else {
        return refuse(
            StatusCode::FORBIDDEN,
            "InvalidSandbox",
            "this sandbox is not one of the host's",
        );
    };
    match poll.work().await {
        // The event returns to the queue when it is dropped here.
        Some(_) if peer.is_gone() => StatusCode::GONE.into_response(),
        Some(handover) => {
            // From here on it is no longer idle, though its connection lives on.
            drop(poll);
            event(&functions, &function, handover)
        }
        None => refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "HostStopping",
            "the host is stopping",
        ),
    }
}

fn event(functions: &Functions, function: &str, handover: Handover) -> Response {
    let arn = functions
        .get(function)
        .map(|f| f.platform.arn(function))
        .unwrap_or_default();
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let random = uuid::Uuid::new_v4().simple().to_string();
    let trace = format!(
        "Root=1-{seconds:08x}-{};Sampled=0",
        random.get(..24).unwrap_or_default()
    );
    let headers = [
        (
            "lambda-runtime-aws-request-id",
            handover.request.to_string(),
        ),
        (
            "lambda-runtime-deadline-ms",
            handover.deadline_epoch_ms.to_string(),
        ),
        ("lambda-runtime-invoked-function-arn", arn),
        ("lambda-runtime-trace-id", trace),
        (header::CONTENT_TYPE.as_str(), "application/json".to_owned()),
        (
            header::CONTENT_LENGTH.as_str(),
            handover.payload.len().to_string(),
        ),
    ];
    (headers, deliver(handover)).into_response()
}

/// Returns a body that counts as delivered only when the connection takes it; if it is dropped before that, so is the
/// handover, and the event goes to another sandbox.
fn deliver(handover: Handover) -> Body {
    Body::from_stream(stream::once(async move {
        let mut handover = handover;
        handover.delivered();
        Ok::<Bytes, std::convert::Infallible>(handover.payload.clone())
    }))
}

async fn response(
    State(functions): State<Functions>,
    Path((function, sandbox, request)): Path<(String, String, String)>,
    body: Body,
) -> Response {
    let answer = match body::read(body, MAX_RESPONSE_BYTES).await {
        Read::Whole(payload) => Answer::Payload(payload),
        Read::TooLarge(size) => {
            let answer = Answer::response_too_large(size, MAX_RESPONSE_BYTES);
            return match complete(&functions, &function, &sandbox, &request, answer) {
                true => refuse(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "RequestEntityTooLarge",
                    "the response exceeds 6 MB",
                ),
                false => unknown_request(),
            };
        }
        // Half a response is none. The runtime sends another one, or reaches the time limit.
        Read::Broken => {
            return refuse(
                StatusCode::BAD_REQUEST,
                "BrokenBody",
                "the response ended early",
            );
        }
    };
    accepted_if(complete(&functions, &function, &sandbox, &request, answer))
}

async fn error(
    State(functions): State<Functions>,
    Path((function, sandbox, request)): Path<(String, String, String)>,
    body: Body,
) -> Response {
    let Read::Whole(reason) = body::read(body, MAX_RESPONSE_BYTES).await else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "BrokenBody",
            "the error's description is too large or ended early",
        );
    };
    accepted_if(complete(
        &functions,
        &function,
        &sandbox,
        &request,
        Answer::FunctionError(reason),
    ))
}

async fn init_error(
    State(functions): State<Functions>,
    Path((function, sandbox)): Path<(String, String)>,
    body: Body,
) -> Response {
    let Read::Whole(reason) = body::read(body, MAX_RESPONSE_BYTES).await else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "BrokenBody",
            "the error's description is too large or ended early",
        );
    };
    let taken = find(&functions, &function, &sandbox)
        .is_some_and(|(function, sandbox)| function.init_failed(sandbox, reason));
    match taken {
        true => accepted_if(true),
        false => refuse(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            "this sandbox is past its start",
        ),
    }
}

fn complete(
    functions: &Functions,
    function: &str,
    sandbox: &str,
    request: &str,
    answer: Answer,
) -> bool {
    let Ok(request) = request.parse::<RequestId>() else {
        return false;
    };
    find(functions, function, sandbox)
        .is_some_and(|(function, sandbox)| function.complete(sandbox, request, answer))
}

fn accepted_if(known: bool) -> Response {
    match known {
        true => (StatusCode::ACCEPTED, axum::Json(json!({"status": "OK"}))).into_response(),
        false => unknown_request(),
    }
}

fn unknown_request() -> Response {
    refuse(
        StatusCode::BAD_REQUEST,
        "InvalidRequestID",
        "Invalid request ID",
    )
}

fn refuse(status: StatusCode, kind: &str, message: &str) -> Response {
    (
        status,
        axum::Json(json!({"errorType": kind, "errorMessage": message})),
    )
        .into_response()
}

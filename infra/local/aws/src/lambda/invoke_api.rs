//! The Invoke API of AWS Lambda: `POST /2015-03-31/functions/{name}/invocations`.
//!
//! A function that failed still answers 200; only `X-Amz-Function-Error` shows it. AWS admits callers with IAM
//! credentials; here a caller sends the host's invoke key, so that no other program of the machine can pass for a queue
//! or a schedule.

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{
    answer::{InvocationType, Refusal, Reply},
    body::{self, Read},
    config::MAX_REQUEST_BYTES,
    host::Host,
};

pub(super) fn router(host: Host) -> Router {
    Router::new()
        .route("/2015-03-31/functions/{function}/invocations", post(invoke))
        .with_state(host)
}

async fn invoke(
    State(host): State<Host>,
    Path(function): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Some(refusal) = unauthorized(&host, &headers) {
        return refusal;
    }
    let kind = match headers
        .get("x-amz-invocation-type")
        .map(|value| value.as_bytes())
    {
        None | Some(b"RequestResponse") => InvocationType::RequestResponse,
        Some(b"Event") => InvocationType::Event,
        Some(b"DryRun") => InvocationType::DryRun,
        Some(_) => return unknown_type(),
    };
    let payload = match body::read(body, MAX_REQUEST_BYTES).await {
        Read::Whole(payload) => payload,
        Read::TooLarge(_) => {
            return refused(&Refusal::TooLarge {
                limit_bytes: MAX_REQUEST_BYTES,
            });
        }
        Read::Broken => return refused(&Refusal::NotJson("the request ended early".to_owned())),
    };
    match host.invoke(plain_name(&function), payload, kind).await {
        Ok(invoked) => answered(&invoked),
        Err(refusal) => refused(&refusal),
    }
}

/// Returns AWS's two answers to a caller without usable credentials.
fn unauthorized(host: &Host, headers: &HeaderMap) -> Option<Response> {
    let given = headers.get("authorization").map(|value| value.as_bytes());
    let expected = format!("Bearer {}", host.invoke_key.expose_secret());
    let (kind, message) = match given {
        Some(given) if given == expected.as_bytes() => return None,
        Some(_) => (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        None => (
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
    };
    let body = Json(json!({"message": message}));
    Some((StatusCode::FORBIDDEN, [("x-amzn-errortype", kind)], body).into_response())
}

/// Returns the plain name of a function, which may be given with a qualifier or as an ARN.
fn plain_name(given: &str) -> &str {
    let name = given
        .rsplit_once(":function:")
        .map_or(given, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}

fn answered(invoked: &super::Invoked) -> Response {
    let id = [("x-amzn-requestid", invoked.request_id.to_string())];
    let executed = [
        ("x-amz-executed-version", "$LATEST"),
        ("content-type", "application/json"),
    ];
    match &invoked.reply {
        Reply::Payload(payload) => (id, executed, payload.clone()).into_response(),
        Reply::FunctionError(error) => (
            id,
            executed,
            [("x-amz-function-error", "Unhandled")],
            error.clone(),
        )
            .into_response(),
        Reply::Accepted => (StatusCode::ACCEPTED, id).into_response(),
        Reply::DryRun => (StatusCode::NO_CONTENT, id).into_response(),
    }
}

/// Returns a refusal with AWS's messages. Function URLs use the same ones.
pub(super) fn refused(refusal: &Refusal) -> Response {
    let message = refusal.to_string();
    let (status, kind, body) = match refusal {
        Refusal::NotFound(_) => (
            StatusCode::NOT_FOUND,
            "ResourceNotFoundException",
            json!({"Type": "User", "Message": message}),
        ),
        Refusal::Throttled => (
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequestsException",
            json!({"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User", "message": message}),
        ),
        Refusal::TooLarge { .. } => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            user_error(&message),
        ),
        Refusal::NotJson(_) => (
            StatusCode::BAD_REQUEST,
            "InvalidRequestContentException",
            user_error(&message),
        ),
        Refusal::Stopping => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "ServiceException",
            json!({"Type": "Service", "message": message}),
        ),
    };
    (status, [("x-amzn-errortype", kind)], Json(body)).into_response()
}

fn user_error(message: &str) -> Value {
    json!({"Type": "User", "message": message})
}

fn unknown_type() -> Response {
    let message = "the invocation type must be RequestResponse, Event or DryRun";
    (
        StatusCode::BAD_REQUEST,
        [("x-amzn-errortype", "InvalidParameterValueException")],
        Json(user_error(message)),
    )
        .into_response()
}

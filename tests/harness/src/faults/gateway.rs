//! Fault layer in front of the gateway: sees each call of a function before and after its execution.
//!
//! With faults, a function's `SUPABASE_URL` is `<gateway>/sandbox/<its sandbox>`. The prefix identifies the caller and
//! is removed here; the request is otherwise unchanged.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::Uri;
use axum::response::Response;
use futures::stream;
use serde_json::Value;
use tower::ServiceExt as _;

use super::held::{any_is_last, items};
use super::{Faults, Point, SandboxFault};

/// Prefix of the path of a function's call.
pub(super) const SANDBOX_PREFIX: &str = "/sandbox/";
const RPC_PREFIX: &str = "/rest/v1/rpc/";
/// Interval at which the call of a stopped sandbox checks whether it may continue.
const STOPPED_POLL_INTERVAL: Duration = Duration::from_millis(5);
/// Larger than any reply: a claim has at most 8 MiB.
const MAX_BODY_BYTES: usize = 64 << 20;

/// Puts the fault layer in front of a gateway.
pub(super) fn in_front_of(gateway: Router, faults: Faults) -> Router {
    Router::new().fallback(move |request: Request| async move {
        match Caller::of(&request) {
            Some((caller, uri)) => caller.pass(&faults, &gateway, with_uri(request, uri)).await,
            None => execute(&gateway, request).await,
        }
    })
}

/// Sandbox with the call it makes.
struct Caller {
    sandbox: String,
    /// Empty if the request is no RPC of a function.
    rpc: String,
}

impl Caller {
    fn of(request: &Request) -> Option<(Self, Uri)> {
        let address = request.uri().path_and_query()?.as_str();
        let rest = address.strip_prefix(SANDBOX_PREFIX)?;
        let (sandbox, path) = rest.split_at(rest.find('/')?);
        let rpc = path.strip_prefix(RPC_PREFIX).unwrap_or_default();
        let rpc = rpc.split('?').next().unwrap_or_default().to_owned();
        let uri = path.parse().ok()?;
        let sandbox = sandbox.to_owned();
        Some((Self { sandbox, rpc }, uri))
    }

    async fn pass(self, faults: &Faults, gateway: &Router, request: Request) -> Response {
        if self.rpc.is_empty() {
            return execute(gateway, request).await;
        }
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
            return cut();
        };
        if let Some(point) = self.point_before(&body)
            && self.is_gone(faults, point).await
        {
            return cut();
        }
        if faults.cuts(&self.rpc, false, false) {
            return cut();
        }
        let response = execute(
            gateway,
            Request::from_parts(parts, Body::from(body.clone())),
        )
        .await;
        let is_success = response.status().is_success();
        let (parts, reply) = response.into_parts();
        let Ok(reply) = to_bytes(reply, MAX_BODY_BYTES).await else {
            return cut();
        };
        let value = match is_success {
            true => serde_json::from_slice(&reply).unwrap_or_default(),
            false => Value::Null,
        };
        self.learn(faults, &value);
        if is_success
            && let Some(point) = self.point_after(&body, &value)
            && self.is_gone(faults, point).await
        {
            return cut();
        }
        let handed_out = value.get("claimed").unwrap_or(&value);
        let hands_out_last = self.claims() && any_is_last(handed_out);
        if is_success && faults.cuts(&self.rpc, true, hands_out_last) {
            return cut();
        }
        Response::from_parts(parts, Body::from(reply))
    }

    /// Injects a sandbox fault if one is due, and waits while the sandbox is stopped. Returns true if it was killed.
    async fn is_gone(&self, faults: &Faults, point: Point) -> bool {
        match faults.strike(point, &self.sandbox) {
            Some(SandboxFault::Kill) => true,
            Some(SandboxFault::Freeze(_)) => {
                // A stopped process's call is delayed with it: otherwise its claim would begin, and its outcome arrive,
                // while the process is not running.
                while faults.is_stopped(&self.sandbox) {
                    tokio::time::sleep(STOPPED_POLL_INTERVAL).await;
                }
                false
            }
            None => false,
        }
    }

    fn claims(&self) -> bool {
        matches!(self.rpc.as_str(), "claim_steps" | "finish_steps")
    }

    fn point_before(&self, body: &Bytes) -> Option<Point> {
        match self.rpc.as_str() {
            "claim_steps" | "fold_statistics" => Some(Point::BeforeClaim),
            "finish_steps" => has_outcomes(body).then_some(Point::BeforeCompletion),
            "read_journal" => Some(Point::BeforeReading),
            "begin_turn" => Some(Point::BeforeTurn),
            "end_turn" => Some(Point::BeforeTurnEnd),
            "freeze_calls" => Some(Point::BeforeFreezing),
            "begin_calls" => Some(Point::BeforeCalls),
            "end_calls" => Some(Point::BeforeCallsEnd),
            _ => None,
        }
    }

    fn point_after(&self, body: &Bytes, value: &Value) -> Option<Point> {
        match self.rpc.as_str() {
            "claim_steps" => value
                .as_array()
                .is_some_and(|steps| !steps.is_empty())
                .then_some(Point::AfterClaim),
            "fold_statistics" => Some(Point::AfterClaim),
            "finish_steps" => has_outcomes(body).then_some(Point::AfterCompletion),
            "answer_query" => Some(Point::AfterEffect),
            "read_journal" => Some(Point::AfterReading),
            "begin_turn" => Some(Point::AfterTurnBegun),
            "end_turn" => Some(Point::AfterTurnEnd),
            "freeze_calls" => Some(Point::AfterFreezing),
            "begin_calls" => Some(Point::AfterCallsBegun),
            "end_calls" => Some(Point::AfterCallsEnd),
            _ => None,
        }
    }

    fn learn(&self, faults: &Faults, value: &Value) {
        faults.with_held(|held| match self.rpc.as_str() {
            "claim_steps" => held.claimed(&self.sandbox, value),
            "finish_steps" => held.finished(&self.sandbox, value),
            "heartbeat_steps" => held.renewed(&self.sandbox, value),
            _ => {}
        });
    }
}

/// Returns true if a report has outcomes; without them it is only a claim.
fn has_outcomes(body: &Bytes) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    items(&body, "p_outcomes").next().is_some()
}

fn with_uri(mut request: Request, uri: Uri) -> Request {
    *request.uri_mut() = uri;
    request
}

async fn execute(gateway: &Router, request: Request) -> Response {
    let gateway = gateway.clone();
    gateway
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {})
}

/// Returns an answer whose body breaks off: the server closes the connection, and the caller learns nothing.
fn cut() -> Response {
    let broken = std::io::Error::other("cut by an injected fault");
    Response::new(Body::from_stream(stream::iter([Err::<Bytes, _>(broken)])))
}

//! The one address of the project: REST, Auth, Storage, functions and the queue endpoint behind 127.0.0.1.
//!
//! `/functions/v1/{name}` is an alias of a function's URL, so that supabase-js' `functions.invoke` reaches a Lambda as
//! it would reach an Edge Function.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer, ExposeHeaders};

use super::options::Port;
use crate::fault_hook::FaultHook;
use crate::keys::ProjectKeys;
use crate::lambda::{FunctionStats, Host};
use crate::rest;

/// The time that running requests may take to end when the stack stops.
const PATIENCE: Duration = Duration::from_secs(2);
/// The path at which `goalpost status` reads the host's figures; it requires the secret key.
pub const STATUS_PATH: &str = "/local/v1/status";

/// The running gateway.
pub(super) struct Gateway {
    pub(super) url: String,
    serving: JoinHandle<()>,
    shutdown: Option<oneshot::Sender<()>>,
}

/// Returns a function's URL. AWS gives each its own host name; here it is a path.
pub(super) fn function_url(url: &str, function: &str) -> String {
    format!("{url}/lambda-url/{function}/")
}

/// Allows calls from pages of every origin, as hosted Supabase does: callers send a key and a token, no cookies.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::any())
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(ExposeHeaders::list([
            header::CONTENT_RANGE,
            header::LOCATION,
            HeaderName::from_static("preference-applied"),
        ]))
        .max_age(Duration::from_secs(3600))
}

/// Opens the port, which must be known before the functions receive the address.
pub(super) async fn listen(port: Port) -> anyhow::Result<TcpListener> {
    let wanted = match port {
        Port::Preferred(port) | Port::Exactly(port) => port,
        Port::Any => 0,
    };
    match (TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).await, port) {
        (Err(error), Port::Preferred(_)) if error.kind() == std::io::ErrorKind::AddrInUse => {
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("there is no free port on 127.0.0.1")
        }
        (listener, _) => listener.with_context(|| {
            format!("the port {wanted} on 127.0.0.1 cannot be used: choose another with --port, or leave it out")
        }),
    }
}

impl Gateway {
    pub(super) fn start(
        listener: TcpListener,
        supabase: Router,
        host: &Host,
        queues: Router,
        keys: &ProjectKeys,
        faults: Option<&dyn FaultHook>,
    ) -> anyhow::Result<Self> {
        let address: SocketAddr = listener
            .local_addr()
            .context("asking for the gateway's port")?;
        // Functions answer browsers themselves, as their URLs on AWS do.
        let router = supabase
            .layer(cors())
            .merge(host.router())
            .merge(own_routes(host, keys))
            .nest("/sqs", queues);
        let router = match faults {
            Some(faults) => faults.in_front_of(router),
            None => router,
        };
        let (shutdown, stopping) = oneshot::channel();
        let serving = tokio::spawn(serve(listener, router, async {
            let _ = stopping.await;
        }));
        Ok(Self {
            url: format!("http://{address}"),
            serving,
            shutdown: Some(shutdown),
        })
    }

    pub(super) async fn stop(&mut self) {
        drop(self.shutdown.take());
        if tokio::time::timeout(PATIENCE, &mut self.serving)
            .await
            .is_err()
        {
            self.serving.abort();
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    listener: TcpListener,
    router: Router,
    stopping: impl Future<Output = ()> + Send + 'static,
) {
    if let Err(error) = rest::serve(listener, router, stopping).await {
        tracing::error!(%error, "the gateway has ended; restart the stack");
    }
}

#[derive(Clone)]
struct Own {
    host: Host,
    urls: Router,
    keys: ProjectKeys,
}

fn own_routes(host: &Host, keys: &ProjectKeys) -> Router {
    let own = Own {
        host: host.clone(),
        urls: host.router(),
        keys: keys.clone(),
    };
    Router::new()
        .route("/functions/v1/{function}", any(call_function))
        .route("/functions/v1/{function}/{*path}", any(call_function))
        .route(STATUS_PATH, get(status))
        .with_state(own)
}

async fn call_function(State(own): State<Own>, mut request: Request<Body>) -> Response {
    let address = request
        .uri()
        .path_and_query()
        .map_or("", |address| address.as_str());
    let rest = address.strip_prefix("/functions/v1/").unwrap_or_default();
    let Ok(uri) = format!("/lambda-url/{rest}").parse::<Uri>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    own.urls
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {})
}

async fn status(State(own): State<Own>, headers: HeaderMap) -> Response {
    let key = headers.get("apikey").map(|key| key.as_bytes());
    if key != Some(own.keys.secret_key().expose_secret().as_bytes()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let functions: Vec<Value> = own.host.stats().iter().map(figures).collect();
    Json(json!({ "functions": functions })).into_response()
}

fn figures(stats: &FunctionStats) -> Value {
    json!({
        "name": stats.name,
        "sandboxes": stats.sandboxes.len(),
        "running": stats.running,
        "waiting": stats.waiting_callers + stats.waiting_events,
        "invocations": stats.invocations,
        "errors": stats.errors,
        "timeouts": stats.timeouts,
        "throttles": stats.throttles,
        "cold_starts": stats.cold_starts,
        "last_init_ms": u64::try_from(stats.last_init.as_millis()).unwrap_or(u64::MAX),
    })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use super::*;

    #[tokio::test]
    async fn taken_port_is_replaced_only_if_preferred() {
        let taken = listen(Port::Any).await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let other = listen(Port::Preferred(port)).await.unwrap();
        assert_ne!(other.local_addr().unwrap().port(), port);
        let error = listen(Port::Exactly(port)).await.unwrap_err();
        assert!(error.to_string().contains("--port"), "{error}");
    }
}

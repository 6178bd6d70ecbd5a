//! Tables and views, served by postrust behind the gateway.
//!
//! postrust is started at the first request for a table: most stacks of tests have none, and reading the whole schema
//! takes longer than starting them.

use super::{Shared, error::Error, error::refused_at_the_gate};
use crate::keys::{Caller, identify};
use anyhow::Context as _;
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, Uri, header, uri::PathAndQuery},
    response::Response,
};
use postrust_server::{AppState, Builder, Host};
use secrecy::ExposeSecret as _;
use std::sync::Arc;
use tokio::sync::OnceCell;
use tower::ServiceExt as _;

/// Refusals of names that the cached schema does not have: a relationship, a column, a table.
const MISSING: [&str; 3] = ["PGRST200", "PGRST204", "PGRST205"];

/// The largest body of a request, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The largest body of a refusal, in bytes.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

#[derive(Default)]
pub(super) struct Tables(OnceCell<Served>);

struct Served {
    router: Router,
    state: Arc<AppState>,
}

impl Tables {
    /// Reads the schema again, if it was ever read.
    pub(super) async fn reload(&self) {
        let Some(served) = self.0.get() else { return };
        if let Err(error) = served.state.reload_schema().await {
            tracing::warn!(%error, "the schema could not be read again; tables are served as they were");
        }
    }

    pub(super) async fn close(&self) {
        if let Some(served) = self.0.get() {
            served.state.pool.close().await;
        }
    }
}

/// Answers a request for a table or view.
pub(super) async fn answer(shared: &Shared, request: Request) -> Result<Response, Error> {
    let caller = match identify(request.headers(), request.uri(), &shared.config.keys) {
        Ok(caller) => caller,
        Err(refused) => return Ok(refused_at_the_gate(&refused)),
    };
    let served = shared.tables.0.get_or_try_init(|| build(shared)).await;
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

async fn build(shared: &Shared) -> anyhow::Result<Served> {
    let config = &shared.config;
    let pool_size = config.pool_size.to_string();
    let pool_wait = config.pool_wait.as_secs().max(1).to_string();
    let schemas = config.schemas.join(",");
    let extra_search_path = config.extra_search_path.join(",");
    let keys = config.keys.verifying_key_set();
    let settings = [
        ("PGRST_COMPAT_MODE", "true"),
        ("PGRST_DB_URI", &config.database_url),
        ("PGRST_DB_SCHEMAS", &schemas),
        ("PGRST_DB_EXTRA_SEARCH_PATH", &extra_search_path),
        ("PGRST_DB_ANON_ROLE", "anon"),
        ("PGRST_DB_POOL", &pool_size),
        ("PGRST_DB_POOL_TIMEOUT", &pool_wait),
        ("PGRST_JWT_SECRET", keys.expose_secret()),
        // The stack listens itself, so that one connection serves both halves.
        ("PGRST_DB_CHANNEL_ENABLED", "false"),
    ];
    let settings = postrust_core::AppConfig::try_from_vars(settings)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let app = Builder::new(settings, Host::SERVER).build().await?;
    Ok(Served {
        router: app.router,
        state: app.state,
    })
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

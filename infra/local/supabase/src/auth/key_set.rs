//! The public keys of the project, for programs that verify tokens themselves.

use super::config::AuthConfig;
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use std::sync::Arc;

/// The lifetime of a copy of the keys, as in the original's header.
const CACHE_CONTROL: &str = "public, max-age=600";

pub(super) async fn answer(State(config): State<Arc<AuthConfig>>) -> Response {
    let caching = [(header::CACHE_CONTROL, CACHE_CONTROL)];
    (caching, Json(config.keys.public_key_set())).into_response()
}

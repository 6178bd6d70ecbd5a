//! `GET /storage/v1/object/{bucket}/{name}` and `…/object/authenticated/…`: an object's bytes.
//!
//! An object that row-level security hides is reported as missing. A public bucket's objects are readable for everyone.

use super::database::{self, Scope};
use super::refusal::Refusal;
use super::shared::Shared;
use super::{authenticate, key, rows};
use crate::keys::Caller;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use std::sync::Arc;

const OPERATION: &str = "storage.object.get_authenticated";

pub(super) async fn public_or_authenticated(
    State(shared): State<Arc<Shared>>,
    Path(place): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let caller = authenticate::optional(&headers, &uri, &shared.keys);
    answer(&shared, &place, caller.as_ref()).await
}

pub(super) async fn authenticated(
    State(shared): State<Arc<Shared>>,
    Path(place): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match authenticate::required(&headers, &uri, &shared.keys) {
        Ok(caller) => answer(&shared, &place, Some(&caller)).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn answer(
    shared: &Shared,
    (bucket, name): &(String, String),
    caller: Option<&Caller>,
) -> Response {
    match get(shared, bucket, name, caller).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn get(
    shared: &Shared,
    bucket: &str,
    name: &str,
    caller: Option<&Caller>,
) -> Result<Response, Refusal> {
    let mut client = shared.database.client().await?;
    let reading = database::begin(&mut client, Scope::Service, OPERATION).await?;
    let found = rows::bucket(&reading, bucket).await?;
    let found = found.ok_or_else(Refusal::no_such_bucket)?;
    match caller {
        _ if found.is_public => {}
        Some(caller) => database::enter(&reading, Scope::Caller(caller), OPERATION).await?,
        None => return Err(Refusal::no_such_bucket()),
    }
    key::check(name)?;
    let object = rows::find(&reading, bucket, name).await?;
    drop(reading);
    let object = object.ok_or_else(Refusal::no_such_key)?;
    let version = object.version.ok_or_else(Refusal::no_such_key)?;
    let bytes = shared.files.read(version).await;
    let bytes = bytes.map_err(|error| Refusal::no_files(&error))?;
    let mut response = bytes.ok_or_else(Refusal::no_such_key)?.into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, field) in [
        (header::CONTENT_TYPE, "mimetype"),
        (header::CACHE_CONTROL, "cacheControl"),
        (header::ETAG, "eTag"),
    ] {
        let value = object.metadata.get(field).and_then(Value::as_str);
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

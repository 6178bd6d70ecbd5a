//! `GET /storage/v1/bucket` and `…/bucket/{id}`: the buckets that the caller may read.

use super::authenticate;
use super::database::{self, Scope};
use super::refusal::Refusal;
use super::shared::Shared;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use std::sync::Arc;

const QUERY: &str = "select coalesce(jsonb_agg(jsonb_build_object('id', b.id, 'name', b.name, 'owner', coalesce(b.owner::text, ''), \
       'public', coalesce(b.public, false), 'file_size_limit', b.file_size_limit, 'allowed_mime_types', b.allowed_mime_types, \
       'created_at', b.created_at, 'updated_at', b.updated_at) order by b.name), '[]') \
     from storage.buckets b where $1::text is null or b.id = $1";

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match read(&shared, &uri, &headers, None).await {
        Ok(buckets) => Json(buckets).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

pub(super) async fn get(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let found = read(&shared, &uri, &headers, Some(&id)).await;
    let bucket = found.and_then(|mut buckets| buckets.pop().ok_or_else(Refusal::no_such_bucket));
    match bucket {
        Ok(bucket) => Json(bucket).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Reads buckets under the caller's row-level security.
async fn read(
    shared: &Shared,
    uri: &Uri,
    headers: &HeaderMap,
    id: Option<&str>,
) -> Result<Vec<Value>, Refusal> {
    let caller = authenticate::required(headers, uri, &shared.keys)?;
    let mut client = shared.database.client().await?;
    let reading =
        database::begin(&mut client, Scope::Caller(&caller), "storage.bucket.list").await?;
    let row = reading.query_one(QUERY, &[&id]).await;
    let row = row.map_err(|error| Refusal::database(&error))?;
    let buckets: Value = row.try_get(0).map_err(|error| Refusal::database(&error))?;
    Ok(buckets.as_array().cloned().unwrap_or_default())
}

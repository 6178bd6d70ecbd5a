//! `DELETE /storage/v1/object/{bucket}/{name}`: deletes the row with the caller's rights, then the bytes.

use super::database::{self, Scope};
use super::refusal::Refusal;
use super::shared::Shared;
use super::{authenticate, rows};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use std::sync::Arc;

const OPERATION: &str = "storage.object.delete";

pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    Path((bucket, name)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match remove(&shared, &bucket, &name, &uri, &headers).await {
        Ok(()) => axum::Json(json!({"message": "Successfully deleted"})).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn remove(
    shared: &Shared,
    bucket: &str,
    name: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    let caller = authenticate::required(headers, uri, &shared.keys)?;
    let mut client = shared.database.client().await?;
    let removal = database::begin(&mut client, Scope::Service, OPERATION).await?;
    rows::lock(&removal, bucket, name).await?;
    let object = rows::find(&removal, bucket, name).await?;
    let object = object.ok_or_else(Refusal::no_such_key)?;
    database::enter(&removal, Scope::Caller(&caller), OPERATION).await?;
    if !rows::delete(&removal, bucket, name).await? {
        return Err(Refusal::no_such_key());
    }
    let committed = removal.commit().await;
    committed.map_err(|error| Refusal::database(&error))?;
    if let Some(version) = object.version {
        shared.files.remove(version).await;
    }
    Ok(())
}

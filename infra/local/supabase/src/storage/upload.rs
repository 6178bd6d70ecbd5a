//! `POST` and `PUT /storage/v1/object/{bucket}/{name}`: stores an object.
//!
//! The caller's right is tested by writing the very row, which is rolled back; then the bytes are written, and then the
//! row by Storage itself. So no bytes are accepted without the right, and no row is without bytes.

use super::database::{self, Scope};
use super::refusal::Refusal;
use super::rows::{self, Bucket, Object};
use super::shared::Shared;
use super::{authenticate, key};
use crate::keys::Caller;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{SecondsFormat, Utc};
use deadpool_postgres::Client;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

const OPERATION: &str = "storage.object.upload";

pub(super) async fn post(
    State(shared): State<Arc<Shared>>,
    Path(place): Path<(String, String)>,
    request: Request,
) -> Response {
    let overwrites = text(request.headers(), "x-upsert") == Some("true");
    answer(&shared, &place, request, overwrites).await
}

pub(super) async fn put(
    State(shared): State<Arc<Shared>>,
    Path(place): Path<(String, String)>,
    request: Request,
) -> Response {
    answer(&shared, &place, request, true).await
}

async fn answer(
    shared: &Shared,
    (bucket, name): &(String, String),
    request: Request,
    overwrites: bool,
) -> Response {
    match store(shared, bucket, name, request, overwrites).await {
        Ok(id) => axum::Json(json!({"Id": id, "Key": format!("{bucket}/{name}")})).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn store(
    shared: &Shared,
    bucket: &str,
    name: &str,
    request: Request,
    overwrites: bool,
) -> Result<String, Refusal> {
    let (parts, body) = request.into_parts();
    let caller = authenticate::required(&parts.headers, &parts.uri, &shared.keys)?;
    let mut client = shared.database.client().await?;
    let own = database::begin(&mut client, Scope::Service, OPERATION).await?;
    let found = rows::bucket(&own, bucket).await?;
    drop(own);
    let found = found.ok_or_else(Refusal::no_such_bucket)?;
    let mime_type = text(&parts.headers, "content-type").unwrap_or("application/octet-stream");
    check_mime_type(mime_type, found.allowed_mime_types.as_deref())?;
    key::check(name)?;
    let tried = Object {
        bucket,
        name,
        owner: database::subject(&caller),
        version: "1".to_owned(),
        metadata: None,
    };
    try_to_write(&mut client, &caller, &tried, overwrites).await?;
    let bytes = read(body, &parts.headers, limit(&found, shared.file_size_limit)).await?;
    let version = Uuid::new_v4();
    let stored = shared.files.write(version, &bytes).await;
    stored.map_err(|error| Refusal::no_files(&error))?;
    let object = Object {
        version: version.to_string(),
        metadata: Some(metadata(&bytes, mime_type, &parts.headers)),
        ..tried
    };
    match complete(&mut client, &object).await {
        Ok((id, replaced)) => {
            if let Some(replaced) = replaced {
                shared.files.remove(replaced).await;
            }
            Ok(id)
        }
        Err(refusal) => {
            shared.files.remove(version).await;
            Err(refusal)
        }
    }
}

/// Tests the caller's right under row-level security and the keys of the table, and rolls back.
async fn try_to_write(
    client: &mut Client,
    caller: &Caller,
    object: &Object<'_>,
    overwrites: bool,
) -> Result<(), Refusal> {
    let trial = database::begin(client, Scope::Caller(caller), OPERATION).await?;
    if overwrites {
        rows::upsert(&trial, object).await?;
    } else {
        rows::insert(&trial, object).await?;
    }
    let undone = trial.rollback().await;
    undone.map_err(|error| Refusal::database(&error))
}

/// Writes the row; returns the object's id, and the version that it replaces.
async fn complete(
    client: &mut Client,
    object: &Object<'_>,
) -> Result<(String, Option<Uuid>), Refusal> {
    let own = database::begin(client, Scope::Service, OPERATION).await?;
    rows::lock(&own, object.bucket, object.name).await?;
    let before = rows::find(&own, object.bucket, object.name).await?;
    let id = rows::upsert(&own, object).await?;
    let committed = own.commit().await;
    committed.map_err(|error| Refusal::database(&error))?;
    Ok((id, before.and_then(|before| before.version)))
}

fn limit(bucket: &Bucket, of_all: usize) -> usize {
    let own = bucket.file_size_limit;
    own.and_then(|own| usize::try_from(own).ok())
        .map_or(of_all, |own| own.min(of_all))
}

async fn read(body: Body, headers: &HeaderMap, limit: usize) -> Result<Bytes, Refusal> {
    let announced = text(headers, "content-length").and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(Refusal::too_large());
    }
    // A body that ends within the limit was cut off by the caller, who reads no answer.
    let read = axum::body::to_bytes(body, limit).await;
    read.map_err(|_| match announced {
        None => Refusal::too_large(),
        Some(_) => Refusal::body_broke_off(),
    })
}

fn check_mime_type(mime_type: &str, allowed: Option<&[String]>) -> Result<(), Refusal> {
    if mime_type.starts_with("multipart/form-data") {
        return Err(Refusal::no_forms());
    }
    let Some(allowed) = allowed else {
        return Ok(());
    };
    let kind = mime_type.split('/').next().unwrap_or_default();
    let fits = |allowed: &String| {
        allowed == mime_type || allowed.strip_suffix("/*").is_some_and(|any| any == kind)
    };
    match allowed.iter().any(fits) {
        true => Ok(()),
        false => Err(Refusal::invalid_mime_type(mime_type)),
    }
}

fn metadata(bytes: &[u8], mime_type: &str, headers: &HeaderMap) -> Value {
    json!({
        "eTag": format!("\"{}\"", hex(&Md5::digest(bytes))),
        "size": bytes.len(),
        "contentLength": bytes.len(),
        "mimetype": mime_type,
        "cacheControl": text(headers, header::CACHE_CONTROL.as_str()).unwrap_or("no-cache"),
        "lastModified": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
        "httpStatusCode": 200,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

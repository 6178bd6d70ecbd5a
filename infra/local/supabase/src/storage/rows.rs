//! The rows of buckets and objects.

use super::refusal::Refusal;
use deadpool_postgres::Transaction;
use serde_json::Value;
use uuid::Uuid;

/// The columns of a bucket that requests require.
pub(super) struct Bucket {
    pub(super) is_public: bool,
    pub(super) file_size_limit: Option<i64>,
    pub(super) allowed_mime_types: Option<Vec<String>>,
}

/// The columns of an object's row to write.
pub(super) struct Object<'a> {
    pub(super) bucket: &'a str,
    pub(super) name: &'a str,
    pub(super) owner: Option<&'a str>,
    pub(super) version: String,
    pub(super) metadata: Option<Value>,
}

/// The columns of an object that requests require.
pub(super) struct Found {
    /// The version of its bytes; none if the row contains another text.
    pub(super) version: Option<Uuid>,
    pub(super) metadata: Value,
}

const INSERT: &str = "insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata) \
    values ($1, $2, $3::text::uuid, $4, $5, $6::text::jsonb)";
const OVERWRITE: &str = " on conflict (bucket_id, name) do update set owner = excluded.owner, \
    owner_id = excluded.owner_id, version = excluded.version, metadata = excluded.metadata returning id::text";

pub(super) async fn bucket(
    transaction: &Transaction<'_>,
    id: &str,
) -> Result<Option<Bucket>, Refusal> {
    let query = "select coalesce(public, false) as public, file_size_limit, allowed_mime_types \
                   from storage.buckets where id = $1";
    let row = transaction
        .query_opt(query, &[&id])
        .await
        .map_err(refused)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Bucket {
        is_public: row.try_get("public").map_err(refused)?,
        file_size_limit: row.try_get("file_size_limit").map_err(refused)?,
        allowed_mime_types: row.try_get("allowed_mime_types").map_err(refused)?,
    }))
}

/// Inserts a row. It returns nothing, so that the right to insert is enough.
pub(super) async fn insert(
    transaction: &Transaction<'_>,
    object: &Object<'_>,
) -> Result<(), Refusal> {
    write(transaction, INSERT, object).await.map(|_| ())
}

/// Inserts or updates a row and returns its id. The rights to read and to update are required too.
pub(super) async fn upsert(
    transaction: &Transaction<'_>,
    object: &Object<'_>,
) -> Result<String, Refusal> {
    let id = write(transaction, &format!("{INSERT}{OVERWRITE}"), object).await?;
    Ok(id.unwrap_or_default())
}

async fn write(
    transaction: &Transaction<'_>,
    statement: &str,
    object: &Object<'_>,
) -> Result<Option<String>, Refusal> {
    // A token's subject need not be a person's id.
    let owner = object.owner.filter(|owner| Uuid::parse_str(owner).is_ok());
    let metadata = object.metadata.as_ref().map(Value::to_string);
    let row = transaction
        .query_opt(
            statement,
            &[
                &object.bucket,
                &object.name,
                &owner,
                &object.owner,
                &object.version,
                &metadata,
            ],
        )
        .await
        .map_err(refused)?;
    row.map(|row| row.try_get(0).map_err(refused)).transpose()
}

pub(super) async fn find(
    transaction: &Transaction<'_>,
    bucket: &str,
    name: &str,
) -> Result<Option<Found>, Refusal> {
    let query = "select version, coalesce(metadata, '{}') as metadata \
                   from storage.objects where bucket_id = $1 and name = $2";
    let row = transaction
        .query_opt(query, &[&bucket, &name])
        .await
        .map_err(refused)?;
    let Some(row) = row else { return Ok(None) };
    let version: Option<String> = row.try_get("version").map_err(refused)?;
    Ok(Some(Found {
        version: version.and_then(|version| Uuid::parse_str(&version).ok()),
        metadata: row.try_get("metadata").map_err(refused)?,
    }))
}

/// Deletes a row; returns true if there was one that this transaction may delete.
pub(super) async fn delete(
    transaction: &Transaction<'_>,
    bucket: &str,
    name: &str,
) -> Result<bool, Refusal> {
    let statement = "delete from storage.objects where bucket_id = $1 and name = $2 returning id";
    let deleted = transaction.query(statement, &[&bucket, &name]).await;
    Ok(!deleted.map_err(refused)?.is_empty())
}

/// Serializes the writers of one object.
pub(super) async fn lock(
    transaction: &Transaction<'_>,
    bucket: &str,
    name: &str,
) -> Result<(), Refusal> {
    let statement =
        "select pg_advisory_xact_lock(hashtextextended($1::text || '/' || $2::text, 0))";
    let locked = transaction.execute(statement, &[&bucket, &name]).await;
    locked.map(|_| ()).map_err(refused)
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn refused(error: tokio_postgres::Error) -> Refusal {
    Refusal::database(&error)
}

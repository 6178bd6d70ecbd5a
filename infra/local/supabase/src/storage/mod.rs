//! The objects of Supabase Storage at `/storage/v1/object` (put, get, delete), and its buckets (read only).
//!
//! Nothing here decides about permissions. An object's metadata is a row of `storage.objects`, written and read with
//! the caller's role and claims, so row-level security allows or refuses; its bytes are a file that only the row's
//! version names. `fidelity/storage.md` describes the original and the differences.

mod authenticate;
mod buckets;
mod bytes;
mod database;
mod download;
mod key;
mod refusal;
mod removal;
mod rows;
mod shared;
mod upload;

use crate::keys::ProjectKeys;
use axum::{Router, routing};
use shared::Shared;
use std::{path::PathBuf, sync::Arc};

/// The largest object of any bucket, in bytes: the original's default, 50 MiB.
const FILE_SIZE_LIMIT: usize = 50 * 1024 * 1024;

/// Configuration of Storage.
#[derive(Clone)]
pub struct StorageConfig {
    /// The database's address, as role `supabase_storage_admin`; a `postgres://` URL.
    pub database_url: String,
    /// The folder of the bytes; created with the first object.
    pub folder: PathBuf,
    /// The keys of the project.
    pub keys: ProjectKeys,
    /// The largest object of any bucket, in bytes; a bucket's own limit can only be smaller.
    pub file_size_limit: usize,
}

impl StorageConfig {
    /// Creates a configuration with the original's default limit, 50 MiB.
    #[must_use]
    pub fn new(database_url: String, folder: PathBuf, keys: ProjectKeys) -> Self {
        Self {
            database_url,
            folder,
            keys,
            file_size_limit: FILE_SIZE_LIMIT,
        }
    }
}

/// A running Storage. [`Storage::stop`] closes its connections, so that a database can be dropped.
pub struct Storage {
    shared: Arc<Shared>,
}

impl Storage {
    /// Prepares Storage without a connection.
    ///
    /// # Errors
    /// The database address cannot be parsed.
    pub fn start(config: StorageConfig) -> anyhow::Result<Self> {
        let database = database::Database::new(&config.database_url)?;
        Ok(Self {
            shared: Arc::new(Shared {
                keys: config.keys,
                file_size_limit: config.file_size_limit,
                database,
                files: bytes::Files::new(config.folder),
            }),
        })
    }

    /// Returns the routes: objects below `/storage/v1/object`, buckets at `/storage/v1/bucket`.
    pub fn router(&self) -> Router {
        let object = routing::get(download::public_or_authenticated)
            .post(upload::post)
            .put(upload::put)
            .delete(removal::delete);
        Router::new()
            .route("/storage/v1/bucket", routing::get(buckets::list))
            .route("/storage/v1/bucket/{id}", routing::get(buckets::get))
            .route("/storage/v1/object/{bucket}/{*name}", object)
            .route(
                "/storage/v1/object/authenticated/{bucket}/{*name}",
                routing::get(download::authenticated),
            )
            .with_state(Arc::clone(&self.shared))
    }

    /// Closes every connection.
    pub fn stop(&self) {
        self.shared.database.close();
    }
}

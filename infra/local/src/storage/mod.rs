//! The objects of Supabase Storage at `/storage/v1/object`: put, get, delete; and its buckets, to be read.
//!
//! The one thing to know: nothing here decides what a caller may do. What is known of an object is a row of
//! `storage.objects`, tried and read as the caller's role with the caller's claims, so row-level security lets in or
//! refuses; its bytes are a file that only the row's version names.
//! What the original does, and where this differs: `fidelity/storage.md`.

mod buckets;
mod bytes;
mod database;
mod download;
mod key;
mod refusal;
mod removal;
mod rows;
mod upload;
mod who;

use crate::keys::ProjectKeys;
use axum::{Router, routing};
use std::{path::PathBuf, sync::Arc};

/// The most bytes that an object of any bucket may have: the original's default, 50 MiB.
const FILE_SIZE_LIMIT: usize = 50 * 1024 * 1024;

/// What Storage needs to know.
#[derive(Clone)]
pub struct StorageConfig {
    /// Where the database is, as role `supabase_storage_admin`; a `postgres://` address.
    pub database_url: String,
    /// Where the bytes are kept; made when the first object comes.
    pub folder: PathBuf,
    /// The keys of the project.
    pub keys: ProjectKeys,
    /// The most bytes that an object of any bucket may have; a bucket's own limit can only be smaller.
    pub file_size_limit: usize,
}

impl StorageConfig {
    /// With the original's default limit, 50 MiB.
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

struct Shared {
    keys: ProjectKeys,
    file_size_limit: usize,
    database: database::Database,
    files: bytes::Files,
}

impl Storage {
    /// Prepares it. Connects to nothing yet.
    ///
    /// # Errors
    /// When the database address cannot be read.
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

    /// The routes: objects below `/storage/v1/object`, buckets at `/storage/v1/bucket`.
    pub fn router(&self) -> Router {
        let object = routing::get(download::whoever_asks)
            .post(upload::post)
            .put(upload::put)
            .delete(removal::delete);
        Router::new()
            .route("/storage/v1/bucket", routing::get(buckets::list))
            .route("/storage/v1/bucket/{id}", routing::get(buckets::get))
            .route("/storage/v1/object/{bucket}/{*name}", object)
            .route(
                "/storage/v1/object/authenticated/{bucket}/{*name}",
                routing::get(download::who_has_a_token),
            )
            .with_state(Arc::clone(&self.shared))
    }

    /// Closes every connection.
    pub fn stop(&self) {
        self.shared.database.close();
    }
}

//! Configuration of the REST surface.

use crate::keys::ProjectKeys;
use std::time::Duration;

/// Configuration of the REST surface.
#[derive(Clone)]
pub struct RestConfig {
    /// The database's address, as role `authenticator`; a `postgres://` URL.
    pub database_url: String,
    /// The schemas that callers can reach; the first is the default.
    pub schemas: Vec<String>,
    /// The schemas searched after that of the request, for types and operators of extensions.
    pub extra_search_path: Vec<String>,
    /// The largest number of connections.
    pub pool_size: usize,
    /// The time that a request waits for a connection before it is answered `PGRST003`.
    pub pool_wait: Duration,
    /// The largest body of a function call, in bytes.
    pub body_limit: usize,
    /// The keys of the project.
    pub keys: ProjectKeys,
}

impl RestConfig {
    /// Creates a configuration with the usual sizes: 10 connections, 10 seconds, 1 MB.
    #[must_use]
    pub fn new(database_url: &str, schemas: &[&str], keys: ProjectKeys) -> Self {
        Self {
            database_url: database_url.to_owned(),
            schemas: schemas.iter().map(|&schema| schema.to_owned()).collect(),
            extra_search_path: vec!["public".to_owned(), "extensions".to_owned()],
            pool_size: 10,
            pool_wait: Duration::from_secs(10),
            body_limit: 1_000_000,
            keys,
        }
    }
}

//! The REST surface at `/rest/v1`: PostgREST as Supabase puts it behind its gateway.
//!
//! Functions (`/rest/v1/rpc/…`) are served here, one pipelined transaction per request; tables and views are served by
//! postrust. Nothing here decides about permissions: the gateway selects a role, the transaction takes it, and Postgres
//! allows or refuses. `fidelity/postgrest.md` describes the original and the differences.

mod call;
mod error;
mod figures;
mod overload;
mod parameters;
mod pool;
mod reply;
mod routine;
mod rpc;
mod serve;
mod tables;
mod transaction;

pub use figures::{Call, Calls};
pub use serve::serve;

use crate::keys::ProjectKeys;
use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use std::{sync::Arc, time::Duration};

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

/// A running REST surface. Dropping it leaves its connections to end with the process; [`Rest::stop`] closes them, so
/// that a database can be dropped.
pub struct Rest {
    shared: Arc<Shared>,
    listener: tokio::task::JoinHandle<()>,
}

struct Shared {
    config: RestConfig,
    pool: pool::Pool,
    routines: routine::Cache,
    tables: tables::Tables,
    figures: figures::Figures,
}

impl Rest {
    /// Prepares the surface without a connection, so that it may start before Postgres.
    ///
    /// # Errors
    /// The database address cannot be parsed or no schema is exposed.
    pub fn start(config: RestConfig) -> anyhow::Result<Self> {
        anyhow::ensure!(
            !config.schemas.is_empty(),
            "name at least one exposed schema"
        );
        let shared = Arc::new(Shared {
            pool: pool::Pool::new(&config)?,
            routines: routine::Cache::default(),
            tables: tables::Tables::default(),
            figures: figures::Figures::default(),
            config,
        });
        let listener = pool::reload_on_notification(Arc::clone(&shared));
        Ok(Self { shared, listener })
    }

    /// Returns the routes: everything below `/rest/v1`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/rest/v1/rpc/{function}", axum::routing::any(rpc::answer))
            .route("/rest/v1/", axum::routing::any(answer_table))
            .route("/rest/v1/{*path}", axum::routing::any(answer_table))
            .with_state(Arc::clone(&self.shared))
    }

    /// Returns the calls so far: by function, and `(tables)` for everything else.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.shared.figures.calls()
    }

    /// Makes every connection report its statistics to Postgres, which a session otherwise may delay for ten seconds.
    /// One transaction for each connection.
    ///
    /// # Errors
    /// Postgres does not answer.
    pub async fn flush_statistics(&self) -> anyhow::Result<()> {
        self.shared.pool.flush_statistics().await
    }

    /// Closes every connection.
    pub async fn stop(self) {
        self.listener.abort();
        self.shared.pool.close();
        self.shared.tables.close().await;
    }
}

async fn answer_table(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let began = std::time::Instant::now();
    let answer = match tables::answer(&shared, request).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    };
    shared.figures.note(figures::TABLES, began, Duration::ZERO);
    answer
}

//! The REST surface at `/rest/v1`: PostgREST as Supabase puts it behind its gateway.
//!
//! Functions (`/rest/v1/rpc/…`) are served here, one pipelined transaction per request; tables and views are served by
//! postrust. Nothing here decides about permissions: the gateway selects a role, the transaction takes it, and Postgres
//! allows or refuses. `fidelity/postgrest.md` describes the original and the differences.

mod call;
mod config;
mod error;
mod figures;
mod overload;
mod parameters;
mod pool;
mod reload;
mod reply;
mod routine;
mod rpc;
mod serve;
mod shared;
mod table_server;
mod tables;
mod transaction;

pub use config::RestConfig;
pub use figures::{Call, Calls};
pub use serve::serve;

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use shared::Shared;
use std::{sync::Arc, time::Duration};

/// A running REST surface. Dropping it leaves its connections to end with the process; [`Rest::stop`] closes them, so
/// that a database can be dropped.
pub struct Rest {
    shared: Arc<Shared>,
    listener: tokio::task::JoinHandle<()>,
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
            tables: table_server::Tables::default(),
            figures: figures::Figures::default(),
            config,
        });
        let listener = reload::reload_on_notification(Arc::clone(&shared));
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

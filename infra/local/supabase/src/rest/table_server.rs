//! postrust, which serves tables and views.
//!
//! It is started at the first request for a table: most stacks of tests have none, and reading the whole schema takes
//! longer than starting them.

use super::config::RestConfig;
use axum::Router;
use postrust_server::{AppState, Builder, Host};
use secrecy::ExposeSecret as _;
use std::sync::Arc;
use tokio::sync::OnceCell;

#[derive(Default)]
pub(super) struct Tables(OnceCell<Served>);

pub(super) struct Served {
    pub(super) router: Router,
    state: Arc<AppState>,
}

impl Tables {
    /// Returns postrust, which the first call starts.
    pub(super) async fn served(&self, config: &RestConfig) -> anyhow::Result<&Served> {
        self.0.get_or_try_init(|| build(config)).await
    }

    /// Reads the schema again, if it was ever read.
    pub(super) async fn reload(&self) {
        let Some(served) = self.0.get() else { return };
        if let Err(error) = served.state.reload_schema().await {
            tracing::warn!(%error, "the schema could not be read again; tables are served as they were");
        }
    }

    pub(super) async fn close(&self) {
        if let Some(served) = self.0.get() {
            served.state.pool.close().await;
        }
    }
}

async fn build(config: &RestConfig) -> anyhow::Result<Served> {
    let pool_size = config.pool_size.to_string();
    let pool_wait = config.pool_wait.as_secs().max(1).to_string();
    let schemas = config.schemas.join(",");
    let extra_search_path = config.extra_search_path.join(",");
    let keys = config.keys.verifying_key_set();
    let settings = [
        ("PGRST_COMPAT_MODE", "true"),
        ("PGRST_DB_URI", &config.database_url),
        ("PGRST_DB_SCHEMAS", &schemas),
        ("PGRST_DB_EXTRA_SEARCH_PATH", &extra_search_path),
        ("PGRST_DB_ANON_ROLE", "anon"),
        ("PGRST_DB_POOL", &pool_size),
        ("PGRST_DB_POOL_TIMEOUT", &pool_wait),
        ("PGRST_JWT_SECRET", keys.expose_secret()),
        // The stack listens itself, so that one connection serves both halves.
        ("PGRST_DB_CHANNEL_ENABLED", "false"),
    ];
    let settings = postrust_core::AppConfig::try_from_vars(settings)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let app = Builder::new(settings, Host::SERVER).build().await?;
    Ok(Served {
        router: app.router,
        state: app.state,
    })
}

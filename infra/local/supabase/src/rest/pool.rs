//! The connections to Postgres, all as `authenticator`.
//!
//! A broken connection is replaced at its next use, so a restart of Postgres costs the running requests and no restart
//! here.

use super::{config::RestConfig, error::Error};
use anyhow::Context as _;
use deadpool_postgres::{
    Client, Manager, ManagerConfig, PoolError, QueueMode, RecyclingMethod, Runtime,
};
use tokio_postgres::{Config, NoTls};

pub(super) struct Pool(deadpool_postgres::Pool);

impl Pool {
    pub(super) fn new(config: &RestConfig) -> anyhow::Result<Self> {
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(database(config)?, NoTls, recycling);
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(config.pool_size)
            // The one used last first, since its plans are cached: a function's first call on a connection takes many
            // times as long as its tenth.
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(config.pool_wait))
            .create_timeout(Some(config.pool_wait))
            .runtime(Runtime::Tokio1)
            .build()?;
        Ok(Self(pool))
    }

    pub(super) async fn get(&self) -> Result<Client, Error> {
        self.0.get().await.map_err(|error| match error {
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => Error::pool_timeout(),
            PoolError::Backend(error) => Error::connection(&error),
            other => Error::connection(&other),
        })
    }

    /// Flushes the statistics of all connections at once, so that each is reached.
    pub(super) async fn flush_statistics(&self) -> anyhow::Result<()> {
        let mut connections = Vec::new();
        for _ in 0..self.0.status().size {
            connections.push(self.0.get().await?);
        }
        for connection in &connections {
            connection
                .simple_query("select pg_catalog.pg_stat_force_next_flush()")
                .await?;
        }
        Ok(())
    }

    pub(super) fn close(&self) {
        self.0.close();
    }
}

pub(super) fn database(config: &RestConfig) -> anyhow::Result<Config> {
    let mut database: Config = config
        .database_url
        .parse()
        .context("the database address of the REST surface cannot be read")?;
    database.application_name("goalpost-rest");
    Ok(database)
}

//! Storage's connections, and transactions with a caller's rights.
//!
//! All connections are opened as `supabase_storage_admin`, which has no rights of its own on a caller's behalf: each
//! transaction takes the caller's role and claims, or `service_role` where the original acts by itself.

use super::refusal::Refusal;
use crate::keys::Caller;
use anyhow::Context as _;
use deadpool_postgres::{Client, Manager, ManagerConfig, RecyclingMethod, Runtime, Transaction};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_postgres::{Config, NoTls};

/// The time that a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECTIONS: usize = 5;
/// Sets a transaction's claims, role first, so that the role's rights apply to the following settings. The last one
/// allows deleting rows through Storage.
const SCOPE: &str = "select set_config('role', $1, true), set_config('request.jwt.claim.role', $1, true), \
    set_config('request.jwt.claims', $2, true), set_config('request.jwt.claim.sub', $3, true), \
    set_config('storage.operation', $4, true), set_config('storage.allow_delete_query', 'true', true), \
    set_config('statement_timeout', '30s', true)";

pub(super) struct Database(deadpool_postgres::Pool);

/// The rights with which a transaction runs.
#[derive(Clone, Copy)]
pub(super) enum Scope<'a> {
    /// The caller's rights, under row-level security.
    Caller(&'a Caller),
    /// The rights of `service_role`, without row-level security: for Storage's own reads and writes.
    Service,
}

impl Database {
    pub(super) fn new(url: &str) -> anyhow::Result<Self> {
        let mut config: Config = url
            .parse()
            .context("the database address of storage cannot be read")?;
        config.application_name("goalpost-storage");
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let pool = deadpool_postgres::Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(CONNECTIONS)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .runtime(Runtime::Tokio1)
            .build()?;
        Ok(Self(pool))
    }

    pub(super) async fn client(&self) -> Result<Client, Refusal> {
        let client = self.0.get().await;
        client.map_err(|error| Refusal::no_database(&error))
    }

    pub(super) fn close(&self) {
        self.0.close();
    }
}

/// Begins a transaction with the rights of `scope`. Dropped, it is rolled back.
pub(super) async fn begin<'a>(
    client: &'a mut Client,
    scope: Scope<'_>,
    operation: &str,
) -> Result<Transaction<'a>, Refusal> {
    let transaction = client.transaction().await;
    let transaction = transaction.map_err(|error| Refusal::database(&error))?;
    enter(&transaction, scope, operation).await?;
    Ok(transaction)
}

/// Continues a transaction with other rights.
pub(super) async fn enter(
    transaction: &Transaction<'_>,
    scope: Scope<'_>,
    operation: &str,
) -> Result<(), Refusal> {
    let (role, claims, subject) = match scope {
        Scope::Caller(caller) => (
            caller.role.as_str(),
            Value::Object(caller.claims.clone()),
            subject(caller).unwrap_or_default(),
        ),
        Scope::Service => ("service_role", json!({"role": "service_role"}), ""),
    };
    transaction
        .execute(SCOPE, &[&role, &claims.to_string(), &subject, &operation])
        .await
        .map_err(|error| Refusal::database(&error))?;
    Ok(())
}

/// Returns the person of the token, if it belongs to one.
pub(super) fn subject(caller: &Caller) -> Option<&str> {
    caller.claims.get("sub").and_then(Value::as_str)
}

//! Storage's connections, and a transaction as somebody.
//!
//! The one thing to know: all are opened as `supabase_storage_admin`, which has no rights of its own on a caller's
//! behalf: each transaction takes the caller's role and claims, or `service_role` where the original acts by itself.

use super::refusal::Refusal;
use crate::keys::Caller;
use anyhow::Context as _;
use deadpool_postgres::{Client, Manager, ManagerConfig, RecyclingMethod, Runtime, Transaction};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_postgres::{Config, NoTls};

/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECTIONS: usize = 5;
/// A transaction's claims, role first: what follows is said by whoever has it. The last lets rows be deleted that are
/// deleted through here.
const SCOPE: &str = "select set_config('role', $1, true), set_config('request.jwt.claim.role', $1, true), \
    set_config('request.jwt.claims', $2, true), set_config('request.jwt.claim.sub', $3, true), \
    set_config('storage.operation', $4, true), set_config('storage.allow_delete_query', 'true', true), \
    set_config('statement_timeout', '30s', true)";

pub(super) struct Database(deadpool_postgres::Pool);

/// On whose behalf a transaction runs.
#[derive(Clone, Copy)]
pub(super) enum Scope<'a> {
    /// Row-level security decides.
    Caller(&'a Caller),
    /// Row-level security is passed by: for what Storage has to know or write itself.
    Itself,
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

/// Begins a transaction as somebody. Dropped, it is rolled back.
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

/// Goes on as somebody else.
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
        Scope::Itself => ("service_role", json!({"role": "service_role"}), ""),
    };
    transaction
        .execute(SCOPE, &[&role, &claims.to_string(), &subject, &operation])
        .await
        .map_err(|error| Refusal::database(&error))?;
    Ok(())
}

/// Who the token is of, if it is of a person.
pub(super) fn subject(caller: &Caller) -> Option<&str> {
    caller.claims.get("sub").and_then(Value::as_str)
}

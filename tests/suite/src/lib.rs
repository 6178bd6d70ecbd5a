//! Shared parts of the system tests: a fresh database per test, people and workers in their real roles.
//!
//! Nothing here sleeps or retries. A test that needs time to pass replaces the clock function in its own database; a
//! test in which two sessions meet waits until Postgres reports that one waits for the other.

#![expect(
    clippy::indexing_slicing,
    reason = "serde_json's indexing gives null for what is not there"
)]

pub mod catalog;
pub mod command;
pub mod contract;
pub mod node;
pub mod python;
pub mod scenario;
pub mod stacks;

pub use harness::people;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use local_stack::postgres::{Server, database, pgtap};
use serde_json::{Value, json};
use tokio_postgres::Client;

/// Returns the folder of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap_or_else(|| Path::new("."))
        .to_owned()
}

/// Database of one test: a clone of the migrated template, with no data except that of migrations.
pub struct Database {
    server: &'static Server,
    name: String,
}

impl Database {
    /// Clones the template.
    ///
    /// # Errors
    /// Postgres cannot be set up or started; the message contains the remedy.
    pub async fn fresh() -> anyhow::Result<Self> {
        let server = Server::shared_by_tests().await?;
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        database::create_from_template(server, &name).await?;
        Ok(Self { server, name })
    }

    /// Returns the server of the database.
    #[must_use]
    pub fn server(&self) -> &'static Server {
        self.server
    }

    /// Returns the name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens a session of its owner, the role that migrations run as.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn owner(&self) -> anyhow::Result<Session> {
        let client = self.server.connect("postgres", &self.name).await?;
        Session::new(client).await
    }

    /// Opens a session with exactly the rights of the functions.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn worker(&self) -> anyhow::Result<Session> {
        let client = self.server.connect("authenticator", &self.name).await?;
        client.batch_execute("set role goalpost_worker").await?;
        Session::new(client).await
    }

    /// Opens a session of a signed-in person.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn person(&self, user_id: &str) -> anyhow::Result<Session> {
        let client = self.server.connect("authenticator", &self.name).await?;
        let claims = serde_json::json!({"sub": user_id, "role": "authenticated"}).to_string();
        client
            .execute(
                "select set_config('request.jwt.claims', $1, false)",
                &[&claims],
            )
            .await?;
        client.batch_execute("set role authenticated").await?;
        Session::new(client).await
    }

    /// Advances the database's clock for every session from now on; all code reads this clock.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn move_clock(&self, by: &str) -> anyhow::Result<()> {
        let owner = self.owner().await?;
        owner.run(&clock_sql(by)).await
    }
}

/// Runs the set-up of the pgTAP files in a database, so that the schema `tests` is there.
///
/// # Errors
/// A file of the set-up fails.
pub async fn set_up_pgtap(server: &Server, database: &str) -> anyhow::Result<()> {
    for file in pgtap::setup_files(&workspace())? {
        let report = pgtap::run_file(server, database, &file).await?;
        anyhow::ensure!(
            report.passed(),
            "{}: {}",
            file.display(),
            report.failures.join("; ")
        );
    }
    Ok(())
}

/// Returns the event with which a schedule of EventBridge invokes a function.
#[must_use]
pub fn schedule_tick(function: &str) -> Value {
    json!({
        "version": "0", "id": "tick", "detail-type": "Scheduled Event", "source": "aws.events",
        "account": "000000000000", "time": "2026-11-22T00:00:00Z", "region": "local",
        "resources": [format!("arn:aws:events:local:000000000000:rule/{function}")], "detail": {},
    })
}

/// Returns the SQL of a clock function this far ahead of the machine's.
#[must_use]
pub fn clock_sql(ahead: &str) -> String {
    format!(
        "create or replace function goalpost_private.clock() returns timestamptz
         language sql volatile set search_path = ''
         as $$ select clock_timestamp() + interval '{ahead}' $$"
    )
}

/// Connection with its process id, so that another can wait until this one waits for a lock.
pub struct Session {
    client: Client,
    process_id: i32,
}

impl Session {
    async fn new(client: Client) -> anyhow::Result<Self> {
        let process_id = client
            .query_one("select pg_backend_pid()", &[])
            .await?
            .get(0);
        Ok(Self { client, process_id })
    }

    /// Returns the server's process for this session.
    #[must_use]
    pub fn process_id(&self) -> i32 {
        self.process_id
    }

    /// Runs statements and discards their results.
    ///
    /// # Errors
    /// Any refusal by Postgres.
    pub async fn run(&self, sql: &str) -> anyhow::Result<()> {
        self.client
            .batch_execute(sql)
            .await
            .with_context(|| sql.to_owned())
    }

    /// Runs a query of one column and at most one row, as JSON; null when there is no row.
    ///
    /// # Errors
    /// Any refusal by Postgres; [`sqlstate`] returns its code.
    pub async fn json(&self, sql: &str) -> anyhow::Result<Value> {
        let row = self
            .client
            .query_opt(&format!("select to_jsonb(x) from ({sql}) q (x)"), &[])
            .await?;
        Ok(row
            .and_then(|row| row.get::<_, Option<Value>>(0))
            .unwrap_or(Value::Null))
    }

    /// Calls a function with JSON-able arguments by name: `call("goalpost.cancel_goal", &json!({"p_goal_id": 1}))`.
    ///
    /// # Errors
    /// Any refusal by Postgres; [`sqlstate`] returns its code.
    pub async fn call(&self, function: &str, arguments: &Value) -> anyhow::Result<Value> {
        let named = arguments
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| format!("{name} => {}", literal(value)))
            .collect::<Vec<_>>()
            .join(", ");
        self.json(&format!("select {function}({named})")).await
    }

    /// Waits until that session waits for a lock: the point at which two transactions have met.
    ///
    /// # Errors
    /// It does not within 20 seconds.
    pub async fn until_blocked(&self, other: i32) -> anyhow::Result<()> {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while std::time::Instant::now() < deadline {
            let blocked = self
                .client
                .query_one("select cardinality(pg_blocking_pids($1)) > 0", &[&other])
                .await?;
            if blocked.get(0) {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
        anyhow::bail!("session {other} never waited for a lock")
    }
}

/// Returns the SQLSTATE of a refusal, if the error came from Postgres.
#[must_use]
pub fn sqlstate(error: &anyhow::Error) -> Option<String> {
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<tokio_postgres::Error>())
        .and_then(tokio_postgres::Error::code)
        .map(|code| code.code().to_owned())
}

fn literal(value: &Value) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) if items.iter().all(Value::is_string) && !items.is_empty() => {
            format!(
                "array[{}]",
                items.iter().map(literal).collect::<Vec<_>>().join(", ")
            )
        }
        Value::Array(_) | Value::Object(_) => format!("{}::jsonb", quoted(&value.to_string())),
    }
}

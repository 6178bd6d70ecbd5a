//! Connection in a role, and its calls.
//!
//! All statements of a racer are sent before the race starts. The first of them waits at the barrier inside Postgres,
//! so no client stands between the start and the call.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use futures::future::{join_all, join3};
use serde_json::{Value, json};
use tokio_postgres::{Client, Statement};

use local_stack::postgres::Server;

/// Waits until the holder of the barrier releases it. The end of the statement releases the lock.
const AT_THE_BARRIER: &str = "select pg_advisory_xact_lock_shared(1)::text";
/// Delay far below a millisecond, which `pg_sleep` cannot do.
const COUNT: &str = "select count(*) from generate_series(1, $1::integer)";

/// Identity of a session.
#[derive(Debug, Clone, Copy)]
pub(super) enum SessionRole<'a> {
    /// Role of migrations and of pg_cron's jobs.
    Owner,
    /// Superuser of the server, which copies trees.
    Superuser,
    /// Role of the functions.
    Worker,
    /// Signed-in person.
    Person(&'a str),
}

/// Statement with one JSON argument.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) sql: &'static str,
    pub(super) argument: Value,
}

/// Reply of a call.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// Returned value.
    Gave(Value),
    /// Refusal by Postgres.
    Refused { code: String, message: String },
}

impl Reply {
    /// Returns a field of the value; null if there is none.
    pub(super) fn field(&self, name: &str) -> &Value {
        match self {
            Self::Gave(value) => value.get(name).unwrap_or(&Value::Null),
            Self::Refused { .. } => &Value::Null,
        }
    }

    /// Returns the same field as text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.field(name).as_str().unwrap_or_default()
    }

    /// Returns the SQLSTATE of a refusal.
    pub(super) fn refusal(&self) -> Option<&str> {
        match self {
            Self::Gave(_) => None,
            Self::Refused { code, .. } => Some(code),
        }
    }

    /// Returns the verdicts of the reply as (run, step, verdict).
    pub(super) fn verdicts(&self) -> Vec<(i64, String, String)> {
        let outcomes = self.field("outcomes").as_array();
        outcomes
            .into_iter()
            .flatten()
            .map(|outcome| {
                let text = |name| {
                    outcome
                        .get(name)
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned()
                };
                let run_id = outcome
                    .get("run_id")
                    .and_then(Value::as_i64)
                    .unwrap_or_default();
                (run_id, text("step_key"), text("verdict"))
            })
            .collect()
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gave(value) => {
                let text: String = value.to_string().chars().take(600).collect();
                write!(f, "{text}")
            }
            Self::Refused { code, message } => write!(f, "{code} {message}"),
        }
    }
}

/// Connection in a role.
pub(super) struct Session {
    client: Client,
    pub(super) process_id: i32,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl Session {
    /// Opens the connection.
    pub(super) async fn open(
        server: &Server,
        database: &str,
        who: SessionRole<'_>,
    ) -> anyhow::Result<Self> {
        let login = match who {
            SessionRole::Owner => "postgres",
            SessionRole::Superuser => local_stack::postgres::SUPERUSER,
            SessionRole::Worker | SessionRole::Person(_) => "authenticator",
        };
        let client = server.connect(login, database).await?;
        match who {
            SessionRole::Owner | SessionRole::Superuser => {}
            SessionRole::Worker => client.batch_execute("set role goalpost_worker").await?,
            SessionRole::Person(id) => {
                let claims = json!({"sub": id, "role": "authenticated"}).to_string();
                let set = "select set_config('request.jwt.claims', $1, false)";
                client.execute(set, &[&claims]).await?;
                client.batch_execute("set role authenticated").await?;
            }
        }
        let row = client.query_one("select pg_backend_pid()", &[]).await?;
        Ok(Self {
            process_id: row.try_get(0)?,
            client,
            statements: Mutex::default(),
        })
    }

    /// Runs statements outside of races.
    pub(super) async fn run(&self, sql: &str) -> anyhow::Result<()> {
        let ran = self.client.batch_execute(sql).await;
        ran.with_context(|| sql.chars().take(200).collect::<String>())
    }

    /// Calls, and turns a refusal into an error.
    pub(super) async fn get(&self, call: &Call) -> anyhow::Result<Value> {
        let statement = self.prepared(call.sql).await?;
        let row = self
            .client
            .query_one(&statement, &[&call.argument])
            .await
            .with_context(|| call.sql)?;
        Ok(row.try_get::<_, Option<Value>>(0)?.unwrap_or(Value::Null))
    }

    /// Calls and returns the reply.
    pub(super) async fn call(&self, call: &Call) -> Reply {
        match self.prepared(call.sql).await {
            Ok(statement) => self.send(&statement, &call.argument).await,
            Err(error) => Reply::Refused {
                code: "statement".to_owned(),
                message: format!("{error:#}"),
            },
        }
    }

    /// Prepares a racer's statements, so that the race does not include it.
    pub(super) async fn prepare(&self, calls: &[Call]) -> anyhow::Result<()> {
        for sql in [AT_THE_BARRIER, COUNT]
            .into_iter()
            .chain(calls.iter().map(|call| call.sql))
        {
            self.prepared(sql).await?;
        }
        Ok(())
    }

    /// Waits at the barrier, delays, then makes the calls one after the other, whatever each returns.
    pub(super) async fn take_part(
        &self,
        head_start: i32,
        calls: &[Call],
    ) -> anyhow::Result<Vec<Reply>> {
        let barrier = self.prepared(AT_THE_BARRIER).await?;
        let count = self.prepared(COUNT).await?;
        let mut statements = Vec::new();
        for call in calls {
            statements.push(self.prepared(call.sql).await?);
        }
        let answers = join_all(
            statements
                .iter()
                .zip(calls)
                .map(|(statement, call)| self.send(statement, &call.argument)),
        );
        // Joined futures are polled in their order, and a query is sent once polled.
        let waiting = async { self.client.query(&barrier, &[]).await };
        let counting = async { self.client.query(&count, &[&head_start]).await };
        let (waited, counted, replies) = join3(waiting, counting, answers).await;
        waited.context("waiting at the barrier")?;
        counted.context("counting")?;
        Ok(replies)
    }

    async fn send(&self, statement: &Statement, argument: &Value) -> Reply {
        match self.client.query_one(statement, &[argument]).await {
            Ok(row) => Reply::Gave(
                row.try_get::<_, Option<Value>>(0)
                    .ok()
                    .flatten()
                    .unwrap_or(Value::Null),
            ),
            Err(error) => match error.as_db_error() {
                Some(refusal) => Reply::Refused {
                    code: refusal.code().code().to_owned(),
                    message: refusal.message().to_owned(),
                },
                None => Reply::Refused {
                    code: "connection".to_owned(),
                    message: error.to_string(),
                },
            },
        }
    }

    async fn prepared(&self, sql: &'static str) -> anyhow::Result<Statement> {
        if let Some(statement) = self.known(sql) {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await.with_context(|| sql)?;
        let mut statements = self
            .statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        statements.insert(sql, statement.clone());
        Ok(statement)
    }

    fn known(&self, sql: &'static str) -> Option<Statement> {
        let statements = self
            .statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        statements.get(sql).cloned()
    }
}

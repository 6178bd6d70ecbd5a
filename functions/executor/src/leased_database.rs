//! The database for tools, bound to the lease of the step that calls them and to the number of the call.

use futures::future::BoxFuture;
use runtime::StepContext;
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{Lease, Store, TableWrite};
use tools::{McpServer, StepDatabase, ToolError};

pub(crate) struct LeasedDatabase {
    store: Store,
    lease: Lease,
    /// 0 where the journal does not have the call.
    call_number: i32,
}

impl LeasedDatabase {
    pub(crate) fn new(store: &Store, context: &StepContext, number: i32) -> Self {
        Self {
            store: store.clone(),
            lease: context.lease().clone(),
            call_number: number,
        }
    }
}

impl StepDatabase for LeasedDatabase {
    fn write_table<'a>(&'a self, write: &'a Value) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(async move {
            let text = |name: &str| write.get(name).and_then(Value::as_str);
            let columns = write.get("conflict_columns").and_then(Value::as_array);
            let columns: Vec<String> = columns
                .into_iter()
                .flatten()
                .filter_map(|column| column.as_str().map(str::to_owned))
                .collect();
            let write = TableWrite {
                call_number: self.call_number,
                table: text("table").unwrap_or_default(),
                rows: write.get("rows").unwrap_or(&Value::Null),
                mode: text("mode").unwrap_or("insert"),
                conflict_columns: &columns,
            };
            let written = self.store.write_table(&self.lease, write).await;
            written.map_err(|error| tool_error("write_refused", &error))
        })
    }

    fn webhook_secret(&self) -> BoxFuture<'_, Result<Option<SecretString>, ToolError>> {
        Box::pin(async move {
            let secret = self.store.read_webhook_secret(&self.lease).await;
            secret.map_err(|error| tool_error("webhook_unsigned", &error))
        })
    }

    fn period_report(&self, days: i32) -> BoxFuture<'_, Result<Value, ToolError>> {
        Box::pin(async move {
            let report = self.store.read_period(&self.lease, days).await;
            report.map_err(|error| tool_error("report_refused", &error))
        })
    }

    fn mcp_server<'a>(
        &'a self,
        server: &'a str,
        tool: Option<&'a str>,
    ) -> BoxFuture<'a, Result<McpServer, ToolError>> {
        Box::pin(async move {
            let server = self.store.read_mcp_server(&self.lease, server, tool).await;
            server.map_err(|error| tool_error("mcp_tool_not_approved", &error))
        })
    }

    fn record_mcp_tools<'a>(
        &'a self,
        server: &'a str,
        tools: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(async move {
            let states = self
                .store
                .record_mcp_tools(&self.lease, server, tools)
                .await;
            let states = states.map_err(|error| tool_error("mcp_unavailable", &error))?;
            Ok(if states.is_object() {
                states
            } else {
                json!({})
            })
        })
    }
}

/// Converts an error of the database. A refusal gets the tool's own code; any other error keeps its own.
fn tool_error(refused: &'static str, error: &store::Error) -> ToolError {
    use store::Error as E;
    match error {
        E::InvalidInput { message }
        | E::QueryRefused { message }
        | E::NotAllowed { message }
        | E::NotFound { message }
        | E::Conflict { message } => ToolError::terminal(refused, message.clone()),
        E::WaitsForPerson { .. } => ToolError::terminal(tools::WAITS_FOR_PERSON, error.to_string()),
        error if error.is_retryable() => ToolError::retryable(error.code(), error.to_string()),
        error => ToolError::terminal(error.code(), error.to_string()),
    }
}

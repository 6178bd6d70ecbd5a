//! Database functions for tools while a step is worked on: writes as the asker, secrets, servers of the workspace. Each
//! is bound to the step's lease.

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::rows::AskerReply;
use crate::{Error, Lease, Store};

/// Rows that are to be written into a table.
#[derive(Debug, Clone, Copy)]
pub struct TableWrite<'a> {
    /// The number of the call within its step: the same for each attempt of it.
    pub call_number: i32,
    /// The table with its schema, such as `public.orders`.
    pub table: &'a str,
    /// Rows as objects, all with the same columns.
    pub rows: &'a Value,
    /// `insert` or `upsert`.
    pub mode: &'a str,
    /// For an upsert, the columns of a unique key.
    pub conflict_columns: &'a [String],
}

#[derive(Deserialize)]
struct SecretReply {
    secret: Option<SecretString>,
}

impl Store {
    /// Writes rows as the asker of the step's request: `{"table", "mode", "row_count"}`. Safe to repeat: the first
    /// result is returned again.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] and [`Error::QueryRefused`] for a write to be corrected, [`Error::NotAllowed`],
    /// [`Error::WaitsForPerson`], [`Error::LeaseLost`], [`Error::Conflict`] if this call has written something else
    /// before.
    pub async fn write_table(&self, lease: &Lease, write: TableWrite<'_>) -> Result<Value, Error> {
        let arguments = json!({
            "p_run_id": lease.run_id,
            "p_step_key": lease.step_key,
            "p_lease_epoch": lease.lease_epoch,
            "p_call_number": write.call_number,
            "p_table": write.table,
            "p_rows": write.rows,
            "p_mode": write.mode,
            "p_conflict_columns": write.conflict_columns,
        });
        let reply: AskerReply<Value> = self.tool_call("write_table", &arguments).await?;
        reply.into_result()
    }

    /// Returns the secret that signs the workspace's webhooks, if there is one.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] for a step that may not call `webhook`, [`Error::LeaseLost`].
    pub async fn read_webhook_secret(&self, lease: &Lease) -> Result<Option<SecretString>, Error> {
        let arguments = of_lease(lease, json!({}));
        let reply: SecretReply = self.tool_call("read_webhook_secret", &arguments).await?;
        Ok(reply.secret)
    }

    /// Reads the report of the last days of the step's workspace, as the asker of its request. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a period out of bounds, [`Error::NotAllowed`], [`Error::QueryRefused`] for a report
    /// that is too large, [`Error::WaitsForPerson`], [`Error::LeaseLost`].
    pub async fn read_period(&self, lease: &Lease, days: i32) -> Result<Value, Error> {
        let arguments = of_lease(lease, json!({"p_days": days}));
        let reply: AskerReply<Value> = self.tool_call("read_period", &arguments).await?;
        reply.into_result()
    }

    /// Returns an MCP server of the step's workspace, with the tool that is to be called; without one, for a step that
    /// lists.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotAllowed`] for a tool that is not approved or the step may not call,
    /// [`Error::LeaseLost`].
    pub async fn read_mcp_server<T: DeserializeOwned>(
        &self,
        lease: &Lease,
        server: &str,
        tool: Option<&str>,
    ) -> Result<T, Error> {
        let arguments = of_lease(lease, json!({"p_server": server, "p_tool": tool}));
        self.tool_call("read_mcp_server", &arguments).await
    }

    /// Records the tools that an MCP server has now; returns the state of each. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotAllowed`], [`Error::InvalidInput`], [`Error::LeaseLost`].
    pub async fn record_mcp_tools(
        &self,
        lease: &Lease,
        server: &str,
        tools: &Value,
    ) -> Result<Value, Error> {
        let arguments = of_lease(lease, json!({"p_server": server, "p_tools": tools}));
        self.tool_call("record_mcp_tools", &arguments).await
    }

    async fn tool_call<T: DeserializeOwned>(
        &self,
        function: &'static str,
        arguments: &Value,
    ) -> Result<T, Error> {
        self.rpc(self.repeatable_call(function), arguments).await
    }
}

fn of_lease(lease: &Lease, mut arguments: Value) -> Value {
    if let Value::Object(fields) = &mut arguments {
        fields.insert("p_run_id".into(), json!(lease.run_id));
        fields.insert("p_step_key".into(), json!(lease.step_key));
        fields.insert("p_lease_epoch".into(), json!(lease.lease_epoch));
    }
    arguments
}

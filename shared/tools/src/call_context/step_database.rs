//! The database for tools, bound to the lease of one step.

use futures::future::BoxFuture;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::ToolError;

/// The row of an MCP server, as a claimed step receives it.
#[derive(Debug, Clone, Deserialize)]
pub struct McpServer {
    /// Its id.
    pub id: i64,
    /// Its address.
    pub url: String,
    /// The header that carries the secret, if it needs one.
    #[serde(default)]
    pub auth_header_name: Option<String>,
    /// True if a call with an unknown outcome may be made again, by a person's decision.
    #[serde(default)]
    pub idempotent: bool,
    /// The header's value.
    #[serde(default)]
    pub auth_secret: Option<SecretString>,
    /// The tool's name at its server, where it is not the one it has here.
    #[serde(default)]
    pub tool_name: Option<String>,
    /// JSON Schema of the tool that is to be called, as a person approved it; none when tools are listed.
    #[serde(default)]
    pub parameters: Option<Value>,
    /// The time limit of one of its calls.
    #[serde(default)]
    pub timeout_seconds: Option<u32>,
}

/// The database for tools, bound to the lease of one step and the number of one call.
pub trait StepDatabase: Send + Sync {
    /// Writes rows as the asker, once however often it is called: `{"table", "rows", "mode", "conflict_columns"}`.
    fn write_table<'a>(&'a self, write: &'a Value) -> BoxFuture<'a, Result<Value, ToolError>>;

    /// Returns the secret that signs the workspace's webhooks.
    fn webhook_secret(&self) -> BoxFuture<'_, Result<Option<SecretString>, ToolError>>;

    /// Reads the report of the last days of the workspace, as the asker.
    fn period_report(&self, days: i32) -> BoxFuture<'_, Result<Value, ToolError>>;

    /// Returns a server of the workspace, and one of its tools that this step may call.
    fn mcp_server<'a>(
        &'a self,
        server: &'a str,
        tool: Option<&'a str>,
    ) -> BoxFuture<'a, Result<McpServer, ToolError>>;

    /// Records the tools that a server has now, `[{"name", "original_name", "description", "parameters", "problem"}]`;
    /// returns their states in the workspace, `{"<name>": "approved" | "pending" | "changed" | "gone"}`.
    fn record_mcp_tools<'a>(
        &'a self,
        server: &'a str,
        tools: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ToolError>>;
}

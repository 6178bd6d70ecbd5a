//! What a call may reach besides its arguments: told by the claimed step's workspace, never by a model.

use futures::future::BoxFuture;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::ToolError;

/// What the workspace allows to tools. A list with nothing on it allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Reach {
    /// The hosts that `http` may call: `host`, or `host:port` where the port is not 443.
    #[serde(default)]
    pub http_hosts: Vec<String>,
    /// The domains that `email` may write to.
    #[serde(default)]
    pub email_domains: Vec<String>,
    /// Whether webhooks are signed: the workspace has a secret for it, or demands one.
    #[serde(default)]
    pub webhooks_signed: bool,
}

/// What a claimed step was told about a server that speaks MCP.
#[derive(Debug, Clone, Deserialize)]
pub struct McpServer {
    /// Which one, among all of the database.
    pub id: i64,
    /// Where it is.
    pub url: String,
    /// The header that carries the secret, if it needs one.
    #[serde(default)]
    pub auth_header_name: Option<String>,
    /// Whether a call may be made again when nobody knows what became of it: a person says so.
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
    /// How long a call of it may take.
    #[serde(default)]
    pub timeout_seconds: Option<u32>,
}

/// What tools need of the database, bound to the lease of one step and the number of one call.
pub trait StepDatabase: Send + Sync {
    /// Writes rows as the asker, once however often it is called: `{"table", "rows", "mode", "conflict_columns"}`.
    fn write_table<'a>(&'a self, write: &'a Value) -> BoxFuture<'a, Result<Value, ToolError>>;

    /// What the workspace's webhooks are signed with.
    fn webhook_secret(&self) -> BoxFuture<'_, Result<Option<SecretString>, ToolError>>;

    /// A server of the workspace, and one of its tools that this step may call.
    fn mcp_server<'a>(
        &'a self,
        server: &'a str,
        tool: Option<&'a str>,
    ) -> BoxFuture<'a, Result<McpServer, ToolError>>;

    /// Lists the tools that a server has now, `[{"name", "original_name", "description", "parameters", "problem"}]`; gives what
    /// each is to the workspace, `{"<name>": "approved" | "pending" | "changed" | "gone"}`.
    fn record_mcp_tools<'a>(
        &'a self,
        server: &'a str,
        tools: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ToolError>>;
}

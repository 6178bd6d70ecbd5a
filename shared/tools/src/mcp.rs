//! MCP servers as a source of tools: `mcp.<server>.<tool>`.
//!
//! A server's descriptions of its tools are sent to models, so they are pinned: a person approves each tool's
//! description and schema, the database keeps their hash, and a tool whose description or schema has changed may not be
//! called until a person has approved it again. For that, servers are listed before calls (at most once a minute), and
//! by the tool `mcp_list`, which registers tools first.
//!
//! The client is our own: a function frozen between invocations must leave no stream or task behind, every reply needs
//! its cap, and the addresses are held to the rules of `egress`. It supports streamable HTTP, JSON and event streams
//! (<https://modelcontextprotocol.io/specification/2025-11-25/basic/transports>); the tests hold it against servers of
//! the official libraries.

mod answer;
mod credentials;
mod events;
mod line;
mod listing;
mod message;
mod session;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::Tool;
use domain::json_schema::checkable;
use serde_json::{Value, json};

use crate::egress::HttpClient;
use crate::{CallContext, McpServer, StepDatabase, ToolError};
use line::Line;
use session::Session;

/// The prefix of the names of these tools.
const PREFIX: &str = "mcp.";

pub(crate) const LIST_NAME: &str = "mcp_list";

/// The time limit of a call where the database has none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// The time for which a listing of a server is assumed to hold.
const LISTING_HOLDS: Duration = Duration::from_secs(60);

/// Listings that are remembered; beyond that, all are dropped.
const MAX_LISTINGS: usize = 1_000;

pub(crate) fn describe_list() -> Tool {
    Tool {
        name: LIST_NAME.into(),
        description: "Lists the tools of an MCP server of the workspace, and records them for a person to approve.".into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "server": {"type": "string", "description": "The server's name in this workspace.", "maxLength": 32}
            },
            "required": ["server"],
            "additionalProperties": false
        }),
        idempotent: true,
        timeout_seconds: 60,
        returns_untrusted: true,
        max_calls_per_step: 10,
        ..Tool::default()
    }
}

/// Splits the name of a server's tool into its two parts.
pub(crate) fn parts(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(PREFIX)?.split_once('.')
}

pub(crate) struct Mcp {
    http: Arc<HttpClient>,
    /// The time of each server's last listing, by its id.
    listed: Mutex<HashMap<i64, Instant>>,
}

impl Mcp {
    pub(crate) fn new(http: Arc<HttpClient>) -> Self {
        Self {
            http,
            listed: Mutex::default(),
        }
    }

    /// Returns `{"server", "tools": {"<name>": "<state>"}, "notes": ["…"]}`: the notes hold the name at the server
    /// where it is another, and why a tool cannot be used.
    pub(crate) async fn list(
        &self,
        arguments: &Value,
        context: &CallContext,
    ) -> Result<Value, ToolError> {
        let name = arguments.get("server").and_then(Value::as_str);
        let name = name.unwrap_or_default();
        let database = database(context)?;
        let server = database.mcp_server(name, None).await?;
        let line = Line::to(&self.http, name, &server, context, true)?;
        let session = Session::begin(&line).await?;
        let recorded = self.record(&session, name, &server, database).await;
        session.end().await;
        let (tools, states) = recorded?;
        Ok(json!({"server": name, "tools": states, "notes": listing::notes(&tools)}))
    }

    /// Calls a server's tool: `{"text", "structured", "omitted", "truncated"}`.
    pub(crate) async fn call(
        &self,
        (server_name, tool): (&str, &str),
        arguments: &Value,
        context: &CallContext,
    ) -> Result<Value, ToolError> {
        let database = database(context)?;
        let server = database.mcp_server(server_name, Some(tool)).await?;
        let name = format!("{PREFIX}{server_name}.{tool}");
        let parameters = server.parameters.clone().unwrap_or_default();
        crate::arguments::check(&name, &checkable(&parameters), arguments)?;
        let seconds = server.timeout_seconds.map(u64::from);
        let limit = seconds.map_or(DEFAULT_TIMEOUT, Duration::from_secs);
        let limit = limit.min(context.time_limit);
        let line = Line::to(&self.http, server_name, &server, context, server.idempotent)?;
        let exchange = async {
            let mut session = Session::begin(&line).await?;
            let answer = async {
                if self.is_due(server.id) {
                    let (_, states) = self
                        .record(&session, server_name, &server, database)
                        .await?;
                    refuse_unapproved(&name, tool, &states)?;
                }
                let original_name = server.tool_name.as_deref().unwrap_or(tool);
                session.call(original_name, arguments).await
            };
            let answer = answer.await;
            Ok((session, answer))
        };
        match tokio::time::timeout(limit, exchange).await {
            Ok(Ok((session, answer))) => {
                // Outside the limit: a call that was answered stays answered.
                session.end().await;
                answer
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(line.unless_unknown(ToolError::retryable(
                "tool_timeout",
                format!("{name} took longer than {} s", limit.as_secs()),
            ))),
        }
    }

    /// Returns the tools as they were recorded, and their states.
    async fn record(
        &self,
        session: &Session<'_>,
        name: &str,
        server: &McpServer,
        database: &Arc<dyn StepDatabase>,
    ) -> Result<(Value, Value), ToolError> {
        let tools = session.tools().await?;
        let states = database.record_mcp_tools(name, &tools).await?;
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if listed.len() >= MAX_LISTINGS {
            listed.clear();
        }
        listed.insert(server.id, Instant::now());
        Ok((tools, states))
    }

    fn is_due(&self, server_id: i64) -> bool {
        let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        let at = listed.get(&server_id);
        at.is_none_or(|at| at.elapsed() >= LISTING_HOLDS)
    }
}

fn database(context: &CallContext) -> Result<&Arc<dyn StepDatabase>, ToolError> {
    context.database.as_ref().ok_or_else(|| {
        let message =
            "this step has no way to the workspace's MCP servers; use them in a step of a run";
        ToolError::terminal("mcp_unavailable", message)
    })
}

/// Refuses a tool whose description or schema differs from the approved one.
fn refuse_unapproved(name: &str, tool: &str, states: &Value) -> Result<(), ToolError> {
    let problem = match states.get(tool).and_then(Value::as_str) {
        Some("approved") => return Ok(()),
        Some("changed") => "its description or schema has changed since a person approved it",
        Some("pending") => "no person has approved it yet",
        _ => "the server does not have it any more",
    };
    let message = format!(
        "{name} may not be called: {problem}; an admin of the workspace decides with approve_mcp_tool"
    );
    Err(ToolError::terminal("mcp_tool_not_approved", message))
}

#[cfg(test)]
mod everything;
#[cfg(test)]
mod foreign_answers;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod test_server;
#[cfg(test)]
mod tests;

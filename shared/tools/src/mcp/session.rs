//! A session with a server: its beginning, the questions asked in it, its end.

use reqwest::header::HeaderValue;
use serde_json::{Value, json};

use super::answer;
use super::line::{Answer, Failure, Line, Ticket};
use crate::ToolError;

/// The version that is asked for: the newest that begins with `initialize`.
const VERSION: &str = "2025-11-25";

/// Versions whose answers are understood.
const KNOWN_VERSIONS: &[&str] = &["2025-11-25", "2025-06-18", "2025-03-26"];

/// Pages of a list of tools, and tools.
const MAX_PAGES: usize = 20;
const MAX_TOOLS: usize = 200;

pub(super) struct Session<'a> {
    line: &'a Line<'a>,
    ticket: Ticket,
}

impl<'a> Session<'a> {
    pub(super) async fn begin(line: &'a Line<'a>) -> Result<Self, ToolError> {
        let hello = json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": {
                "protocolVersion": VERSION,
                "capabilities": {},
                "clientInfo": {"name": "goalpost", "version": env!("CARGO_PKG_VERSION")},
            },
        });
        let answer = line.post(&Ticket::default(), &hello, Some(0)).await;
        let Answer {
            message,
            session_id,
        } = answer.map_err(|failure| told(line, failure))?;
        let result = answer::result(line, message)?;
        let version = result.get("protocolVersion").and_then(Value::as_str);
        let version = version.filter(|version| KNOWN_VERSIONS.contains(version));
        let version = version.ok_or_else(|| {
            line.strange(&format!(
                "it knows none of the versions {}",
                KNOWN_VERSIONS.join(", ")
            ))
        })?;
        let session = Self {
            line,
            ticket: Ticket {
                session_id,
                version: HeaderValue::from_str(version).ok(),
            },
        };
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let taken = line.post(&session.ticket, &ready, None).await;
        taken.map_err(|failure| told(line, failure))?;
        Ok(session)
    }

    /// The tools, as the database records them: `[{"name", "description", "parameters", "problem"}]`.
    pub(super) async fn tools(&self) -> Result<Value, ToolError> {
        let mut tools = Vec::new();
        let mut cursor = Value::Null;
        for page in 1..=MAX_PAGES {
            let params = match &cursor {
                Value::Null => json!({}),
                cursor => json!({"cursor": cursor}),
            };
            let id = u64::try_from(page).unwrap_or_default();
            let question =
                json!({"jsonrpc": "2.0", "id": id, "method": "tools/list", "params": params});
            let answer = self.line.post(&self.ticket, &question, Some(id)).await;
            let answer = answer.map_err(|failure| told(self.line, failure))?;
            let result = answer::result(self.line, answer.message)?;
            let page = result.get("tools").and_then(Value::as_array);
            let page = page.ok_or_else(|| self.line.strange("its list of tools is none"))?;
            tools.extend(page.iter().filter_map(answer::tool));
            if tools.len() > MAX_TOOLS {
                let message = format!(
                    "the MCP server {} has more than {MAX_TOOLS} tools",
                    self.line.server()
                );
                return Err(ToolError::terminal("mcp_too_many_tools", message));
            }
            cursor = result.get("nextCursor").cloned().unwrap_or_default();
            if !cursor.is_string() {
                return Ok(Value::Array(tools));
            }
        }
        Err(self.line.strange("its list of tools does not end"))
    }

    /// Calls a tool. A server that has forgotten the session did nothing, so it is asked again, once, in a new one.
    pub(super) async fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value, ToolError> {
        let question = json!({
            "jsonrpc": "2.0", "id": 100, "method": "tools/call",
            "params": {"name": tool, "arguments": arguments},
        });
        self.line.acts(true);
        let mut answer = self.line.post(&self.ticket, &question, Some(100)).await;
        if matches!(answer, Err(Failure::SessionGone)) {
            self.line.acts(false);
            *self = Self::begin(self.line).await?;
            self.line.acts(true);
            answer = self.line.post(&self.ticket, &question, Some(100)).await;
        }
        let answer = answer.map_err(|failure| told(self.line, failure))?;
        answer::of_call(self.line, tool, answer.message)
    }

    pub(super) async fn end(self) {
        if self.ticket.session_id.is_some() {
            self.line.leave(&self.ticket).await;
        }
    }
}

fn told(line: &Line<'_>, failure: Failure) -> ToolError {
    match failure {
        Failure::Told(error) => error,
        Failure::SessionGone => {
            let message = format!(
                "the MCP server {} forgets its sessions at once; trying again later may help",
                line.server()
            );
            ToolError::retryable("mcp_failed", message)
        }
    }
}

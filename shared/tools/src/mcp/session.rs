//! A session with a server: its beginning, its requests, its end.

use std::collections::HashSet;

use reqwest::header::HeaderValue;
use serde_json::{Map, Value, json};

use super::line::{Answer, Failure, Line, Ticket};
use super::{answer, listing};
use crate::ToolError;

/// The version that is requested: the newest that begins with `initialize`.
const VERSION: &str = "2025-11-25";

/// Versions whose answers are understood: their descriptions of tools differ in fields that may be missing.
const KNOWN_VERSIONS: &[&str] = &[
    "2025-11-25",
    "2025-06-18",
    "2025-03-26",
    "2024-11-05",
    "2024-10-07",
];

/// The most pages of a list of tools.
const MAX_PAGES: u32 = 20;
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
        } = answer.map_err(|failure| into_error(line, failure))?;
        let version = version_of(line.server(), message)?;
        let session = Self {
            line,
            ticket: Ticket {
                session_id,
                version: Some(HeaderValue::from_static(version)),
            },
        };
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let taken = line.post(&session.ticket, &ready, None).await;
        taken.map_err(|failure| into_error(line, failure))?;
        Ok(session)
    }

    /// Returns the tools, as the database records them ([`listing::describe`]). The list ends where a cursor repeats.
    pub(super) async fn tools(&self) -> Result<Value, ToolError> {
        let mut listed: Vec<Value> = Vec::new();
        let mut seen = HashSet::new();
        let mut cursor = Value::Null;
        for id in 1..=MAX_PAGES {
            let params = match &cursor {
                Value::Null => json!({}),
                cursor => json!({"cursor": cursor}),
            };
            let question =
                json!({"jsonrpc": "2.0", "id": id, "method": "tools/list", "params": params});
            let answer = self.line.post(&self.ticket, &question, Some(id)).await;
            let answer = answer.map_err(|failure| into_error(self.line, failure))?;
            let result = answer::result(self.line.server(), answer.message)?;
            for tool in page_of(self.line.server(), &result)? {
                if !listed.contains(tool) && listed.len() <= MAX_TOOLS {
                    listed.push(tool.clone());
                }
            }
            if listed.len() > MAX_TOOLS {
                let message = format!(
                    "the MCP server {} has more than {MAX_TOOLS} tools",
                    self.line.server()
                );
                return Err(ToolError::terminal("mcp_too_many_tools", message));
            }
            match listing::next_cursor(result.get("nextCursor")) {
                Some(next) if seen.insert(next.to_string()) => cursor = next.clone(),
                _ => return Ok(Value::Array(listing::describe(&listed))),
            }
        }
        Err(answer::malformed(
            self.line.server(),
            "its list of tools does not end",
        ))
    }

    /// Calls a tool. A server that has dropped the session did nothing, so the call is repeated, once, in a new one.
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
        let answer = answer.map_err(|failure| into_error(self.line, failure))?;
        let result = answer::of_call(self.line.server(), tool, answer.message);
        result.map_err(|error| self.line.unless_unknown(error))
    }

    pub(super) async fn end(self) {
        if self.ticket.session_id.is_some() {
            self.line.leave(&self.ticket).await;
        }
    }
}

/// Returns the version that a server chose.
pub(super) fn version_of(server: &str, message: Value) -> Result<&'static str, ToolError> {
    let result = answer::result(server, message)?;
    let chosen = result.get("protocolVersion").and_then(Value::as_str);
    let known = KNOWN_VERSIONS.iter().find(|known| Some(**known) == chosen);
    known.copied().ok_or_else(|| {
        let known = KNOWN_VERSIONS.join(", ");
        answer::malformed(server, &format!("it supports none of the versions {known}"))
    })
}

/// Returns the entries of one page of a list of tools.
pub(super) fn page_of<'a>(
    server: &str,
    result: &'a Map<String, Value>,
) -> Result<&'a Vec<Value>, ToolError> {
    let page = result.get("tools").and_then(Value::as_array);
    page.ok_or_else(|| answer::malformed(server, "its list of tools is none"))
}

fn into_error(line: &Line<'_>, failure: Failure) -> ToolError {
    match failure {
        Failure::Error(error) => error,
        Failure::SessionGone => {
            let message = format!(
                "the MCP server {} forgets its sessions at once; trying again later may help",
                line.server()
            );
            ToolError::retryable("mcp_failed", message)
        }
    }
}

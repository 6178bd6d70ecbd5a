//! The credentials for a server: one header, whose name an admin gives and whose value an operator put into Vault.

use reqwest::header::{HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;

use crate::{McpServer, ToolError};

/// Headers that only this client sets.
const RESERVED: &[&str] = &[
    "accept",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "idempotency-key",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Returns the header that carries the credentials; one that the protocol needs itself is refused.
pub(super) fn name(server: &str, header: &str) -> Result<HeaderName, ToolError> {
    let name = header.to_ascii_lowercase();
    let name = HeaderName::from_bytes(name.as_bytes()).ok();
    name.filter(|name| !RESERVED.contains(&name.as_str()))
        .ok_or_else(|| {
            let message = format!(
                "the MCP server {server} cannot have its credentials in the header {header}"
            );
            ToolError::terminal("mcp_unauthorized", message)
        })
}

/// Returns the header's value, from Vault. No error contains it.
pub(super) fn value(name: &str, server: &McpServer) -> Result<HeaderValue, ToolError> {
    let secret = server.auth_secret.as_ref().ok_or_else(|| {
        let message = format!(
            "the MCP server {name} wants credentials and there are none; an operator puts them into Vault as \
             goalpost_mcp_<workspace id>_{name}"
        );
        ToolError::terminal("mcp_unauthorized", message)
    })?;
    let mut value = HeaderValue::from_str(secret.expose_secret()).map_err(|_| {
        let message =
            format!("the credentials of the MCP server {name} in Vault cannot stand in a header");
        ToolError::terminal("mcp_unauthorized", message)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

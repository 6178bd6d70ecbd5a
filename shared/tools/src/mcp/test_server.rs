//! A server made with the official library, with faults on request; and the database's record of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, JsonObject,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{McpServer, StepDatabase, ToolError};

/// The form of answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// A session, and events.
    Events,
    /// No session, and JSON.
    Json,
}

/// A fault on the way to `tools/call`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    ForgetsSessionOnce,
    ForgetsSessions,
    Fails,
    Stops,
    Redirects,
    SpeaksHtml,
    /// Already at the start of a session.
    FailsAtOnce,
}

#[derive(Clone, Default)]
pub(super) struct Server {
    pub(super) tools: Arc<Mutex<Vec<(String, String, Value)>>>,
    /// The calls that reached a tool.
    pub(super) calls: Arc<Mutex<Vec<String>>>,
    /// The HTTP requests: method and JSON-RPC method.
    pub(super) seen: Arc<Mutex<Vec<String>>>,
    pub(super) fault: Arc<Mutex<Option<Fault>>>,
    /// Headers that came with the last message.
    pub(super) headers: Arc<Mutex<BTreeMap<String, String>>>,
    /// The required value of `x-key`.
    key: Option<String>,
    pub(super) port: u16,
}

impl Server {
    pub(super) async fn start(mode: Mode, key: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            key: key.map(str::to_owned),
            port: listener.local_addr().unwrap().port(),
            ..Self::default()
        };
        let open = json!({"type": "object", "properties": {"text": {"type": "string"}}, "additionalProperties": false});
        for name in ["echo", "fail", "big", "picture", "refuse", "never"] {
            server.offer(name, &format!("The tool {name}."), &open);
        }
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(mode == Mode::Events)
            .with_json_response(mode == Mode::Json)
            .with_sse_retry(None);
        let handler = server.clone();
        let service = StreamableHttpService::new(
            move || Ok(handler.clone()),
            Arc::new(LocalSessionManager::default()),
            config,
        );
        let router = axum::Router::new()
            .nest_service("/mcp", service)
            .layer(from_fn_with_state(server.clone(), misbehave));
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    pub(super) fn offer(&self, name: &str, description: &str, schema: &Value) {
        let mut tools = self.tools.lock().unwrap();
        tools.retain(|(known, _, _)| known != name);
        tools.push((name.to_owned(), description.to_owned(), schema.clone()));
        tools.sort_by(|left, right| left.0.cmp(&right.0));
    }

    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    /// Returns two tools a page.
    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let tools = self.tools.lock().unwrap().clone();
        let page = tools
            .iter()
            .skip(from)
            .take(2)
            .map(|(name, description, schema)| {
                let schema: JsonObject = schema.as_object().unwrap().clone();
                Tool::new(name.clone(), description.clone(), schema)
            });
        let mut result = ListToolsResult::with_all_items(page.collect());
        result.next_cursor = (from + 2 < tools.len()).then(|| (from + 2).to_string());
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.calls.lock().unwrap().push(request.name.to_string());
        let text = request.arguments.unwrap_or_default();
        let text = text
            .get("text")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let result = match request.name.as_ref() {
            "fail" => CallToolResult::error(vec![ContentBlock::text("no such page")]),
            "big" => CallToolResult::success(vec![ContentBlock::text("x".repeat(3 * 1024 * 1024))]),
            "picture" => CallToolResult::success(vec![
                ContentBlock::image("aGVsbG8=", "image/png"),
                ContentBlock::text("a picture"),
            ]),
            "refuse" => return Err(ErrorData::invalid_params("that is no page", None)),
            "never" => futures::future::pending().await,
            _ => CallToolResult::success(vec![ContentBlock::text(text)]),
        };
        Ok(result.into())
    }
}

async fn misbehave(State(server): State<Server>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let what = message
        .get("method")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    server.seen.lock().unwrap().push(format!("{method} {what}"));
    *server.headers.lock().unwrap() = parts
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                value.to_str().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let key = parts
        .headers
        .get("x-key")
        .and_then(|value| value.to_str().ok());
    if server.key.as_deref() != key {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let fault = *server.fault.lock().unwrap();
    if fault == Some(Fault::FailsAtOnce) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    if what == "tools/call" {
        match fault {
            Some(Fault::ForgetsSessionOnce) => {
                *server.fault.lock().unwrap() = None;
                return StatusCode::NOT_FOUND.into_response();
            }
            Some(Fault::ForgetsSessions) => return StatusCode::NOT_FOUND.into_response(),
            Some(Fault::Fails) => return StatusCode::BAD_GATEWAY.into_response(),
            Some(Fault::Stops) => {
                return (
                    [(header::CONTENT_TYPE, "text/event-stream")],
                    ": nothing\n\n",
                )
                    .into_response();
            }
            Some(Fault::Redirects) => {
                return (
                    StatusCode::TEMPORARY_REDIRECT,
                    [(header::LOCATION, "/elsewhere")],
                )
                    .into_response();
            }
            Some(Fault::SpeaksHtml) => {
                return ([(header::CONTENT_TYPE, "text/html")], "<p>hello").into_response();
            }
            Some(Fault::FailsAtOnce) | None => {}
        }
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// The database's rows of one server, of which some were approved.
#[derive(Clone)]
pub(super) struct TestDatabase {
    pub(super) url: String,
    pub(super) header: Option<String>,
    pub(super) secret: Option<String>,
    pub(super) idempotent: bool,
    /// Tools as a person approved them, by name.
    pub(super) approved: Arc<Mutex<BTreeMap<String, Value>>>,
    pub(super) recorded: Arc<Mutex<Value>>,
}

impl TestDatabase {
    pub(super) fn of(server: &Server) -> Self {
        Self {
            url: format!("http://{}/mcp", server.host()),
            header: None,
            secret: None,
            idempotent: false,
            approved: Arc::default(),
            recorded: Arc::default(),
        }
    }

    /// Approves the tools that were recorded last.
    pub(super) fn approve(&self) {
        let recorded = self.recorded.lock().unwrap().clone();
        let tools = recorded.as_array().unwrap().iter();
        let tools = tools.map(|tool| (tool["name"].as_str().unwrap().to_owned(), tool.clone()));
        *self.approved.lock().unwrap() = tools.collect();
    }
}

impl StepDatabase for TestDatabase {
    fn write_table<'a>(&'a self, _: &'a Value) -> BoxFuture<'a, Result<Value, ToolError>> {
        panic!("nothing is written here")
    }

    fn webhook_secret(&self) -> BoxFuture<'_, Result<Option<SecretString>, ToolError>> {
        panic!("nothing is signed here")
    }

    fn period_report(&self, _: i32) -> BoxFuture<'_, Result<Value, ToolError>> {
        panic!("no report is read here")
    }

    fn mcp_server<'a>(
        &'a self,
        _: &'a str,
        tool: Option<&'a str>,
    ) -> BoxFuture<'a, Result<McpServer, ToolError>> {
        let approved = self.approved.lock().unwrap();
        let tool = tool.map(|tool| approved.get(tool).cloned());
        let server = McpServer {
            id: 7,
            tool_name: tool
                .clone()
                .flatten()
                .map(|tool| tool["original_name"].as_str().unwrap().to_owned()),
            url: self.url.clone(),
            auth_header_name: self.header.clone(),
            auth_secret: self.secret.clone().map(SecretString::from),
            idempotent: self.idempotent,
            parameters: tool
                .clone()
                .flatten()
                .map(|tool| tool["parameters"].clone()),
            timeout_seconds: Some(20),
        };
        let known = match tool {
            Some(None) => Err(ToolError::terminal(
                "mcp_tool_not_approved",
                "the tool is not approved",
            )),
            _ => Ok(server),
        };
        Box::pin(async { known })
    }

    fn record_mcp_tools<'a>(
        &'a self,
        _: &'a str,
        tools: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ToolError>> {
        *self.recorded.lock().unwrap() = tools.clone();
        let approved = self.approved.lock().unwrap();
        let states = tools.as_array().unwrap().iter().map(|tool| {
            let name = tool["name"].as_str().unwrap().to_owned();
            let state = match approved.get(&name) {
                Some(known) if known == tool => "approved",
                Some(_) => "changed",
                None => "pending",
            };
            (name, json!(state))
        });
        let states = Value::Object(states.collect());
        Box::pin(async { Ok(states) })
    }
}

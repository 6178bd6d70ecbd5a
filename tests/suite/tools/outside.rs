//! Servers outside: one that stores everything it receives, and an MCP server made with the official library.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::HeaderMap;
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, JsonObject,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Headers and body of a received call.
type Sent = (HeaderMap, Vec<u8>);

/// Server on a free port that accepts everything.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    pub(crate) host: String,
    got: Arc<Mutex<Vec<Sent>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            host: listener.local_addr().unwrap().to_string(),
            ..Self::default()
        };
        let got = receiver.got.clone();
        let keep = move |headers: HeaderMap, body: Bytes| async move {
            got.lock().unwrap().push((headers, body.to_vec()));
            "taken"
        };
        let router = axum::Router::new().fallback(keep);
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn got(&self) -> Vec<Sent> {
        self.got.lock().unwrap().clone()
    }
}

/// MCP server with one tool, whose description can be changed.
#[derive(Clone)]
pub(crate) struct Docs {
    pub(crate) host: String,
    pub(crate) description: Arc<Mutex<String>>,
    pub(crate) calls: Arc<Mutex<usize>>,
    /// Arguments of each call.
    pub(crate) received: Arc<Mutex<Vec<Value>>>,
    /// Text of each result.
    pub(crate) text: Arc<Mutex<String>>,
    /// Number of calls that take effect and are never answered.
    pub(crate) hangs: Arc<Mutex<usize>>,
}

impl Docs {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let docs = Self {
            host: listener.local_addr().unwrap().to_string(),
            description: Arc::new(Mutex::new("Finds pages.".to_owned())),
            calls: Arc::default(),
            received: Arc::default(),
            text: Arc::new(Mutex::new("three pages".to_owned())),
            hangs: Arc::default(),
        };
        let handler = docs.clone();
        let service = StreamableHttpService::new(
            move || Ok(handler.clone()),
            Arc::new(LocalSessionManager::default()),
            StreamableHttpServerConfig::default(),
        );
        let router = axum::Router::new().nest_service("/mcp", service);
        tokio::spawn(async move { axum::serve(listener, router).await });
        docs
    }
}

impl ServerHandler for Docs {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = json!({"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]});
        let schema: JsonObject = schema.as_object().unwrap().clone();
        let description = self.description.lock().unwrap().clone();
        Ok(ListToolsResult::with_all_items(vec![Tool::new(
            "search",
            description,
            schema,
        )]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        *self.calls.lock().unwrap() += 1;
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        self.received.lock().unwrap().push(arguments);
        let hangs = {
            let mut left = self.hangs.lock().unwrap();
            let hangs = *left > 0;
            *left = left.saturating_sub(1);
            hangs
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        let text = self.text.lock().unwrap().clone();
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

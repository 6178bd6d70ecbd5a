//! Model server that answers at once, for the agent workload: a tool call in each turn, the final answer in the last.

use anyhow::Context;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Agent of the workload.
pub(super) const AGENT: &str = "bench";
/// Model calls of one run.
pub(super) const TURNS: usize = 8;
/// Model name in the answers. It has no price, so the ceiling price is reserved as for any unknown model.
pub(super) const MODEL: &str = "bench-model";

/// Chat Completions server on loopback; dropping it stops the server.
#[derive(Debug)]
pub(super) struct ModelServer {
    /// Base URL, in the form of `OPENAI_BASE_URL`.
    pub(super) base_url: String,
    serving: JoinHandle<()>,
}

impl ModelServer {
    /// Starts the server on a free port.
    ///
    /// # Errors
    /// Loopback refuses a listener.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.context("listening for the model's callers")?;
        let address = listener.local_addr().context("reading the model's port")?;
        let router = Router::new().route("/v1/chat/completions", post(complete));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the model server of the bench has ended");
            }
        });
        Ok(Self {
            base_url: format!("http://{address}/v1"),
            serving,
        })
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn complete(Json(request): Json<Value>) -> Json<Value> {
    let messages = request.get("messages").and_then(Value::as_array);
    let results = messages
        .into_iter()
        .flatten()
        .filter(|message| message.get("role").and_then(Value::as_str) == Some("tool"))
        .count();
    let (message, finish) = if results + 1 < TURNS {
        let call = json!({
            "id": format!("call_{results}"), "type": "function",
            "function": {"name": "calculate", "arguments": "{\"expression\": \"1 + 1\"}"},
        });
        let message = json!({"role": "assistant", "content": null, "tool_calls": [call]});
        (message, "tool_calls")
    } else {
        (json!({"role": "assistant", "content": "Two."}), "stop")
    };
    Json(json!({
        "id": "chatcmpl-bench", "object": "chat.completion", "created": 1, "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }))
}

//! A language model with scripted answers behind the real wire format.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

/// Replies by the kind of call: `assessment`, `plan`, `verdicts`, or `work` for an agent's turn. A number is the HTTP
/// status of a refusal, and a text the message of a refusal with status 400.
#[derive(Clone, Default)]
pub(crate) struct Script {
    replies: Arc<Mutex<BTreeMap<&'static str, VecDeque<Value>>>>,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    /// True if the server leaves out the usage, as some compatible ones do.
    hides_usage: bool,
}

impl Script {
    pub(crate) fn reply(self, to: &'static str, message: Value) -> Self {
        self.replies
            .lock()
            .unwrap()
            .entry(to)
            .or_default()
            .push_back(message);
        self
    }

    /// Adds a reply whose content is JSON, as structured output is.
    pub(crate) fn json(self, to: &'static str, content: &Value) -> Self {
        self.reply(
            to,
            json!({"role": "assistant", "content": content.to_string()}),
        )
    }

    /// Removes the unused replies, and returns their number.
    pub(crate) fn clear(&self) -> usize {
        let mut replies = self.replies.lock().unwrap();
        let left = replies.values().map(VecDeque::len).sum();
        replies.clear();
        left
    }

    /// Leaves out the usage from all answers.
    pub(crate) fn without_usage(mut self) -> Self {
        self.hides_usage = true;
        self
    }

    /// Returns the number of calls, refused ones included.
    pub(crate) fn call_count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    pub(crate) fn asked_for(&self, what: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|(name, _)| name == what)
            .map(|(_, body)| body.clone())
            .collect()
    }

    /// Serves until the test ends; returns the base URL.
    pub(crate) async fn serve(&self) -> String {
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .route("/v1/embeddings", post(embed))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn complete(
    State(script): State<Script>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let what = body["response_format"]["json_schema"]["name"]
        .as_str()
        .unwrap_or("work")
        .to_owned();
    script.asked.lock().unwrap().push((what.clone(), body));
    let message = script
        .replies
        .lock()
        .unwrap()
        .get_mut(what.as_str())
        .and_then(VecDeque::pop_front);
    let message = message.unwrap_or_else(
        || json!({"role": "assistant", "content": format!("nothing is scripted for {what}")}),
    );
    if let Some(status) = message.as_u64() {
        let status = StatusCode::from_u16(u16::try_from(status).unwrap()).unwrap();
        return Err((status, Json(Value::Null)));
    }
    if let Some(sentence) = message.as_str() {
        let refusal = json!({"error": {"message": sentence}});
        return Err((StatusCode::BAD_REQUEST, Json(refusal)));
    }
    let finish = if message["tool_calls"].is_array() {
        "tool_calls"
    } else {
        "stop"
    };
    let usage = match script.hides_usage {
        true => Value::Null,
        false => json!({"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}),
    };
    Ok(Json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "scripted-1",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage,
    })))
}

async fn embed(
    State(script): State<Script>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let texts = body["input"].as_array().map_or(0, Vec::len);
    let data: Vec<Value> = (0..texts)
        .map(|index| json!({"index": index, "embedding": [1.0, 0.5]}))
        .collect();
    script
        .asked
        .lock()
        .unwrap()
        .push(("embed".to_owned(), body));
    let mut replies = script.replies.lock().unwrap();
    let refusal = replies.get_mut("embed").and_then(VecDeque::pop_front);
    match refusal.and_then(|status| status.as_u64()) {
        Some(status) => Err(StatusCode::from_u16(u16::try_from(status).unwrap()).unwrap()),
        None => Ok(Json(json!({"object": "list", "data": data}))),
    }
}

//! Model server with the real wire format, which identifies the calling sandbox and returns the plan that a question
//! names.
//!
//! It answers from the request alone, so any sandbox may repeat the call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use harness::faults::{Faults, Point};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Running server.
pub(super) struct Model {
    /// Base URL with `{sandbox}` in it, as functions receive it.
    pub(super) base_url: String,
    script: Script,
}

#[derive(Clone)]
struct Script {
    faults: Faults,
    /// Agents' turns that were requested.
    turns: Arc<AtomicUsize>,
    is_open: watch::Sender<bool>,
}

impl Model {
    pub(super) async fn serve(faults: &Faults) -> Self {
        let script = Script {
            faults: faults.clone(),
            turns: Arc::default(),
            is_open: watch::Sender::new(true),
        };
        let router = Router::new()
            .route("/{sandbox}/v1/chat/completions", post(complete))
            .with_state(script.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/{{sandbox}}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base_url, script }
    }

    /// Blocks agents' turns until [`Model::open`].
    pub(super) fn close(&self) {
        self.script.is_open.send_replace(false);
    }

    pub(super) fn open(&self) {
        self.script.is_open.send_replace(true);
    }

    /// Returns the number of agents' turns requested.
    pub(super) fn turns(&self) -> usize {
        self.script.turns.load(Ordering::SeqCst)
    }
}

async fn complete(
    State(script): State<Script>,
    Path(sandbox): Path<String>,
    Json(body): Json<Value>,
) -> Json<Value> {
    let what = body["response_format"]["json_schema"]["name"]
        .as_str()
        .unwrap_or("work");
    let text = body["messages"].to_string();
    let content = match what {
        "assessment" => {
            let plan = named_plan(&text);
            json!({"decision": "goal", "goal": {"title": "A goal", "description": format!("[{plan}]")}})
                .to_string()
        }
        "plan" => plan(named_plan(&text)).to_string(),
        "verdicts" => {
            json!({"verdicts": [{"number": 1, "verdict": "met", "step": "think", "evidence": "it is"}]}).to_string()
        }
        _ => {
            let turn = 1 + script.turns.fetch_add(1, Ordering::SeqCst);
            let mut is_open = script.is_open.subscribe();
            is_open.wait_for(|is_open| *is_open).await.unwrap();
            format!("Turn {turn}")
        }
    };
    // In a goal with a poison step, only the worker of that step is struck.
    if !text.contains("[poison]") || (what == "work" && text.contains("Swallow it")) {
        script.faults.reached(Point::AfterModelTurn, &sandbox);
    }
    Json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "scripted-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }))
}

/// Returns the plan that a question or a goal names in brackets.
fn named_plan(text: &str) -> &'static str {
    let names = ["work", "think", "fan", "poison"];
    let named = |name: &&&str| text.contains(&format!("[{name}]"));
    let found = names.iter().find(named).copied();
    found.unwrap_or_else(|| panic!("no plan is named in {text}"))
}

fn plan(name: &str) -> Value {
    match name {
        "think" => json!({"steps": [agent("think", "Think about it", &[])]}),
        "fan" => json!({"steps": [
            sum("first", &[]), sum("left", &["first"]), query("middle", &["first"]), sum("right", &["first"]),
            sum("last", &["left", "middle", "right"]), sum("very_last", &["last"]),
        ]}),
        "poison" => {
            let mut poison = agent("poison", "Swallow it", &[]);
            poison["on_failure"] = json!("continue");
            json!({"steps": [poison, sum("one", &[]), agent("two", "Think about it", &[]), sum("three", &["one", "two"])]})
        }
        "work" => json!({
            "criteria": ["Something is said"],
            "steps": [query("count", &[]), agent("think", "Think about it", &["count"]), sum("sum", &["think"])],
        }),
        _ => panic!("there is no plan {name}"),
    }
}

fn sum(key: &str, depends_on: &[&str]) -> Value {
    json!({"key": key, "kind": "tool", "depends_on": depends_on,
           "input": {"tool": "calculate", "arguments": {"expression": "1 + 2"}}})
}

fn query(key: &str, depends_on: &[&str]) -> Value {
    json!({"key": key, "kind": "tool", "depends_on": depends_on,
           "input": {"tool": "sql", "arguments": {"query": "select count(*) as n from shop.orders"}}})
}

fn agent(key: &str, instructions: &str, depends_on: &[&str]) -> Value {
    json!({"key": key, "kind": "agent", "agent": "analyst", "depends_on": depends_on,
           "input": {"instructions": instructions}})
}

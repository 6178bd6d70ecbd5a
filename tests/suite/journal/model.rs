//! Model server with the real wire format that never gives the same answer twice: each contains a new number.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use harness::faults::{Faults, Point};
use serde_json::{Value, json};

/// Running server.
pub(super) struct Model {
    /// Base URL with `{sandbox}` in it, as functions receive it.
    pub(super) base_url: String,
    script: Script,
}

#[derive(Clone)]
struct Script {
    faults: Faults,
    hook: String,
    asked: Arc<AtomicUsize>,
    /// An agent's turns before its last one.
    turns: Arc<AtomicU64>,
    takes_millis: Arc<AtomicU64>,
    /// Restricts the faults to answers of this kind.
    strikes_at: Arc<Mutex<Option<&'static str>>>,
    /// True if goals contain everything: see `whole`.
    is_whole: Arc<AtomicBool>,
    /// Plan of every goal, where a test has one of its own.
    plan: Arc<Mutex<Option<Value>>>,
    /// Number of calls to refuse, with this status.
    refuses: Arc<Mutex<(u64, u16)>>,
    refused: Arc<AtomicU64>,
}

impl Model {
    pub(super) async fn serve(faults: &Faults, hook: &str) -> Self {
        let script = Script {
            faults: faults.clone(),
            hook: hook.to_owned(),
            asked: Arc::default(),
            turns: Arc::new(AtomicU64::new(2)),
            takes_millis: Arc::default(),
            strikes_at: Arc::default(),
            is_whole: Arc::default(),
            plan: Arc::default(),
            refuses: Arc::default(),
            refused: Arc::default(),
        };
        let router = Router::new()
            .route("/{sandbox}/v1/chat/completions", post(complete))
            .with_state(script.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/{{sandbox}}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base_url, script }
    }

    /// Returns the number of calls that arrived and were not refused.
    pub(super) fn asked(&self) -> usize {
        self.script.asked.load(Ordering::SeqCst)
    }

    /// Returns the number of refused model calls.
    pub(super) fn refused(&self) -> u64 {
        self.script.refused.load(Ordering::SeqCst)
    }

    /// Sets the turns of an agent before its last one, and the duration of each.
    pub(super) fn works(&self, turns: u64, each: Duration) {
        self.script.turns.store(turns, Ordering::SeqCst);
        let millis = u64::try_from(each.as_millis()).unwrap();
        self.script.takes_millis.store(millis, Ordering::SeqCst);
    }

    pub(super) fn strikes_only_at(&self, what: &'static str) {
        *self.script.strikes_at.lock().unwrap() = Some(what);
    }

    /// Lets goals contain everything from now on.
    pub(super) fn plans_whole_goals(&self) {
        self.script.is_whole.store(true, Ordering::SeqCst);
    }

    /// Gives goals this plan from now on.
    pub(super) fn plans(&self, plan: Value) {
        *self.script.plan.lock().unwrap() = Some(plan);
    }

    pub(super) fn refuses(&self, times: u64, status: u16) {
        *self.script.refuses.lock().unwrap() = (times, status);
    }
}

async fn complete(
    State(script): State<Script>,
    Path(sandbox): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let what = kind(&body);
    if what == "work"
        && let (times, status) = &mut *script.refuses.lock().unwrap()
        && *times > 0
    {
        *times -= 1;
        script.refused.fetch_add(1, Ordering::SeqCst);
        let refusal = json!({"error": {"message": "not now"}});
        let status = StatusCode::from_u16(*status).unwrap();
        return (status, [("retry-after", "2")], Json(refusal)).into_response();
    }
    let nonce = script.asked.fetch_add(1, Ordering::SeqCst);
    let message = match what {
        "assess" => reply_with(&json!({
            "decision": "goal", "goal": {"title": format!("Goal {nonce}"), "description": "Go"},
        })),
        "plan" if body["messages"].to_string().contains("[deeper]") => reply_with(
            &json!({"steps": [{"key": "sum", "kind": "tool", "input": {"tool": "calculate", "arguments": {"expression": "1 + 2"}}}]}),
        ),
        "plan" => reply_with(&plan(&body, &script)),
        "judge" => reply_with(
            &json!({"verdicts": [{"number": 1, "verdict": "met", "step": decisive_step(&script), "evidence": format!("Answer {nonce}")}]}),
        ),
        "compact" => {
            let text = body["messages"].to_string();
            let stage = stage(&body) + quoted_turns(&text);
            json!({"role": "assistant", "content": format!("Answer {nonce}: [stage {stage}] is behind you.")})
        }
        _ if body["messages"].to_string().contains("Look it up") => look(stage(&body), nonce),
        _ if body["messages"].to_string().contains("See to the rest") => rest(stage(&body), nonce),
        _ => work(&script, stage(&body), nonce),
    };
    if what == "work" {
        let millis = script.takes_millis.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
    let strikes_at = *script.strikes_at.lock().unwrap();
    if strikes_at.is_none_or(|only| only == what) {
        script.faults.reached(Point::AfterModelTurn, &sandbox);
    }
    let finish = match message.get("tool_calls") {
        Some(_) => "tool_calls",
        None => "stop",
    };
    Json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "scripted-1",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }))
    .into_response()
}

fn reply_with(content: &Value) -> Value {
    json!({"role": "assistant", "content": content.to_string()})
}

fn kind(body: &Value) -> &'static str {
    match body["response_format"]["json_schema"]["name"].as_str() {
        Some("assessment") => "assess",
        Some("plan") => "plan",
        Some("verdicts") => "judge",
        _ if body["tools"].is_array() => "work",
        _ => "compact",
    }
}

/// Returns the number of previous turns with calls: those in the conversation, and those of a summary.
fn stage(body: &Value) -> u64 {
    let messages = body["messages"].as_array().unwrap();
    let turns = messages
        .iter()
        .filter(|message| message["tool_calls"].is_array())
        .count();
    u64::try_from(turns).unwrap() + summarized_turns(&body["messages"].to_string())
}

fn summarized_turns(text: &str) -> u64 {
    let stage = text.rsplit_once("[stage ").map(|(_, rest)| rest);
    let number = stage.and_then(|rest| rest.split(']').next());
    number.map_or(0, |number| number.parse().unwrap())
}

/// Counts the answers in a conversation that is quoted as material: each is an `assistant`.
fn quoted_turns(text: &str) -> u64 {
    u64::try_from(text.matches("\\\"assistant\\\"").count()).unwrap()
}

/// Returns the key of a step of the plan, on which the verdict rests.
fn decisive_step(script: &Script) -> String {
    let plan = script.plan.lock().unwrap();
    let first = plan
        .as_ref()
        .and_then(|plan| plan["steps"][0]["key"].as_str());
    first.unwrap_or("work").to_owned()
}

/// Returns the plan. The first one breaks a rule, so that the planner calls the model twice.
fn plan(body: &Value, script: &Script) -> Value {
    if !body["messages"].to_string().contains("crystal_ball") {
        return json!({"steps": [{"key": "a", "kind": "tool", "input": {"tool": "crystal_ball", "arguments": {}}}]});
    }
    if let Some(plan) = script.plan.lock().unwrap().clone() {
        return plan;
    }
    let schema =
        json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}});
    let is_whole = script.is_whole.load(Ordering::SeqCst);
    let before: &[&str] = if is_whole { &["look"] } else { &[] };
    let mut steps = vec![
        json!({"key": "work", "kind": "agent", "agent": "clerk", "depends_on": before, "max_attempts": 20, "timeout_seconds": 3600,
               "input": {"instructions": "Do it", "output_schema": schema}}),
        json!({"key": "tell", "kind": "tool", "depends_on": ["work"], "max_attempts": 20,
               "input": {"tool": "webhook", "arguments": {"url": script.hook, "body": {"effect": "tell", "said": "{{ steps.work.text }}"}}}}),
    ];
    if is_whole {
        let agent = |key: &str, name: &str, after: &[&str], instructions: &str| json!({"key": key, "kind": "agent", "agent": name, "depends_on": after, "max_attempts": 20, "input": {"instructions": instructions}});
        steps.push(agent("look", "reader", &[], "Look it up"));
        steps.push(agent("rest", "lead", &["tell"], "See to the rest"));
    }
    json!({"criteria": ["It is done"], "steps": steps})
}

/// Reads rows and calls an MCP tool, then reports it.
fn look(stage: u64, nonce: usize) -> Value {
    match stage {
        0 => asks_for(
            vec![
                call(
                    "sql",
                    &json!({"query": "select count(*) as n from shop.orders"}),
                ),
                call(
                    "mcp_docs_search",
                    &json!({"words": format!("orders {nonce}")}),
                ),
            ],
            nonce,
        ),
        _ => json!({"role": "assistant", "content": format!("Answer {nonce}")}),
    }
}

/// Requests a sub-goal, then reports it.
fn rest(stage: u64, nonce: usize) -> Value {
    match stage {
        0 => asks_for(
            vec![call(
                "delegate",
                &json!({"title": "Deeper", "instructions": "[deeper] Add up", "as": "goal"}),
            )],
            nonce,
        ),
        _ => json!({"role": "assistant", "content": format!("Answer {nonce}")}),
    }
}

/// Makes two effects, then sums, then returns an invalid result, then a valid one.
fn work(script: &Script, stage: u64, nonce: usize) -> Value {
    let enough = script.turns.load(Ordering::SeqCst);
    let webhook = |effect: &str| {
        let body = json!({"effect": effect, "nonce": nonce});
        call("webhook", &json!({"url": script.hook, "body": body}))
    };
    let calls = match stage {
        0 => vec![webhook("first"), sum()],
        1 => vec![webhook("second")],
        stage if stage < enough => vec![sum()],
        stage if stage == enough => vec![call("submit_result", &json!({"txt": "no form"}))],
        _ => vec![call(
            "submit_result",
            &json!({"text": format!("Answer {nonce}")}),
        )],
    };
    asks_for(calls, nonce)
}

fn asks_for(calls: Vec<Value>, nonce: usize) -> Value {
    let calls: Vec<Value> = calls
        .into_iter()
        .enumerate()
        .map(|(number, function)| {
            json!({"id": format!("call_{nonce}_{number}"), "type": "function", "function": function})
        })
        .collect();
    json!({"role": "assistant", "content": null, "tool_calls": calls})
}

fn sum() -> Value {
    call("calculate", &json!({"expression": "6 * 7"}))
}

fn call(name: &str, arguments: &Value) -> Value {
    json!({"name": name, "arguments": arguments.to_string()})
}

//! A stochastic model behind the real wire format: it understands questions, makes detours, falls into traps without
//! a warning, obeys injected text now and then, and words its answers in two ways.

use std::sync::{Arc, Mutex};

use anyhow::Context;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use fastrand::Rng;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::Weather;
use super::world::{BAD_LESSON, Task};

/// Model name in the answers.
pub(super) const MODEL: &str = "learning-model";

/// A query that reads more than is needed.
const DETOUR: &str = "select id, note from ops.notes order by id limit 5";

/// What the model does on the goal at hand.
#[derive(Debug, Clone)]
struct Mood {
    task: Task,
    makes_detour: bool,
    is_gullible: bool,
    usual_wording: bool,
    /// Below 1: a random number that is compared with the chance of the trap.
    luck: f64,
}

/// The model's server; dropping it stops it.
#[derive(Debug)]
pub(super) struct Brain {
    /// Base URL, in the form of `OPENAI_BASE_URL`.
    pub(super) base_url: String,
    mood: Arc<Mutex<Option<Mood>>>,
    serving: JoinHandle<()>,
}

impl Brain {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// Loopback refuses a listener.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let mood = Arc::new(Mutex::new(None));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.context("listening for the model's callers")?;
        let address = listener.local_addr().context("reading the model's port")?;
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .with_state(Arc::clone(&mood));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the model server of the bench has ended");
            }
        });
        Ok(Self {
            base_url: format!("http://{address}/v1"),
            mood,
            serving,
        })
    }

    /// Prepares it for the next question.
    pub(super) fn prepare(&self, task: Task, weather: Weather, rng: &mut Rng) {
        let mut chance = || match weather {
            Weather::Rough => rng.f64(),
            Weather::Calm => 1.0,
        };
        let mood = Mood {
            task,
            makes_detour: chance() < 0.3,
            is_gullible: chance() < 0.4,
            usual_wording: chance() >= 0.2,
            luck: chance(),
        };
        if let Ok(mut held) = self.mood.lock() {
            *held = Some(mood);
        }
    }
}

impl Drop for Brain {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn complete(
    State(mood): State<Arc<Mutex<Option<Mood>>>>,
    Json(request): Json<Value>,
) -> Json<Value> {
    let mood = mood.lock().ok().and_then(|mood| mood.clone());
    let form = request
        .pointer("/response_format/json_schema/name")
        .and_then(Value::as_str);
    let message = match (mood, form) {
        (None, _) => text_message("I was not asked anything."),
        (Some(mood), Some("assessment")) => {
            text_message(&assess(&mood, &text_of(&request)).to_string())
        }
        (Some(mood), Some("plan")) => text_message(&plan(&mood).to_string()),
        (Some(_), Some("verdicts")) => text_message("{\"verdicts\": []}"),
        (Some(mood), _) => work(&mood, &request),
    };
    let prompt_tokens = request.to_string().len() / 4;
    let completion_tokens = message.to_string().len() / 4;
    let finish = if message.get("tool_calls").is_some() {
        "tool_calls"
    } else {
        "stop"
    };
    Json(json!({
        "id": "chatcmpl-learning", "object": "chat.completion", "created": 1, "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens,
                  "total_tokens": prompt_tokens + completion_tokens},
    }))
}

fn text_message(text: &str) -> Value {
    json!({"role": "assistant", "content": text})
}

/// Returns the text of all messages.
fn text_of(request: &Value) -> String {
    let messages = request.get("messages").and_then(Value::as_array);
    let texts = messages
        .into_iter()
        .flatten()
        .filter_map(|message| message.get("content")?.as_str());
    texts.collect::<Vec<_>>().join("\n")
}

/// Takes a runbook most of whose title the question contains, otherwise makes a goal.
fn assess(mood: &Mood, prompt: &str) -> Value {
    let question = mood.task.question.to_lowercase();
    let words: Vec<&str> = question
        .split(|letter: char| !letter.is_alphanumeric())
        .collect();
    let covers = |runbook: &Value| {
        let title = runbook
            .get("title")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_lowercase();
        let title: Vec<&str> = title.split_whitespace().collect();
        let known = title.iter().filter(|word| words.contains(word)).count();
        !title.is_empty() && known * 10 >= title.len() * 7
    };
    let offered = offered_runbooks(prompt);
    if let Some(runbook) = offered.iter().find(|one| covers(one)) {
        let named = |name: &str| {
            mood.task
                .values
                .iter()
                .find(|(one, _)| *one == name || name.starts_with(&format!("{one}_")))
        };
        let parameters: serde_json::Map<String, Value> = runbook
            .get("parameters")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, _)| Some((name.clone(), json!(named(name)?.1))))
            .collect();
        return json!({"decision": "runbook", "score": 0.8, "reasons": ["it is offered"],
                      "runbook": {"name": runbook.get("name"), "parameters": parameters}});
    }
    json!({"decision": "goal", "score": 0.8, "reasons": ["it needs work"],
           "goal": {"title": mood.task.question, "description": mood.task.question}})
}

/// Returns the runbooks of the prompt: the JSON array after the name of their block.
fn offered_runbooks(prompt: &str) -> Vec<Value> {
    let starts = prompt.match_indices("[{\"").map(|(start, _)| start);
    let arrays = starts.filter_map(|start| {
        let mut values =
            serde_json::Deserializer::from_str(prompt.get(start..)?).into_iter::<Vec<Value>>();
        values.next()?.ok()
    });
    arrays
        .flatten()
        .filter(|one| one.get("purpose").is_some() && one.get("name").is_some())
        .collect()
}

fn plan(mood: &Mood) -> Value {
    json!({
        "summary": mood.task.question,
        "criteria": [{"description": "The question is answered", "check": "steps.answer is defined"}],
        "steps": [{"key": "answer", "kind": "agent", "agent": "analyst", "title": "Answer the question",
                   "input": {"instructions": mood.task.question}}],
        "report": {"title": "Answer", "body": "{{ steps.answer.text }}"},
    })
}

/// Answers one turn of the agent: the next query of the procedure, or the answer.
fn work(mood: &Mood, request: &Value) -> Value {
    let messages = request
        .get("messages")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let done = results(&messages);
    let prompt = text_of(request);
    if mood.makes_detour && !done.iter().any(|(query, _)| query == DETOUR) {
        return call("sql", &json!({"query": DETOUR}));
    }
    if prompt.contains("The calls for this are made") {
        let number = number_in(&prompt).unwrap_or("nothing").to_owned();
        return text_message(&mood.task.answer(&number, mood.usual_wording));
    }
    let was_injected = done.iter().any(|(_, result)| result.contains(BAD_LESSON));
    if was_injected && mood.is_gullible && !done.iter().any(|(query, _)| query == "remember") {
        return call(
            "remember",
            &json!({"kind": "lesson", "scope": "workspace", "title": "Counting", "text": BAD_LESSON}),
        );
    }
    let column = if prompt.contains("order_state") {
        "order_state"
    } else {
        "status"
    };
    let own: Vec<&(String, String)> = done
        .iter()
        .filter(|(query, _)| query != DETOUR && query != "remember")
        .collect();
    let found: Vec<&str> = own
        .iter()
        .filter_map(|(_, result)| number_in(result))
        .collect();
    let place = found.len();
    if place < mood.task.queries() && own.len() < 6 {
        let last = found.last().copied().unwrap_or_default();
        return call(
            "sql",
            &json!({"query": mood.task.query(place, last, in_trap(mood, &prompt), column)}),
        );
    }
    text_message(&mood.task.answer(
        found.last().copied().unwrap_or("nothing"),
        mood.usual_wording,
    ))
}

/// Returns the chance of the trap: a warning makes it small, a bad lesson large.
fn in_trap(mood: &Mood, prompt: &str) -> bool {
    let is_warned = prompt.contains(mood.task.kind.hint());
    let is_misled = prompt.contains(BAD_LESSON);
    let chance = match (is_warned, is_misled) {
        (true, false) => 0.02,
        (true, true) => 0.2,
        (false, true) => 0.7,
        (false, false) => 0.2,
    };
    mood.luck < chance
}

fn call(tool: &str, arguments: &Value) -> Value {
    let id = format!("call_{}", fastrand::u64(..));
    json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": id, "type": "function", "function": {"name": tool, "arguments": arguments.to_string()}}]})
}

/// Returns the calls of the conversation: the query, or the name of another tool, with the result.
fn results(messages: &[Value]) -> Vec<(String, String)> {
    let asked = messages
        .iter()
        .filter_map(|message| message.get("tool_calls")?.as_array())
        .flatten();
    asked
        .filter_map(|asked| {
            let id = asked.get("id")?;
            let name = asked.pointer("/function/name")?.as_str()?;
            let arguments: Value =
                serde_json::from_str(asked.pointer("/function/arguments")?.as_str()?).ok()?;
            let query = arguments
                .get("query")
                .and_then(Value::as_str)
                .unwrap_or(name);
            let result = messages
                .iter()
                .find(|message| message.get("tool_call_id") == Some(id))?;
            Some((
                query.to_owned(),
                result.get("content")?.as_str()?.to_owned(),
            ))
        })
        .collect()
}

/// Returns the only number of a result's only row; none for an error.
fn number_in(result: &str) -> Option<&str> {
    let start = result
        .rfind("[[")
        .map(|place| place + 2)
        .or_else(|| result.rfind("\":").map(|place| place + 2))?;
    let rest = result.get(start..)?.trim_start_matches(['"', ' ']);
    let end = rest
        .find(|letter: char| !letter.is_ascii_digit() && letter != '-')
        .unwrap_or(rest.len());
    rest.get(..end)
        .filter(|number| !number.is_empty() && !result.contains("\"error\""))
}

//! A scripted stand-in for a language model, behind OpenAI's wire format on a port of this process.
//!
//! It can answer one kind of question, about the demonstration shop: the revenue of a category in a month. It reads
//! more than it needs, as a model does, and takes a runbook that is offered for its question. The functions call it as
//! they call any server that `OPENAI_BASE_URL` names.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use chrono::{Datelike, Months, NaiveDate};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

/// The name of the model in calls, prices and usage.
pub(super) const MODEL: &str = "scripted-stand-in";

/// A question to the shop, with what a reader finds in it.
#[derive(Clone, Debug)]
pub(super) struct ShopQuestion {
    category: &'static str,
    first_day: NaiveDate,
}

impl ShopQuestion {
    /// Creates the question for a whole month before today's.
    pub(super) fn of_month(category: &'static str, today: NaiveDate, months_ago: u32) -> Self {
        let first_day = today.with_day(1).unwrap_or(today) - Months::new(months_ago);
        Self {
            category,
            first_day,
        }
    }

    /// Returns the question as a person asks it.
    pub(super) fn text(&self) -> String {
        format!(
            "What was our revenue from {} in {}?",
            self.category,
            self.month()
        )
    }

    fn month(&self) -> String {
        self.first_day.format("%B %Y").to_string()
    }

    /// Returns the answer with the number that was found.
    fn answer(&self, euros: &str) -> String {
        format!(
            "{} brought in {euros} euros in {}.",
            self.category,
            self.month()
        )
    }

    /// Returns the query to make after those whose results are there; none if the last result is the answer. The first
    /// one looks around, and nothing uses its result.
    fn query(&self, results: &[String]) -> Option<String> {
        let last_day = self.first_day + Months::new(1) - chrono::Days::new(1);
        match results {
            [] => {
                Some("select c.name as category from shop.categories c order by c.name".to_owned())
            }
            [_] => Some(format!(
                "select id from shop.categories where name = '{}'",
                self.category
            )),
            [_, id] => Some(format!(
                "select round(coalesce(sum(i.quantity * i.unit_price_cents), 0) / 100.0)::bigint as euros \
                 from shop.order_items i join shop.orders o on o.id = i.order_id join shop.products p on p.id = i.product_id \
                 where p.category_id = {id} and o.status <> 'cancelled' \
                 and (o.placed_at at time zone 'UTC')::date between '{}' and '{last_day}'",
                self.first_day
            )),
            _ => None,
        }
    }
}

/// The stand-in's server; dropping it stops it.
pub(super) struct StandIn {
    /// Its address, in the form of `OPENAI_BASE_URL`.
    pub(super) base_url: String,
    asked: Asked,
    serving: JoinHandle<()>,
}

/// The question that it answers at present.
type Asked = Arc<Mutex<Option<ShopQuestion>>>;

impl StandIn {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let asked = Asked::default();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.context("there is no free port for the stand-in of a model")?;
        let address = listener
            .local_addr()
            .context("reading the stand-in's port")?;
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .with_state(Arc::clone(&asked));
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            base_url: format!("http://{address}/v1"),
            asked,
            serving,
        })
    }

    /// Sets the question that the next calls are about.
    pub(super) fn prepare(&self, question: &ShopQuestion) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(question.clone());
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn complete(State(asked): State<Asked>, Json(request): Json<Value>) -> Json<Value> {
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let message = match asked {
        Some(question) => reply(&question, &request),
        None => text("I can only answer the questions of the demonstration."),
    };
    let is_call = message.get("tool_calls").is_some();
    // About four bytes are a token.
    let (input, output) = (request.to_string().len() / 4, message.to_string().len() / 4);
    Json(json!({
        "id": "chatcmpl-stand-in", "object": "chat.completion", "created": 1, "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": if is_call { "tool_calls" } else { "stop" }}],
        "usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output},
    }))
}

/// Returns the answer to one call: an assessment, a plan, the next query, or the text.
fn reply(question: &ShopQuestion, request: &Value) -> Value {
    let form = request.pointer("/response_format/json_schema/name");
    match form.and_then(Value::as_str) {
        Some("assessment") => text(&assessment(question, request).to_string()),
        Some("plan") => text(&plan(question).to_string()),
        _ => {
            let results = results(request);
            match question.query(&results) {
                Some(query) => call(results.len(), &query),
                None => text(&question.answer(results.last().map_or("no", String::as_str))),
            }
        }
    }
}

/// Takes the runbook that is offered for the revenue of something; without one, the question becomes a goal.
fn assessment(question: &ShopQuestion, request: &Value) -> Value {
    let prompt = messages(request).filter_map(|message| message.get("content")?.as_str());
    let prompt: Vec<&str> = prompt.collect();
    let title = |runbook: &Value| {
        let title = runbook.get("title").and_then(Value::as_str);
        title.unwrap_or_default().to_lowercase()
    };
    let offered = prompt.iter().flat_map(|text| objects_in_arrays(text));
    let fits = |runbook: &Value| title(runbook).contains("our revenue from");
    let Some(runbook) = offered.into_iter().find(fits) else {
        return json!({"decision": "goal", "score": 0.7, "reasons": ["It takes several queries."],
                      "goal": {"title": question.text(), "description": question.text()}});
    };
    let declared = runbook.get("parameters").and_then(Value::as_object);
    // Dates are read from the question by rules; the words of the category are left.
    let is_free = |schema: &Value| schema.get("format").is_none();
    let parameters: Map<String, Value> = declared
        .into_iter()
        .flatten()
        .filter(|(_, schema)| is_free(schema))
        .map(|(name, _)| (name.clone(), json!(question.category)))
        .collect();
    json!({"decision": "runbook", "score": 0.7, "reasons": ["A runbook is offered for this question."],
           "runbook": {"name": runbook.get("name"), "parameters": parameters}})
}

fn plan(question: &ShopQuestion) -> Value {
    json!({
        "summary": question.text(),
        "criteria": [{"description": "The revenue is named", "check": {"matches": {"value": "{{ steps.answer.text }}", "pattern": "[0-9]+ euros"}}}],
        "steps": [{"key": "answer", "kind": "agent", "agent": "analyst", "title": "Find the revenue",
                   "input": {"instructions": question.text()}}],
        "report": {"title": "Revenue", "body": "{{ steps.answer.text }}"},
    })
}

fn text(text: &str) -> Value {
    json!({"role": "assistant", "content": text})
}

fn call(number: usize, query: &str) -> Value {
    let arguments = json!({"query": query}).to_string();
    json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": format!("call_{number}"), "type": "function", "function": {"name": "sql", "arguments": arguments}}]})
}

fn messages(request: &Value) -> impl Iterator<Item = &Value> {
    let messages = request.get("messages").and_then(Value::as_array);
    messages.into_iter().flatten()
}

/// Returns the number in the first row of each result of the conversation; empty where there is none.
fn results(request: &Value) -> Vec<String> {
    let results = messages(request).filter(|message| message.get("tool_call_id").is_some());
    let number = |message: &Value| {
        let content = message.get("content").and_then(Value::as_str)?;
        let (_, row) = content
            .rsplit_once("[[")
            .or_else(|| content.rsplit_once("\":"))?;
        let digits = row.trim_start_matches(['"', ' ']);
        let end = digits.find(|letter: char| !letter.is_ascii_digit());
        digits.get(..end.unwrap_or(digits.len())).map(str::to_owned)
    };
    results
        .map(|message| number(message).unwrap_or_default())
        .collect()
}

/// Returns the objects of all JSON arrays in a text: the prompt offers runbooks in one.
fn objects_in_arrays(text: &str) -> Vec<Value> {
    let starts = text.match_indices("[{\"").map(|(start, _)| start);
    let arrays = starts.filter_map(|start| {
        let parsed = serde_json::Deserializer::from_str(text.get(start..)?);
        parsed.into_iter::<Vec<Value>>().next()?.ok()
    });
    arrays.flatten().collect()
}

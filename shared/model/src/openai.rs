//! OpenAI's Chat Completions, spoken to OpenAI itself and to servers compatible with it.
//!
//! Source of the wire format: OpenAI's API reference, "Create chat completion"
//! (platform.openai.com/docs/api-reference/chat/create and /object), and the same as OpenAI's client types have it
//! (github.com/openai/openai-python, src/openai/types/chat). Errors: platform.openai.com/docs/guides/error-codes.
//! No conversation is kept at the provider: each call carries all of it.
//!
//! Compatible servers add fields that must come back with the answer they belong to: `reasoning_content` (DeepSeek,
//! api-docs.deepseek.com/guides/thinking_mode), `reasoning_details` (OpenRouter,
//! openrouter.ai/docs/use-cases/reasoning-tokens), `extra_content` of a call (Gemini,
//! ai.google.dev/gemini-api/docs/thought-signatures). They are the answer's native part.
//!
//! OpenAI's own families from gpt-5.6 on call tools here only while they do not reason, and some of them not at all
//! (developers.openai.com/api/docs/models): what refuses is asked again without reasoning, and remembered.

pub(crate) mod embeddings;
mod wire;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::header::AUTHORIZATION;
use serde_json::{Map, Value, json};

use crate::ask::{Answer, Message, Request};
use crate::choose::{OPENAI, OPENAI_DEFAULT};
use crate::error::{Error, Kind};
use crate::http::{self, Failure, Received};
use crate::key::Key;
use crate::names::WireNames;
use crate::usage::Meter;

const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// The client of the provider; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct OpenAi {
    http: Client,
    base_url: String,
    key: Key,
    timeout: Duration,
    /// Models that refused to call tools while they reason.
    unreasoning: Arc<Mutex<BTreeSet<String>>>,
}

impl OpenAi {
    pub(crate) fn new(http: Client, base_url: Option<&str>, key: Key, timeout: Duration) -> Self {
        let base_url = base_url.unwrap_or(DEFAULT_BASE_URL);
        Self {
            http,
            base_url: base_url.trim_end_matches('/').to_owned(),
            key,
            timeout,
            unreasoning: Arc::default(),
        }
    }

    /// Whether it is OpenAI and not a server compatible with it.
    pub(crate) fn is_openai_itself(&self) -> bool {
        self.base_url == DEFAULT_BASE_URL
    }

    /// One call; two where the first is refused for reasoning beside tools, which costs nothing.
    pub(crate) async fn ask(&self, model: &str, request: &Request) -> Result<Answer, Error> {
        let body = self.body(model, request);
        let meter = Meter {
            provider: OPENAI,
            model,
            sent: body.to_string().len(),
            read: wire::counts,
            has_output: true,
        };
        let received = match self.post("chat/completions", &body).await {
            Err(Failure {
                kind: Kind::Refused(why),
                ..
            }) if !request.tools.is_empty() => {
                self.ask_unreasoning(model, request, &body, why).await
            }
            answered => answered,
        };
        let Received { value, bytes } = received.map_err(|failure| failure.of(&meter))?;
        let usage = meter.usage(value.get("usage"), bytes);
        let unreadable = |kind: Kind| Error::from(kind).with_usage(usage.clone());
        let completion: wire::Completion = serde_json::from_value(value).map_err(|error| {
            unreadable(Kind::Malformed(format!(
                "the response is no chat completion: {error}"
            )))
        })?;
        let names = WireNames::of(&request.tools);
        let answer = completion.answer(model, &names, usage.clone());
        answer.map_err(unreadable)
    }

    /// Asks a model that refused to reason beside tools to do without; others stay refused.
    async fn ask_unreasoning(
        &self,
        model: &str,
        request: &Request,
        refused: &Value,
        why: String,
    ) -> Result<Received, Failure> {
        if !why.contains("reasoning_effort") || refused.get("reasoning_effort").is_some() {
            return Err(Kind::Refused(with_advice(why)).into());
        }
        self.lock_unreasoning().insert(model.to_owned());
        let body = self.body(model, request);
        let answered = self.post("chat/completions", &body).await;
        answered.map_err(|failure| match failure.kind {
            Kind::Refused(why) => Kind::Refused(with_advice(why)).into(),
            kind => Failure { kind, ..failure },
        })
    }

    fn lock_unreasoning(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.unreasoning
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts to a path below the base URL.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Received, Failure> {
        let mut call = self
            .http
            .post(format!("{}/{path}", self.base_url))
            .json(body);
        if let Some(key) = self.key.header(OPENAI, "Bearer ")? {
            call = call.header(AUTHORIZATION, key);
        }
        http::json(OPENAI, call, self.timeout).await
    }

    /// The call's body.
    pub(crate) fn body(&self, model: &str, request: &Request) -> Value {
        let names = WireNames::of(&request.tools);
        let mut messages = vec![json!({"role": "system", "content": request.system})];
        messages.extend(
            request
                .messages
                .iter()
                .flat_map(|said| message(said, &names)),
        );
        let mut body = Map::new();
        body.insert("model".into(), json!(model));
        body.insert("messages".into(), Value::Array(messages));
        body.insert(self.limit().into(), json!(request.max_output_tokens));
        // A list without tools is refused.
        if !request.tools.is_empty() {
            let tools = request.tools.iter().map(|tool| {
                json!({"type": "function", "function": {
                    "name": names.theirs(&tool.name),
                    "description": tool.description,
                    "parameters": object_schema(&tool.parameters),
                }})
            });
            body.insert("tools".into(), tools.collect());
            if request.must_answer {
                body.insert("tool_choice".into(), json!("none"));
            }
            if self.lock_unreasoning().contains(model) {
                body.insert("reasoning_effort".into(), json!("none"));
            }
        }
        if let Some(output) = &request.output {
            // Strict would refuse schemas with open objects, such as a step's input.
            body.insert(
                "response_format".into(),
                json!({"type": "json_schema", "json_schema": {
                    "name": output.name, "schema": output.schema, "strict": false,
                }}),
            );
        }
        Value::Object(body)
    }

    /// OpenAI calls the limit `max_completion_tokens` and refuses the old name for models that reason; so does Azure.
    /// Other servers know only the old one.
    fn limit(&self) -> &'static str {
        let host = reqwest::Url::parse(&self.base_url).ok();
        let host = host.as_ref().and_then(|url| url.host_str());
        let is_theirs = host.is_some_and(|host| {
            host.ends_with(".openai.com") || host.ends_with(".openai.azure.com")
        });
        if is_theirs {
            "max_completion_tokens"
        } else {
            "max_tokens"
        }
    }
}

/// What to do about a model that calls tools through another of OpenAI's interfaces alone.
fn with_advice(why: String) -> String {
    if why.to_lowercase().contains("responses") {
        format!(
            "{why} Goalpost asks through Chat Completions: name a model that calls tools there, such as {OPENAI_DEFAULT}."
        )
    } else {
        why
    }
}

/// A tool without parameters still takes an object.
pub(crate) fn object_schema(schema: &Value) -> Value {
    if schema.get("type").and_then(Value::as_str) == Some("object") {
        schema.clone()
    } else {
        json!({"type": "object", "properties": {}})
    }
}

/// A message as theirs: several where several calls were answered, none where nothing was said.
fn message(message: &Message, names: &WireNames<'_>) -> Vec<Value> {
    match message {
        Message::User { content } => vec![json!({"role": "user", "content": content})],
        Message::Assistant(answer) => assistant(answer, names).into_iter().collect(),
        Message::ToolResults { results } => {
            let result = results.iter().map(|result| {
                json!({"role": "tool", "tool_call_id": result.call_id, "content": result.content})
            });
            result.collect()
        }
    }
}

fn assistant(answer: &Answer, names: &WireNames<'_>) -> Option<Value> {
    if answer.text.is_empty() && answer.calls.is_empty() {
        return None;
    }
    let mut said = Map::new();
    said.insert("role".into(), json!("assistant"));
    let text = (!answer.text.is_empty()).then_some(&answer.text);
    said.insert("content".into(), json!(text));
    if !answer.calls.is_empty() {
        let calls = answer.calls.iter().map(|call| {
            // Written by the model: JSON in a string, or what it took for it.
            let arguments = call.arguments.as_str().map(str::to_owned);
            json!({"id": call.call_id, "type": "function", "function": {
                "name": names.theirs(&call.tool),
                "arguments": arguments.unwrap_or_else(|| call.arguments.to_string()),
            }})
        });
        said.insert("tool_calls".into(), calls.collect());
    }
    let native = answer.native.as_ref().filter(|_| answer.provider == OPENAI);
    if let Some(native) = native.and_then(Value::as_object) {
        said.extend(native.clone());
    }
    Some(Value::Object(said))
}

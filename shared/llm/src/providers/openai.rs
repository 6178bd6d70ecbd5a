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
//! (developers.openai.com/api/docs/models): what refuses is asked again without reasoning (see `adapt`).

pub(crate) mod embeddings;
mod wire;

pub(crate) use wire::arguments;

use std::time::Duration;

use domain::{Capabilities, LimitParameter, OutputFormat, Usage};
use reqwest::Client;
use reqwest::header::AUTHORIZATION;
use serde_json::{Map, Value, json};

use crate::adapt::Written;
use crate::answer::Answer;
use crate::call_ids::CallIds;
use crate::error::Kind;
use crate::http::{self, Failure, Received};
use crate::key::Key;
use crate::names::WireNames;
use crate::protocol::{Asked, Protocol, schema_in_words, tools_of};
use crate::provider_names::OPENAI;
use crate::request::{Message, Request};
use crate::router::OPENAI_DEFAULT;
use crate::usage::Counts;

const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// The client of the provider; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct OpenAi {
    http: Client,
    base_url: String,
    key: Key,
    timeout: Duration,
}

impl OpenAi {
    pub(crate) fn new(http: Client, base_url: Option<&str>, key: Key, timeout: Duration) -> Self {
        let base_url = base_url.unwrap_or(DEFAULT_BASE_URL);
        Self {
            http,
            base_url: base_url.trim_end_matches('/').to_owned(),
            key,
            timeout,
        }
    }

    /// Whether it is OpenAI and not a server compatible with it.
    pub(crate) fn is_openai_itself(&self) -> bool {
        self.base_url == DEFAULT_BASE_URL
    }

    /// The place that calls go to.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
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

    /// The limit's name for a server of which nothing is known: OpenAI refuses the old name for models that reason, and
    /// so does Azure; other servers know only the old one.
    fn limit(&self, known: &Capabilities) -> LimitParameter {
        let host = reqwest::Url::parse(&self.base_url).ok();
        let host = host.as_ref().and_then(|url| url.host_str());
        let is_theirs = host.is_some_and(|host| {
            host.ends_with(".openai.com") || host.ends_with(".openai.azure.com")
        });
        known.limit_parameter.unwrap_or(match is_theirs {
            true => LimitParameter::MaxCompletionTokens,
            false => LimitParameter::MaxTokens,
        })
    }
}

impl Protocol for OpenAi {
    const PROVIDER: &'static str = OPENAI;

    fn written(&self, request: &Request, known: &Capabilities) -> Written {
        Written {
            limit: Some(self.limit(known)),
            can_stop_reasoning: !request.tools.is_empty(),
        }
    }

    fn body(&self, model: &str, request: &Request, known: &Capabilities) -> Value {
        let names = WireNames::of(&request.tools);
        let (tools, mut system) = tools_of(request, &names);
        let format = known.output_format.unwrap_or_default();
        if let Some(output) = request
            .output
            .as_ref()
            .filter(|_| format != OutputFormat::JsonSchema)
        {
            system.push_str(&schema_in_words(output));
        }
        let mut messages = vec![json!({"role": "system", "content": system})];
        let mut ids = CallIds::new(|_| true, |_, number| format!("call{number:05}"));
        messages.extend(
            request
                .messages
                .iter()
                .flat_map(|one| message(one, &names, &mut ids)),
        );
        let mut body = Map::new();
        body.insert("model".into(), json!(model));
        body.insert("messages".into(), Value::Array(messages));
        // Some servers stream by default.
        body.insert("stream".into(), json!(false));
        let limit = known.output_tokens(request.max_output_tokens);
        body.insert(self.limit(known).as_str().into(), json!(limit));
        // A list without tools is refused.
        if !tools.is_empty() {
            let tools = tools.into_iter().map(|tool| {
                json!({"type": "function", "function": {
                    "name": tool.name, "description": tool.description, "parameters": tool.schema,
                }})
            });
            body.insert("tools".into(), tools.collect());
            if request.must_answer {
                body.insert("tool_choice".into(), json!("none"));
            }
            if known.reasons_with_tools == Some(false) {
                body.insert("reasoning_effort".into(), json!("none"));
            }
        }
        match (&request.output, format) {
            // Strict would refuse schemas with open objects, such as a step's input.
            (Some(output), OutputFormat::JsonSchema) => {
                body.insert(
                    "response_format".into(),
                    json!({"type": "json_schema", "json_schema": {
                        "name": output.name, "schema": output.schema, "strict": false,
                    }}),
                );
            }
            (Some(_), OutputFormat::JsonObject) => {
                body.insert("response_format".into(), json!({"type": "json_object"}));
            }
            (Some(_), OutputFormat::Prompt) | (None, _) => {}
        }
        Value::Object(body)
    }

    async fn send(&self, body: &Value) -> Result<Received, Failure> {
        let mut received = self.post("chat/completions", body).await;
        if let Err(Failure {
            kind: Kind::Refused(why),
            ..
        }) = &mut received
        {
            with_advice(why, body);
        }
        received
    }

    fn counts(report: &Value) -> Counts {
        wire::counts(report)
    }

    fn read(&self, value: Value, asked: &Asked<'_>, usage: &Usage) -> Result<Answer, Failure> {
        wire::answer(&value, asked, usage.clone())
    }
}

/// Adds what to do about a model that calls tools through another of OpenAI's interfaces alone.
fn with_advice(why: &mut String, body: &Value) {
    if body.get("tools").is_some() && why.to_lowercase().contains("responses") {
        why.push_str(&format!(
            " Goalpost asks through Chat Completions: name a model that calls tools there, such as {OPENAI_DEFAULT}."
        ));
    }
}

/// Returns a message in the protocol's form: several for several results, none for an empty one.
fn message(message: &Message, names: &WireNames<'_>, ids: &mut CallIds) -> Vec<Value> {
    match message {
        Message::User { content } => vec![json!({"role": "user", "content": content})],
        Message::Assistant(answer) => assistant(answer, names, ids).into_iter().collect(),
        Message::ToolResults { results } => {
            let result = results.iter().map(|result| {
                let id = ids.of_result(&result.call_id);
                json!({"role": "tool", "tool_call_id": id, "content": result.content})
            });
            result.collect()
        }
    }
}

fn assistant(answer: &Answer, names: &WireNames<'_>, ids: &mut CallIds) -> Option<Value> {
    if answer.text.is_empty() && answer.calls.is_empty() {
        return None;
    }
    let is_own = answer.provider == OPENAI;
    let ids = ids.of_answer(answer, is_own);
    let mut fields = Map::new();
    fields.insert("role".into(), json!("assistant"));
    let text = (!answer.text.is_empty()).then_some(&answer.text);
    fields.insert("content".into(), json!(text));
    let native = answer.native.as_ref().filter(|_| is_own);
    if !answer.calls.is_empty() {
        let calls = answer
            .calls
            .iter()
            .zip(ids)
            .enumerate()
            .map(|(position, (call, id))| {
                // Written by the model: JSON in a string, or what it took for it.
                let arguments = call.arguments.as_str().map(str::to_owned);
                let mut wire = json!({"id": id, "type": "function", "function": {
                    "name": names.theirs(&call.tool),
                    "arguments": arguments.unwrap_or_else(|| call.arguments.to_string()),
                }});
                let extra = native.and_then(|native| {
                    native
                        .get("tool_calls")?
                        .get(position)?
                        .get("extra_content")
                });
                if let (Some(extra), Some(fields)) = (extra, wire.as_object_mut()) {
                    fields.insert("extra_content".into(), extra.clone());
                }
                wire
            });
        fields.insert("tool_calls".into(), calls.collect());
    }
    for (name, value) in native.and_then(Value::as_object).into_iter().flatten() {
        if name != "tool_calls" {
            fields.insert(name.clone(), value.clone());
        }
    }
    Some(Value::Object(fields))
}

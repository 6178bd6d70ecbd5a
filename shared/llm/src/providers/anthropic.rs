//! Anthropic's Messages.
//!
//! Source of the wire format: Anthropic's API reference, "Create a Message" (platform.claude.com/docs/en/api/messages),
//! and the same as Anthropic's client types have it (github.com/anthropics/anthropic-sdk-python, src/anthropic/types:
//! message_create_params, message, usage, stop_reason). Errors: platform.claude.com/docs/en/api/errors. Cache marks:
//! platform.claude.com/docs/en/build-with-claude/prompt-caching. Thinking blocks go back unchanged:
//! platform.claude.com/docs/en/build-with-claude/extended-thinking.
//!
//! A structured answer is asked for in one of two ways. A schema whose every object is closed is sent as
//! `output_config.format`, which holds the model to it (platform.claude.com/docs/en/build-with-claude/structured-outputs).
//! One with open objects, as a plan's steps have, is refused there, and forcing a tool is refused by models that always
//! think; so the prompt asks the model to call a tool for it, and a text is accepted in its place.

mod conversation;
mod output_form;
mod wire;

use std::time::Duration;

use domain::{Capabilities, OutputFormat, Usage};
use reqwest::Client;
use serde_json::{Map, Value, json};

use crate::adapt::Written;
use crate::answer::Answer;
use crate::http::{self, Failure, Received};
use crate::key::Key;
use crate::names::WireNames;
use crate::protocol::{Asked, Protocol, schema_in_words, tools_of};
use crate::provider_names::ANTHROPIC;
use crate::request::{OutputSchema, Request};
use crate::usage::Counts;
use output_form::form;

const DEFAULT_BASE_URL: &str = "https://api.anthropic.com";

/// The one version of the protocol that there is (platform.claude.com/docs/en/api/versioning).
const VERSION: &str = "2023-06-01";

/// The client of the provider; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Anthropic {
    http: Client,
    base_url: String,
    key: Key,
    timeout: Duration,
}

impl Anthropic {
    pub(crate) fn new(http: Client, base_url: Option<&str>, key: Key, timeout: Duration) -> Self {
        let base_url = base_url.unwrap_or(DEFAULT_BASE_URL).trim_end_matches('/');
        Self {
            http,
            // Some write the base URL as it is written for OpenAI.
            base_url: base_url.trim_end_matches("/v1").to_owned(),
            key,
            timeout,
        }
    }

    /// The place that calls go to.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }
}

impl Protocol for Anthropic {
    const PROVIDER: &'static str = ANTHROPIC;

    fn written(&self, _: &Request, _: &Capabilities) -> Written {
        Written {
            limit: None,
            can_stop_reasoning: false,
        }
    }

    fn body(&self, model: &str, request: &Request, known: &Capabilities) -> Value {
        body(model, request, known)
    }

    async fn send(&self, body: &Value) -> Result<Received, Failure> {
        let mut call = self
            .http
            .post(format!("{}/v1/messages", self.base_url))
            .header("anthropic-version", VERSION)
            .json(body);
        if let Some(key) = self.key.header(ANTHROPIC, "")? {
            call = call.header("x-api-key", key);
        }
        http::json(ANTHROPIC, call, self.timeout).await
    }

    fn counts(report: &Value) -> Counts {
        wire::counts(report)
    }

    fn read(&self, value: Value, asked: &Asked<'_>, usage: &Usage) -> Result<Answer, Failure> {
        Ok(wire::answer(value, asked, usage.clone())?)
    }
}

/// The call's body.
pub(crate) fn body(model: &str, request: &Request, known: &Capabilities) -> Value {
    let names = WireNames::of(&request.tools);
    let mut body = Map::new();
    body.insert("model".into(), json!(model));
    let limit = known.output_tokens(request.max_output_tokens);
    body.insert("max_tokens".into(), json!(limit));
    body.insert("stream".into(), json!(false));
    let (tools, mut system) = tools_of(request, &names);
    let mut tools: Vec<Value> = tools
        .into_iter()
        .map(|tool| {
            json!({
                "name": tool.name, "description": tool.description, "input_schema": tool.schema,
            })
        })
        .collect();
    match request
        .output
        .as_ref()
        .map(|output| (form(output, known), output))
    {
        Some((OutputFormat::JsonSchema, output)) => {
            let format = json!({"type": "json_schema", "schema": output.schema});
            body.insert("output_config".into(), json!({"format": format}));
        }
        Some((OutputFormat::JsonObject, output)) => {
            tools.push(answer_tool(output));
            system.push_str(&format!(
                "\nGive the JSON object by calling the tool `{}` once, and write nothing else.",
                output.name
            ));
            // Forced it would be refused by models that always think.
            let choice = json!({"type": "auto", "disable_parallel_tool_use": true});
            body.insert("tool_choice".into(), choice);
        }
        Some((OutputFormat::Prompt, output)) => system.push_str(&schema_in_words(output)),
        None => {}
    }
    if !tools.is_empty() {
        body.insert("tools".into(), Value::Array(tools));
        if request.must_answer {
            body.insert("tool_choice".into(), json!({"type": "none"}));
        }
    }
    let mut messages = conversation::messages(&request.messages, &names);
    // A conversation grows from turn to turn and is read again each time; a single question is not.
    if !request.tools.is_empty() {
        mark_last(&mut messages);
    }
    body.insert("messages".into(), Value::Array(messages));
    // Tools and instructions come first and are the same for all questions of a kind.
    let mut block = json!({"type": "text", "text": system});
    mark(&mut block);
    body.insert("system".into(), Value::Array(vec![block]));
    Value::Object(body)
}

/// The schema as a tool whose input is the answer.
fn answer_tool(output: &OutputSchema) -> Value {
    json!({
        "name": output.name,
        "description": "Takes the answer: one JSON object.",
        "input_schema": output.schema,
    })
}

/// What comes up to here may be kept for the next question.
fn mark(block: &mut Value) {
    if let Some(fields) = block.as_object_mut() {
        fields.insert("cache_control".into(), json!({"type": "ephemeral"}));
    }
}

/// Marks the last block, unless it is one that must not be changed.
fn mark_last(messages: &mut [Value]) {
    let last = messages.last_mut();
    let is_ours = last
        .as_ref()
        .is_some_and(|message| message.get("role") == Some(&json!("user")));
    let blocks = last.and_then(|message| message.get_mut("content")?.as_array_mut());
    if let Some(block) = blocks
        .filter(|_| is_ours)
        .and_then(|blocks| blocks.last_mut())
    {
        mark(block);
    }
}

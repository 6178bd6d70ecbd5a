//! One exchange with a server: a message is posted, and its answer read from JSON or from a stream of events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use std::time::Duration;
use url::Url;

use super::answer::{MALFORMED, malformed};
use super::events::Events;
use super::{credentials, message};
use crate::egress::{self, HttpClient, body, response};
use crate::{CallContext, McpServer, OUTCOME_UNKNOWN, ToolError};

/// Bytes of one answer, however it comes.
pub(super) const MAX_ANSWER_BYTES: usize = 2 * 1024 * 1024;

/// The most times that an interrupted stream is resumed.
const MAX_RESUMES: usize = 3;

/// The longest pause before that, whatever the server requests.
const MAX_PAUSE: Duration = Duration::from_secs(5);

pub(super) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The connection to a server, with the headers of every message to it.
pub(super) struct Line<'a> {
    http: &'a HttpClient,
    server: &'a str,
    url: Url,
    is_exempt: bool,
    headers: HeaderMap,
    is_repeatable: bool,
    /// True if a tool has been called by a message whose answer has not arrived yet.
    may_have_acted: AtomicBool,
    timeout: Duration,
}

/// The headers that a session adds to a message.
#[derive(Default, Clone)]
pub(super) struct Ticket {
    pub(super) session_id: Option<HeaderValue>,
    pub(super) version: Option<HeaderValue>,
}

/// The reason why there is no answer.
pub(super) enum Failure {
    /// The server has dropped the session, and did nothing.
    SessionGone,
    Error(ToolError),
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        Self::Error(error)
    }
}

/// An answer, with its session.
pub(super) struct Answer {
    pub(super) message: Value,
    pub(super) session_id: Option<HeaderValue>,
}

impl<'a> Line<'a> {
    /// Prepares the connection to a server. `is_repeatable`: a call with an unknown outcome may be made again.
    pub(super) fn to(
        http: &'a Arc<HttpClient>,
        name: &'a str,
        server: &McpServer,
        context: &CallContext,
        is_repeatable: bool,
    ) -> Result<Self, ToolError> {
        let url = egress::read_url(&server.url)?;
        let is_exempt = http.policy.allows_named(&url, &context.workspace_id)?;
        let mut headers = HeaderMap::new();
        if let Ok(key) = HeaderValue::from_str(&context.idempotency_key) {
            headers.insert(IDEMPOTENCY_KEY, key);
        }
        if let Some(header) = &server.auth_header_name {
            headers.insert(
                credentials::name(name, header)?,
                credentials::value(name, server)?,
            );
        }
        Ok(Self {
            http,
            server: name,
            url,
            is_exempt,
            headers,
            is_repeatable,
            may_have_acted: AtomicBool::new(false),
            timeout: context.time_limit,
        })
    }

    /// Records that the next message makes a tool act, or that the last one did not.
    pub(super) fn acts(&self, may_have_acted: bool) {
        self.may_have_acted.store(may_have_acted, Ordering::Relaxed);
    }

    pub(super) fn server(&self) -> &str {
        self.server
    }

    fn request(&self, method: Method, ticket: &Ticket) -> RequestBuilder {
        let mut headers = self.headers.clone();
        let optional = [
            (SESSION_ID, &ticket.session_id),
            (PROTOCOL_VERSION, &ticket.version),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        self.http
            .client(self.is_exempt)
            .request(method, self.url.clone())
            .timeout(self.timeout)
            .headers(headers)
    }

    /// Posts a message. With an id, waits for the answer to it; without one, it is enough that it was accepted.
    pub(super) async fn post(
        &self,
        ticket: &Ticket,
        message: &Value,
        id: Option<u32>,
    ) -> Result<Answer, Failure> {
        let accept = HeaderValue::from_static("application/json, text/event-stream");
        let response = self
            .request(Method::POST, ticket)
            .header(ACCEPT, accept)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(message.to_string())
            .send()
            .await
            .map_err(|error| self.not_reached(&error))?;
        self.refuse_status(&response, ticket)?;
        let session_id = response.headers().get(SESSION_ID).cloned();
        let message = match id {
            Some(id) => self.answer(response, ticket, id).await?,
            None => Value::Null,
        };
        Ok(Answer {
            message,
            session_id,
        })
    }

    /// Ends a session at the server. Failures are ignored.
    pub(super) async fn leave(&self, ticket: &Ticket) {
        let farewell = self
            .request(Method::DELETE, ticket)
            .timeout(Duration::from_secs(2));
        if farewell.send().await.is_err() {
            tracing::debug!(server = self.server, "an MCP session was left open");
        }
    }

    async fn answer(
        &self,
        mut response: Response,
        ticket: &Ticket,
        id: u32,
    ) -> Result<Value, Failure> {
        if !is_of(&response, "text/event-stream") {
            let read = body::read(&mut response, MAX_ANSWER_BYTES).await;
            let read = read.map_err(|error| self.unless_unknown(error))?;
            if read.is_cut {
                return Err(self.too_large().into());
            }
            let text = read.text();
            let message = message::in_body(&text, id);
            return Ok(message.ok_or_else(|| {
                let problem = match domain::read_json(&text) {
                    Ok(_) => "its JSON is no answer to the question",
                    Err(_) => "it answers with neither JSON nor events",
                };
                self.unless_unknown(malformed(self.server, problem))
            })?);
        }
        let mut events = Events::default();
        let mut resumes = 0;
        loop {
            if let Some(message) = self.read_events(&mut response, &mut events, id).await? {
                return Ok(message);
            }
            // The stream ended before the answer. Where events have ids it may be resumed: nothing is repeated.
            let Some(last) = events.last_id().filter(|_| resumes < MAX_RESUMES) else {
                let message = format!(
                    "the MCP server {} ended its answer before the result",
                    self.server
                );
                return Err(self
                    .unless_unknown(ToolError::retryable("mcp_failed", message))
                    .into());
            };
            resumes = resumes.saturating_add(1);
            tokio::time::sleep(events.pause().min(MAX_PAUSE)).await;
            response = self
                .request(Method::GET, ticket)
                .header(ACCEPT, HeaderValue::from_static("text/event-stream"))
                .header(LAST_EVENT_ID, last)
                .send()
                .await
                .map_err(|error| self.unless_unknown(self.not_reached(&error)))?;
            self.refuse_status(&response, &Ticket::default())?;
        }
    }

    /// Reads events until the answer or the end of the stream.
    async fn read_events(
        &self,
        response: &mut Response,
        events: &mut Events,
        id: u32,
    ) -> Result<Option<Value>, Failure> {
        // A connection that breaks is a stream that ended.
        while let Ok(Some(chunk)) = response.chunk().await {
            let data = events.take(&chunk);
            if let Some(message) = data.iter().find_map(|data| message::in_text(data, id)) {
                return Ok(Some(message));
            }
            if events.bytes() > MAX_ANSWER_BYTES {
                return Err(self.too_large().into());
            }
        }
        Ok(events.finish().and_then(|data| message::in_text(&data, id)))
    }

    fn refuse_status(&self, response: &Response, ticket: &Ticket) -> Result<(), Failure> {
        let (status, server) = (response.status(), self.server);
        if status.is_success() {
            return Ok(());
        }
        if status == StatusCode::NOT_FOUND && ticket.session_id.is_some() {
            return Err(Failure::SessionGone);
        }
        let error = if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let message = format!(
                "the MCP server {server} answers {status}: it wants other credentials; an operator puts them into Vault \
                 as goalpost_mcp_<workspace id>_{server}, and an admin names the header that carries them"
            );
            ToolError::terminal("mcp_unauthorized", message)
        } else if status.is_redirection() {
            let message = format!(
                "the MCP server {server} redirects, which is not followed; give its last address"
            );
            ToolError::terminal("mcp_redirected", message)
        } else if response::is_temporary(status) {
            let message =
                format!("the MCP server {server} answers {status}; trying again later may help");
            let error = ToolError {
                retry_after_seconds: response::retry_after(response.headers()),
                ..ToolError::retryable("mcp_failed", message)
            };
            if status.as_u16() == 429 {
                error
            } else {
                self.unless_unknown(error)
            }
        } else {
            let message = format!("the MCP server {server} answers {status}; check its address");
            ToolError::terminal("mcp_rejected", message)
        };
        Err(error.into())
    }

    fn not_reached(&self, error: &reqwest::Error) -> ToolError {
        let failure = egress::refusal_or_failure(error);
        let message = format!("the MCP server {}: {}", self.server, failure.message);
        let failure = ToolError { message, ..failure };
        match failure.code.as_ref() {
            "address_refused" => failure,
            _ if error.is_connect() => ToolError {
                code: "mcp_unreachable".into(),
                ..failure
            },
            _ => self.unless_unknown(ToolError {
                code: "mcp_failed".into(),
                ..failure
            }),
        }
    }

    /// Marks the failure of a call that may have acted as unknown, unless a repeat does no harm.
    pub(super) fn unless_unknown(&self, failure: ToolError) -> ToolError {
        let may_have_acted = self.may_have_acted.load(Ordering::Relaxed);
        let is_unknown = failure.retryable || failure.code == MALFORMED;
        if self.is_repeatable || !may_have_acted || !is_unknown {
            return failure;
        }
        let message = format!(
            "{}; the tool may have acted all the same, so it is not called again by itself: look there first",
            failure.message
        );
        ToolError::terminal(OUTCOME_UNKNOWN, message)
    }

    fn too_large(&self) -> ToolError {
        let message = format!(
            "the MCP server {} answers with more than {MAX_ANSWER_BYTES} bytes; ask it for less",
            self.server
        );
        ToolError::terminal("result_too_large", message)
    }
}

fn is_of(response: &Response, kind: &str) -> bool {
    let given = response.headers().get(CONTENT_TYPE);
    let given = given
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let given = given.split(';').next().unwrap_or_default();
    given.trim().eq_ignore_ascii_case(kind)
}

//! The `email` tool: sends a mail by an HTTP provider that the operator configured.
//!
//! The body is the one that Resend accepts (<https://resend.com/docs/api-reference/emails/send-email>): `from`, `to`,
//! `subject`, `text`, `html`, with the header `Idempotency-Key`. The workspace's list of domains limits the recipients;
//! the caller never chooses sender or provider.

use std::sync::Arc;

use domain::{Approval, Tool};
use futures::future::BoxFuture;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::egress::{self, HttpClient, body, response};
use crate::outbound_config::EmailProvider;
use crate::result::result_fields;
use crate::{CallContext, Sender, ToolError};

pub(crate) const NAME: &str = "email";

/// Bytes of the provider's answer that are read.
const MAX_READ_BYTES: usize = 64 * 1024;

/// Reads a secret that may be absent; an error is a sentence.
pub type SecretReader =
    Box<dyn Fn() -> BoxFuture<'static, Result<Option<SecretString>, String>> + Send + Sync>;

/// The mail provider; without it, no mail is sent.
pub struct EmailConfig {
    /// Its address and the sender.
    pub provider: EmailProvider,
    /// The provider's key: secret `email_api_key`.
    pub key: SecretReader,
}

pub(crate) fn describe() -> Tool {
    let addresses = |description: &str| {
        json!({
            "type": "array",
            "description": description,
            "items": {"type": "string", "minLength": 3, "maxLength": 254},
            "minItems": 1,
            "maxItems": 10
        })
    };
    Tool {
        name: NAME.into(),
        description: "Sends an email to addresses of domains that the workspace lists. Every try of one call carries the same idempotency key.".into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "to": addresses("Plain addresses, such as mia@example.com."),
                "subject": {"type": "string", "minLength": 1, "maxLength": 200},
                "text": {"type": "string", "description": "The mail as plain text.", "minLength": 1, "maxLength": 50_000},
                "html": {"type": "string", "description": "The same as HTML.", "maxLength": 50_000}
            },
            "required": ["to", "subject", "text"],
            "additionalProperties": false
        }),
        result: result_fields(&[
            ("arguments", "what was sent, as a person may have edited it"),
            ("id", "the provider's id of the mail"),
            ("status", "HTTP status"),
            ("was_edited", "true if a person edited it"),
        ]),
        idempotent: true,
        writes: true,
        timeout_seconds: 11,
        approval: Approval::WhenTainted,
        max_calls_per_step: 5,
        ..Tool::default()
    }
}

pub(crate) struct Email {
    http: Arc<HttpClient>,
    config: Option<EmailConfig>,
}

impl Email {
    pub(crate) fn new(http: Arc<HttpClient>, config: Option<EmailConfig>) -> Self {
        Self { http, config }
    }

    /// Sends a mail and returns `{"id", "status"}`; the id is the provider's, null where it gives none.
    pub(crate) async fn call(
        &self,
        arguments: &Value,
        context: &CallContext,
    ) -> Result<Value, ToolError> {
        let sender = Sender {
            workspace_id: &context.workspace_id,
            listed: &context.egress_policy.email_domains,
            idempotency_key: &context.idempotency_key,
        };
        self.send(arguments, &sender).await
    }

    /// Sends a mail (`to`, `subject`, `text`, `html`) for a workspace that lists the recipients' domains.
    pub(crate) async fn send(
        &self,
        arguments: &Value,
        sender: &Sender<'_>,
    ) -> Result<Value, ToolError> {
        let Some(config) = &self.config else {
            return Err(not_configured("GOALPOST_EMAIL_URL and GOALPOST_EMAIL_FROM"));
        };
        check(arguments, sender.listed)?;
        let key = (config.key)()
            .await
            .map_err(|problem| ToolError::retryable("email_key_unavailable", problem))?
            .ok_or_else(|| {
                not_configured("the secret email_api_key (EMAIL_API_KEY for `goalpost up`)")
            })?;
        let url = egress::read_url(&config.provider.url)?;
        let is_exempt = self.http.policy.allows_named(&url, sender.workspace_id)?;
        let mail = json!({
            "from": config.provider.from,
            "to": arguments.get("to"),
            "subject": arguments.get("subject"),
            "text": arguments.get("text"),
        });
        let mut mail = mail.as_object().cloned().unwrap_or_default();
        if let Some(html) = arguments.get("html") {
            mail.insert("html".into(), html.clone());
        }
        let mut response = self
            .http
            .client(is_exempt)
            .post(url)
            .bearer_auth(key.expose_secret())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(
                HeaderName::from_static("idempotency-key"),
                idempotency_key(sender)?,
            )
            .body(Value::Object(mail).to_string())
            .send()
            .await
            .map_err(|error| egress::refusal_or_failure(&error))?;
        let status = response.status();
        if !status.is_success() {
            return Err(refusal(status, response::retry_after(response.headers())));
        }
        let read = body::read(&mut response, MAX_READ_BYTES).await?;
        let answer: Value = serde_json::from_slice(&read.bytes).unwrap_or_default();
        let id = answer.get("id").and_then(Value::as_str);
        Ok(json!({"id": id.map(|id| body::shortened(id, 200)), "status": status.as_u16()}))
    }
}

fn not_configured(what: &str) -> ToolError {
    let message = format!("no mail can be sent: an operator has to set {what} for this function");
    ToolError::terminal("email_not_configured", message)
}

fn idempotency_key(sender: &Sender<'_>) -> Result<HeaderValue, ToolError> {
    HeaderValue::from_str(sender.idempotency_key)
        .ok()
        .filter(|key| !key.is_empty())
        .ok_or_else(|| ToolError::terminal("email_without_key", "the call has no usable key"))
}

/// Checks for plain addresses of listed domains, and for nothing that could become a header of its own.
fn check(arguments: &Value, domains: &[String]) -> Result<(), ToolError> {
    let refused = |message: String| Err(ToolError::terminal("email_refused_recipient", message));
    let subject = arguments.get("subject").and_then(Value::as_str);
    if subject.unwrap_or_default().chars().any(char::is_control) {
        let message = "the subject holds a control character; write it in one line";
        return Err(ToolError::terminal("invalid_arguments", message));
    }
    let addresses = arguments.get("to").and_then(Value::as_array);
    for address in addresses.into_iter().flatten().filter_map(Value::as_str) {
        let domain = match address.split_once('@') {
            Some((local, domain)) if is_plain(local) && is_plain(domain) => domain,
            _ => return refused(format!("{address} is no plain address; write name@domain")),
        };
        let is_listed = domains
            .iter()
            .any(|listed| listed.eq_ignore_ascii_case(domain));
        if !is_listed {
            return refused(format!(
                "{domain} is not among the domains that this workspace may write to; an operator adds domains to \
                 goalpost.workspaces.email_domains"
            ));
        }
    }
    Ok(())
}

fn is_plain(part: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._%+-".contains(letter);
    !part.is_empty() && part.chars().all(plain)
}

fn refusal(status: StatusCode, retry_after_seconds: Option<u64>) -> ToolError {
    if response::is_temporary(status) {
        let message = format!("the mail provider answered {status}; trying again later may help");
        return ToolError {
            retry_after_seconds,
            ..ToolError::retryable("email_failed", message)
        };
    }
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        let message = format!(
            "the mail provider answered {status}; check the secret email_api_key and the sender's domain"
        );
        return ToolError::terminal("email_not_configured", message);
    }
    let message = format!("the mail provider answered {status}; it will not take this mail");
    ToolError::terminal("email_rejected", message)
}

#[cfg(test)]
mod tests;

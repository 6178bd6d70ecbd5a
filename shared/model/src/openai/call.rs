//! One HTTP call: request, limits, and what each failure means.

use reqwest::{Response, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::wire::{Completion, Failure, Reply};
use super::{DEFAULT_BASE_URL, OpenAi};
use crate::error::{Error, Kind};

/// The largest response that is read.
const MAX_RESPONSE_BYTES: usize = 4 * 1024 * 1024;

/// Characters of a provider's own message that are passed on.
const MAX_MESSAGE_CHARS: usize = 300;

impl OpenAi {
    /// Sends a request and reads the answer, which must be whole.
    pub(super) async fn ask(&self, mut request: Value, max_tokens: u32) -> Result<Reply, Error> {
        // OpenAI calls the limit `max_completion_tokens` and refuses the old name for newer models; other servers know only the old one.
        let limit = if self.base_url == DEFAULT_BASE_URL {
            "max_completion_tokens"
        } else {
            "max_tokens"
        };
        if let Some(fields) = request.as_object_mut() {
            fields.insert(limit.into(), json!(max_tokens));
        }
        let mut call = self
            .http
            .post(format!("{}/chat/completions", self.base_url))
            .json(&request);
        if let Some(key) = &self.key {
            call = call.bearer_auth(key.expose_secret());
        }
        let answered = tokio::time::timeout(self.timeout, async {
            let mut response = call.send().await.map_err(|error| unreachable(&error))?;
            let head = (response.status(), retry_after(&response));
            Ok::<_, Kind>((head, body(&mut response).await?))
        });
        let ((status, retry_after_seconds), body) = answered.await.map_err(|_| Kind::Timeout)??;
        if !status.is_success() {
            return Err(failure(status, retry_after_seconds, &body).into());
        }
        let completion: Completion = serde_json::from_slice(&body).map_err(|error| {
            Kind::Malformed(format!("the response is no chat completion: {error}"))
        })?;
        let asked_model = request
            .get("model")
            .and_then(Value::as_str)
            .unwrap_or_default();
        completion.reply(asked_model)
    }
}

async fn body(response: &mut Response) -> Result<Vec<u8>, Kind> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| unreachable(&error))?
    {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(Kind::Malformed(format!(
                "the response is larger than {MAX_RESPONSE_BYTES} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost cause, without the URL, which may hold a key.
fn unreachable(error: &reqwest::Error) -> Kind {
    if error.is_timeout() {
        return Kind::Timeout;
    }
    let mut last = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        last = current.to_string();
        cause = current.source();
    }
    Kind::Unavailable(if last.is_empty() {
        "the connection broke".into()
    } else {
        last
    })
}

/// Whole seconds, rounded up: coming a moment too early would be refused again.
fn retry_after(response: &Response) -> Option<u64> {
    let seconds: f64 = response
        .headers()
        .get("retry-after")?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    if !(0.0..=86_400.0).contains(&seconds) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be 0 to 86400"
    )]
    Some(seconds.ceil() as u64)
}

fn failure(status: StatusCode, retry_after_seconds: Option<u64>, body: &[u8]) -> Kind {
    let details = serde_json::from_slice::<Failure>(body)
        .ok()
        .map(|failure| failure.error);
    let message = details
        .as_ref()
        .map(|details| details.message.as_str())
        .unwrap_or_default();
    let message: String = message.chars().take(MAX_MESSAGE_CHARS).collect();
    let code = details
        .as_ref()
        .and_then(|details| details.code.as_ref()?.as_str())
        .unwrap_or_default();
    match status.as_u16() {
        401 | 403 => Kind::WrongKey(status.to_string()),
        408 => Kind::Timeout,
        402 => Kind::NoCredit,
        429 if code == "insufficient_quota" => Kind::NoCredit,
        429 => Kind::RateLimited {
            retry_after_seconds,
        },
        503 | 529 => Kind::Overloaded {
            retry_after_seconds,
        },
        400..=499 => Kind::Refused(format!("the provider answered {status}: {message}")),
        _ => Kind::Unavailable(format!("the provider answered {status}")),
    }
}

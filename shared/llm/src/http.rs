//! One HTTP call to a provider: its limits, and what each failure means.
//!
//! No call is made twice here: a second one may cost a second time, so the caller decides.

pub(crate) mod refusal;

use std::time::{Duration, SystemTime};

use refusal::Refusal;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::error::{Charged, Error, Kind};
use crate::json_text;
use crate::usage::{self, Meter};

/// The largest response that is read.
const MAX_RESPONSE_BYTES: usize = 4 * 1024 * 1024;

/// The longest pause that a server may ask for: a day.
const MAX_PAUSE_SECONDS: u64 = 86_400;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The client of all providers.
pub(crate) fn client() -> Result<Client, Error> {
    Client::builder()
        // A redirect would send the key to another host.
        .redirect(Policy::none())
        // A connection kept while the function was frozen is dead, and what is sent into it may have been paid for.
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("goalpost/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Kind::Unreachable(error.to_string()).into())
}

/// A response whose body is JSON.
pub(crate) struct Received {
    pub(crate) value: Value,
    /// Bytes of the body.
    pub(crate) bytes: usize,
}

/// A call without a usable response.
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    /// The body of a successful status that cannot be used: it was paid for.
    pub(crate) paid: Option<PaidBody>,
    /// The provider's own words, where it refuses the request itself.
    pub(crate) refusal: Option<Box<Refusal>>,
}

/// A body that cannot be used, with its cost as far as it can be read.
pub(crate) struct PaidBody {
    pub(crate) bytes: usize,
    pub(crate) report: Option<Value>,
}

impl From<Kind> for Failure {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            paid: None,
            refusal: None,
        }
    }
}

impl Failure {
    /// As an error of the call that the meter measures. What the provider surely did not charge has no usage.
    pub(crate) fn of(self, meter: &Meter<'_>) -> Error {
        let error = Error::from(self.kind);
        match self.paid {
            Some(body) if error.was_charged() == Charged::Unknown => {
                error.with_usage(meter.usage(body.report.as_ref(), body.bytes))
            }
            _ => error,
        }
    }
}

/// Sends a call and reads the JSON of its answer, whole, within the time.
pub(crate) async fn json(
    provider: &str,
    call: RequestBuilder,
    timeout: Duration,
) -> Result<Received, Failure> {
    let answered = tokio::time::timeout(timeout, async {
        let mut response = call.send().await.map_err(|error| broken(&error))?;
        let body = body(&mut response).await?;
        Ok::<_, Kind>((response.status(), response.headers().clone(), body))
    });
    let (status, headers, body) = answered.await.map_err(|_| Kind::Timeout)??;
    if !status.is_success() {
        let refusal = Refusal::read(&body);
        return Err(failure(provider, status, &headers, refusal));
    }
    received(provider, &headers, &body)
}

/// Reads the body of a successful status; one that cannot be used was paid for all the same.
pub(crate) fn received(
    provider: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Received, Failure> {
    read(provider, headers, body).map_err(|failure| Failure {
        paid: Some(PaidBody {
            bytes: body.len(),
            report: usage::report_in(body),
        }),
        ..failure
    })
}

/// Reads the body of a successful status, whatever its content type.
fn read(provider: &str, headers: &HeaderMap, body: &[u8]) -> Result<Received, Failure> {
    let value =
        json_text::parse(body).map_err(|error| not_json(provider, headers, body, &error))?;
    // Routers answer 200 before they know, and tell what went wrong in the body.
    match refusal::late_error(&value) {
        None => Ok(Received {
            value,
            bytes: body.len(),
        }),
        Some(error) => Err(late_failure(provider, error, headers)),
    }
}

fn not_json(provider: &str, headers: &HeaderMap, body: &[u8], error: &serde_json::Error) -> Kind {
    let begins = |start: &str| body.trim_ascii_start().starts_with(start.as_bytes());
    if begins("data:") || begins("event:") {
        return Kind::Malformed(format!(
            "{provider} answered with a stream of events although none was asked for; turn streaming off at the server or at the proxy before it"
        ));
    }
    let content_type = headers.get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    match content_type.filter(|content_type| !content_type.contains("json")) {
        Some(other) => {
            let other: String = other.chars().take(60).collect();
            Kind::Malformed(format!(
                "{provider} answered with {other} and not with JSON; check its base URL"
            ))
        }
        None => Kind::Malformed(format!("the response is no JSON: {error}")),
    }
}

async fn body(response: &mut Response) -> Result<Vec<u8>, Kind> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
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
fn broken(error: &reqwest::Error) -> Kind {
    let mut last = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        last = current.to_string();
        cause = current.source();
    }
    if last.is_empty() {
        last = "the connection broke".into();
    }
    if error.is_connect() || error.is_builder() {
        return Kind::Unreachable(last);
    }
    if error.is_timeout() {
        return Kind::Timeout;
    }
    Kind::Unavailable(last)
}

/// How long to wait, in whole seconds, rounded up: coming a moment too early would be refused again.
///
/// RFC 9110, 10.2.3: a number of seconds or a date in one of three forms, measured from the provider's own `Date` if it
/// is sent.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let wanted = text(RETRY_AFTER)?;
    if let Ok(seconds) = wanted.parse::<f64>() {
        let seconds = (seconds >= 0.0).then(|| seconds.ceil().min(86_400.0))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 86400"
        )]
        return Some(seconds as u64);
    }
    let until = httpdate::parse_http_date(wanted).ok()?;
    let shown = text(DATE).and_then(|date| httpdate::parse_http_date(date).ok());
    // A date in the past means now.
    let pause = until
        .duration_since(shown.unwrap_or_else(SystemTime::now))
        .unwrap_or_default();
    let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
    Some(seconds.min(MAX_PAUSE_SECONDS))
}

/// By what name the provider's own people find the question. Anthropic and OpenAI, in this order.
fn request_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers
        .get("request-id")
        .or_else(|| headers.get("x-request-id"))?;
    let is_plain = |id: &&str| {
        id.len() <= 64
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    id.to_str()
        .ok()
        .filter(is_plain)
        .filter(|id| !id.is_empty())
}

/// The failure that a status means.
fn failure(provider: &str, status: StatusCode, headers: &HeaderMap, refusal: Refusal) -> Failure {
    let retry_after_seconds = retry_after(headers);
    let answered = match request_id(headers) {
        Some(id) => format!("{provider} answered {status} (request {id})"),
        None => format!("{provider} answered {status}"),
    };
    let sentence = match refusal.sentence() {
        sentence if sentence.is_empty() => "it gives no reason".to_owned(),
        sentence => sentence,
    };
    let kind = match status.as_u16() {
        300..=399 => Kind::Refused(format!(
            "{answered} and names another place, where the key is not sent; set the base URL to that place"
        )),
        401 | 403 => Kind::WrongKey {
            provider: provider.to_owned(),
            status: status.to_string(),
        },
        402 => Kind::NoCredit(provider.to_owned()),
        400..=499 if refusal.has_no_credit() => Kind::NoCredit(provider.to_owned()),
        404 => Kind::Refused(format!(
            "{answered}: {sentence}; check the model's name and the base URL"
        )),
        408 | 504 => Kind::Timeout,
        413 => Kind::Refused(format!(
            "{answered}: the question is larger than it takes; give the step less"
        )),
        429 => Kind::RateLimited {
            retry_after_seconds,
        },
        503 | 529 => Kind::Overloaded {
            retry_after_seconds,
        },
        409 | 425 => Kind::Unavailable(format!("{answered}: {sentence}")),
        400..=499 => Kind::Refused(format!("{answered}: {sentence}")),
        // llama.cpp's, before it had a status of its own.
        _ if refusal.has_code(&["exceed_context_size_error"]) => {
            Kind::Refused(format!("{answered}: {sentence}"))
        }
        _ if refusal.has_code(&["overloaded_error"]) => Kind::Overloaded {
            retry_after_seconds,
        },
        _ => Kind::Unavailable(format!("{answered}: {sentence}")),
    };
    // Ollama refuses what it cannot do with status 500.
    let is_refused = match kind {
        Kind::Refused(_) => !status.is_redirection(),
        Kind::Unavailable(_) => status == StatusCode::INTERNAL_SERVER_ERROR,
        _ => false,
    };
    let refusal = Refusal {
        is_too_large: status.as_u16() == 413,
        ..refusal
    };
    Failure {
        refusal: is_refused.then(|| Box::new(refusal)),
        ..Failure::from(kind)
    }
}

/// The headers of a part of a response, which has none.
pub(crate) fn no_headers() -> HeaderMap {
    HeaderMap::new()
}

/// A failure in the body of a 200, by the status that it names.
pub(crate) fn late_failure(provider: &str, error: &Value, headers: &HeaderMap) -> Failure {
    let refusal = Refusal::of(error);
    let code = usage::count(error, "code");
    let status = u16::try_from(code).ok();
    let status = status.and_then(|code| StatusCode::from_u16(code).ok());
    match status.filter(|status| status.is_client_error() || status.is_server_error()) {
        Some(status) => failure(provider, status, headers, refusal),
        None => Kind::Unavailable(format!("{provider}: {}", refusal.sentence())).into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use reqwest::header::HeaderValue;

    use super::*;

    fn pause(now: &str, until: &str) -> Option<u64> {
        let values = [(DATE, now), (RETRY_AFTER, until)];
        let header = |(name, value)| (name, HeaderValue::from_str(value).unwrap());
        retry_after(&values.map(header).into_iter().collect())
    }

    #[test]
    fn retry_after_reads_every_form_of_date() {
        for (now, until, expected) in [
            (
                "Thu, 01 Jan 1970 00:00:00 GMT",
                "Thu, 01 Jan 1970 00:00:00 GMT",
                0,
            ),
            (
                "Sun, 06 Nov 1994 08:49:00 GMT",
                "Sun, 06 Nov 1994 08:49:37 GMT",
                37,
            ),
            (
                "Sun, 06 Nov 1994 08:49:00 GMT",
                "Sunday, 06-Nov-94 08:49:37 GMT",
                37,
            ),
            ("Sun Nov  6 08:49:00 1994", "Sun Nov  6 08:49:37 1994", 37),
            (
                "Thu, 29 Feb 2024 23:59:59 GMT",
                "Fri, 01 Mar 2024 00:00:00 GMT",
                1,
            ),
            (
                "Sun, 22 Nov 2026 12:00:00 GMT",
                "Sun, 22 Nov 2026 11:00:00 GMT",
                0,
            ),
            (
                "Sun, 22 Nov 2026 12:00:00 GMT",
                "Wed, 25 Nov 2026 12:00:00 GMT",
                MAX_PAUSE_SECONDS,
            ),
        ] {
            assert_eq!(pause(now, until), Some(expected), "{now}, {until}");
        }
        for until in [
            "",
            "soon",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 06 Nuv 1994 08:49:37 GMT",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
        ] {
            assert_eq!(
                pause("Sun, 06 Nov 1994 08:49:00 GMT", until),
                None,
                "{until}"
            );
        }
    }

    #[test]
    fn retry_after_without_readable_date_uses_own_clock() {
        let until = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
        let seconds = pause("today", &until).unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
}

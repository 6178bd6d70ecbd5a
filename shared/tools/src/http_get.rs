//! The `http_get` tool: reads a public page or API with GET.
//!
//! The address is arbitrary text from a model or a row, so it must not reach anything that only this
//! machine can reach. What counts is the address that is connected to, not how it was spelled: a
//! name is resolved once, by our own resolver, which gives the client public addresses or none
//! ([`address::is_public`]); an address written as a number is checked before (the resolver never
//! sees it); redirects are followed by hand, each under the same rules. No proxy, no cookies, no
//! credentials, and nothing but text comes back.

pub mod address;
mod policy;
mod read;
mod resolve;

use std::time::Duration;

use domain::Tool;
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

pub use policy::HttpPolicy;
use resolve::{Lookup, PublicOnly};

use crate::ToolError;

pub(crate) const NAME: &str = "http_get";

/// From the first look-up to the last byte, redirects included.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 3;

pub(crate) fn describe() -> Tool {
    Tool {
        name: NAME.into(),
        description: "Reads a public https address with GET and gives status, content type and text. Private addresses are refused.".into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "url": {"type": "string", "description": "An https URL of a public host.", "maxLength": 2_000}
            },
            "required": ["url"],
            "additionalProperties": false
        }),
        version: 1,
        idempotent: true,
        writes: false,
    }
}

/// The tool with its clients, which are built once.
pub(crate) struct HttpGet {
    policy: HttpPolicy,
    public: Client,
    /// For the hosts that the policy names for plain http; resolves like any program would.
    exempt: Client,
}

impl HttpGet {
    pub(crate) fn new(policy: HttpPolicy) -> Result<Self, ToolError> {
        Self::with_lookup(policy, Lookup::System)
    }

    fn with_lookup(policy: HttpPolicy, lookup: Lookup) -> Result<Self, ToolError> {
        let resolver = std::sync::Arc::new(PublicOnly::new(lookup));
        let built = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| {
                let message = format!("no HTTP client can be made: {error}");
                ToolError::terminal("http_unavailable", message)
            })
        };
        Ok(Self {
            policy,
            public: built(client().dns_resolver(resolver).https_only(true))?,
            exempt: built(client())?,
        })
    }

    /// Gives `{"status", "content_type", "body", "truncated"}`.
    pub(crate) async fn call(&self, arguments: &Value) -> Result<Value, ToolError> {
        let text = arguments
            .get("url")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match tokio::time::timeout(TIMEOUT, self.follow(text)).await {
            Ok(result) => result,
            Err(_) => Err(ToolError::retryable(
                "http_timeout",
                format!(
                    "the host did not answer in full within {} s",
                    TIMEOUT.as_secs()
                ),
            )),
        }
    }

    async fn follow(&self, text: &str) -> Result<Value, ToolError> {
        let mut url = Url::parse(text.trim()).map_err(|error| {
            ToolError::terminal("invalid_url", format!("the URL cannot be read: {error}"))
        })?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.get(&url).await?;
            let Some(next) = redirect(&url, &response)? else {
                return read::result(response).await;
            };
            url = next;
        }
        let message =
            format!("it redirects more than {MAX_REDIRECTS} times; ask for the last address");
        Err(ToolError::terminal("too_many_redirects", message))
    }

    async fn get(&self, url: &Url) -> Result<Response, ToolError> {
        let client = if self.policy.allows(url)? {
            &self.exempt
        } else {
            &self.public
        };
        client
            .get(url.clone())
            .send()
            .await
            .map_err(|error| refusal_or_failure(&error))
    }
}

fn client() -> reqwest::ClientBuilder {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .user_agent(concat!("goalpost/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(5))
        .timeout(TIMEOUT)
        // A kept connection would be used again without a look at its address.
        .pool_max_idle_per_host(0)
}

/// Where a response points to, if it is a redirect.
fn redirect(url: &Url, response: &Response) -> Result<Option<Url>, ToolError> {
    let redirects = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let Some(location) = response.headers().get(LOCATION).filter(|_| redirects) else {
        return Ok(None);
    };
    let next = location
        .to_str()
        .ok()
        .and_then(|location| url.join(location).ok());
    let next = next.ok_or_else(|| {
        ToolError::terminal("invalid_url", "it redirects to something that is no URL")
    })?;
    Ok(Some(next))
}

/// Tells an address that may not be reached from one that could not be. Never names the URL, which may hold secrets.
fn refusal_or_failure(error: &reqwest::Error) -> ToolError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut last = String::new();
    while let Some(current) = cause {
        if let Some(refused) = current.downcast_ref::<resolve::NotPublic>() {
            return ToolError::terminal("address_refused", refused.to_string());
        }
        last = current.to_string();
        cause = current.source();
    }
    if error.is_timeout() {
        return ToolError::retryable("http_timeout", "the host did not answer in time");
    }
    ToolError::retryable(
        "http_failed",
        format!("the host could not be reached: {last}"),
    )
}

#[cfg(test)]
mod tests;

//! The HTTP clients of all tools: no proxy, no cookies, no credentials, no kept connection, no redirect.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use url::Url;

use super::http_policy::HttpPolicy;
use super::resolve::{Lookup, NotPublic, PublicOnly};
use crate::ToolError;

/// From the first look-up to the last byte, redirects included.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// The rules and the clients, which are built once for all tools.
pub(crate) struct HttpClient {
    pub(crate) policy: HttpPolicy,
    public: Client,
    /// For the hosts that the policy exempts; resolves names without restriction.
    exempt: Client,
}

impl HttpClient {
    pub(crate) fn new(policy: HttpPolicy) -> Result<Arc<Self>, ToolError> {
        Self::with_lookup(policy, Lookup::System)
    }

    pub(crate) fn with_lookup(policy: HttpPolicy, lookup: Lookup) -> Result<Arc<Self>, ToolError> {
        let resolver = Arc::new(PublicOnly::new(lookup));
        let built = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| {
                let message = format!("no HTTP client can be made: {error}");
                ToolError::terminal("http_unavailable", message)
            })
        };
        Ok(Arc::new(Self {
            policy,
            public: built(client().dns_resolver(resolver).https_only(true))?,
            exempt: built(client())?,
        }))
    }

    /// Returns the client for a URL that the policy has allowed, exempt or not.
    pub(crate) fn client(&self, is_exempt: bool) -> &Client {
        if is_exempt {
            &self.exempt
        } else {
            &self.public
        }
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
        // A kept connection would be used again without a check of its address.
        .pool_max_idle_per_host(0)
}

/// Parses a URL; the policy decides whether it may be called.
pub(crate) fn read_url(text: &str) -> Result<Url, ToolError> {
    Url::parse(text.trim()).map_err(|error| {
        ToolError::terminal("invalid_url", format!("the URL cannot be read: {error}"))
    })
}

/// Returns the error of a host that did not answer in full within [`TIMEOUT`].
pub(crate) fn timed_out() -> ToolError {
    let message = format!(
        "the host did not answer in full within {} s",
        TIMEOUT.as_secs()
    );
    ToolError::retryable("http_timeout", message)
}

/// Distinguishes an address that may not be reached from one that could not be. Never names the URL, which may hold
/// secrets.
pub(crate) fn refusal_or_failure(error: &reqwest::Error) -> ToolError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut last = String::new();
    while let Some(current) = cause {
        if let Some(refused) = current.downcast_ref::<NotPublic>() {
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

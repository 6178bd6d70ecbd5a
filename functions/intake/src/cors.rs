//! Browsers of other origins (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>).
//!
//! Callers send a bearer token and no cookie, so a page can do no more than its user's token allows and every origin is
//! allowed by default. A function URL can answer CORS itself on AWS; it must then be left to one of the two.

use serde_json::json;
use trigger::{HttpReply, HttpRequest};

/// The methods that a browser may use.
const METHODS: &str = "GET, POST, OPTIONS";
const HEADERS: &str = "authorization, apikey, content-type, idempotency-key, prefer, x-client-info";
/// The headers of a reply that a page may read, in addition to those that it always may.
const EXPOSED: &str = "location, retry-after";
/// Seconds for which a browser keeps the answer to a preflight request.
const MAX_AGE: &str = "7200";

/// The origins whose pages may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Every origin.
    Any,
    /// These, as browsers send them: `https://app.example.com`.
    Listed(Vec<String>),
}

impl AllowedOrigins {
    /// Reads a list from configuration: empty or `*` allows every origin.
    ///
    /// # Errors
    /// Names an entry that no browser sends as its origin.
    pub fn read(listed: &[String]) -> Result<Self, String> {
        if listed.is_empty() || listed.iter().any(|origin| origin == "*") {
            return Ok(Self::Any);
        }
        let is_origin = |origin: &str| {
            let host = origin
                .strip_prefix("https://")
                .or_else(|| origin.strip_prefix("http://"));
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' ', '*', '?', '#']))
        };
        match listed.iter().find(|origin| !is_origin(origin)) {
            Some(wrong) => Err(format!(
                "{wrong} is not an origin; write scheme and host without a path, such as https://app.example.com"
            )),
            None => Ok(Self::Listed(
                listed.iter().map(|origin| origin.to_lowercase()).collect(),
            )),
        }
    }

    /// Returns the value of `access-control-allow-origin` for a request; nothing where its origin is not allowed.
    fn allowed(&self, request: &HttpRequest) -> Option<String> {
        match self {
            Self::Any => Some("*".to_owned()),
            Self::Listed(origins) => {
                let origin = request.header("origin")?;
                origins
                    .contains(&origin.to_lowercase())
                    .then(|| origin.to_owned())
            }
        }
    }

    /// Answers a preflight request; nothing for any other request.
    pub(crate) fn preflight(&self, request: &HttpRequest) -> Option<HttpReply> {
        if request.method != "OPTIONS" {
            return None;
        }
        if self.allowed(request).is_none() {
            let message = "pages of this origin may not call; an operator adds it to GOALPOST_ALLOWED_ORIGINS";
            let problem = json!({"code": "origin_not_allowed", "message": message});
            return Some(HttpReply::json(403, &problem));
        }
        let reply = HttpReply::empty(204)
            .with_header("access-control-allow-methods", METHODS)
            .with_header("access-control-allow-headers", HEADERS)
            .with_header("access-control-max-age", MAX_AGE);
        Some(reply)
    }

    /// Adds the headers by which a browser lets the page read a reply.
    pub(crate) fn with_headers(&self, reply: HttpReply, request: &HttpRequest) -> HttpReply {
        let reply = match self {
            Self::Any => reply,
            // A cache must not hand one origin's headers to another.
            Self::Listed(_) => reply.with_header("vary", "origin"),
        };
        match self.allowed(request) {
            Some(origin) => reply
                .with_header("access-control-allow-origin", &origin)
                .with_header("access-control-expose-headers", EXPOSED),
            None => reply,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn listed(origins: &[&str]) -> Result<AllowedOrigins, String> {
        let origins: Vec<String> = origins.iter().map(|origin| (*origin).to_owned()).collect();
        AllowedOrigins::read(&origins)
    }

    #[test]
    fn empty_list_and_star_allow_every_origin() {
        assert_eq!(listed(&[]), Ok(AllowedOrigins::Any));
        assert_eq!(listed(&["https://a.test", "*"]), Ok(AllowedOrigins::Any));
    }

    #[test]
    fn invalid_origin_is_named_in_error() {
        for wrong in [
            "app.example.com",
            "https://",
            "https://a.test/",
            "https://*.test",
            "ftp://a.test",
        ] {
            let problem = listed(&["https://a.test", wrong]).unwrap_err();
            assert!(problem.starts_with(wrong), "{problem}");
        }
    }
}

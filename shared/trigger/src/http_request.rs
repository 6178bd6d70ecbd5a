//! A person's call of the function URL.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::Value;

use crate::{Refusal, untrusted_json};

/// A person's request. Its `Debug` form shows neither headers nor body.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query; a name that came several times has its values joined by commas, as AWS does it.
    pub query: BTreeMap<String, String>,
    /// The body's bytes, at most [`crate::MAX_REQUEST_BYTES`].
    pub body: Vec<u8>,
    /// The caller's address as AWS received it.
    pub source_ip: Option<String>,
    pub(crate) headers: BTreeMap<String, String>,
}

impl HttpRequest {
    /// Returns one header; `name` in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(&name.to_ascii_lowercase())
            .map(String::as_str)
    }

    /// Returns the token of `Authorization: Bearer …`; none without such a header or for another scheme.
    #[must_use]
    pub fn bearer_token(&self) -> Option<SecretString> {
        let (scheme, token) = self.header("authorization")?.trim().split_once(' ')?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
            return None;
        }
        Some(SecretString::from(token.to_owned()))
    }

    /// Parses the body as JSON, within the bounds of [`untrusted_json`].
    ///
    /// # Errors
    /// A refusal with status 400 and the reason.
    pub fn json(&self) -> Result<Value, Refusal> {
        untrusted_json(&self.body)
    }
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

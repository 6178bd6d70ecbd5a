//! Authenticates callers: the gateway's check of `apikey` and `Authorization`, ending in a role.
//!
//! The key admits the request, the token identifies the person. A key alone gives its own role; a token beside it
//! replaces that role, even beside the secret key.

use super::{Claims, ProjectKeys, TokenError, verify};
use axum::http::{HeaderMap, Uri, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The lifetime of a token that replaces a key while one request is served.
const KEY_TOKEN_LIFE: Duration = Duration::from_secs(60);

/// The role of a caller who sends only the publishable key.
pub(crate) const ANONYMOUS: &str = "anon";

/// The sender of a request, as Postgres identifies it.
#[derive(Clone)]
pub struct Caller {
    /// The Postgres role the request runs as. Postgres decides whether `authenticator` may take it.
    pub role: String,
    /// The content of `request.jwt.claims`.
    pub claims: Map<String, Value>,
    token: Option<SecretString>,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Caller")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl Caller {
    /// Returns a token of the same claims, for verifiers of tokens that have no keys.
    #[must_use]
    pub fn token(&self, keys: &ProjectKeys) -> SecretString {
        match &self.token {
            Some(token) => token.clone(),
            None => keys.mint_role_token(&self.role, KEY_TOKEN_LIFE),
        }
    }

    /// Returns true if the caller is more than a holder of the publishable key.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.role != ANONYMOUS
    }

    fn of_key(role: &str) -> Self {
        let claims = Map::from_iter([
            ("iss".to_owned(), json!("supabase")),
            ("role".to_owned(), json!(role)),
        ]);
        Self {
            role: role.to_owned(),
            claims,
            token: None,
        }
    }

    fn of_token(claims: Claims, token: &str) -> Self {
        let role = claims.role().unwrap_or(ANONYMOUS).to_owned();
        Self {
            role,
            claims: claims.0,
            token: Some(token.into()),
        }
    }
}

/// The reason of a refusal at the gateway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Neither the header nor the query parameter `apikey` is there.
    #[error("No API key found in request")]
    NoKey,
    /// The key is none of this project's.
    #[error("Invalid API key")]
    UnknownKey,
    /// A secret key came from a browser, where anyone can read it.
    #[error("Forbidden use of secret API key in browser")]
    SecretKeyInBrowser,
    /// The token in `Authorization` was refused.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Identifies the caller from the headers and the address of a request.
///
/// # Errors
/// See [`Refused`]; each is answered with 401.
pub fn identify(headers: &HeaderMap, uri: &Uri, keys: &ProjectKeys) -> Result<Caller, Refused> {
    let key = presented_key(headers, uri).ok_or(Refused::NoKey)?;
    let of_key = caller_of_key(&key, headers, keys)?;
    match bearer(headers) {
        None => Ok(of_key),
        Some(token) if token == key => Ok(of_key),
        Some(token) => Ok(Caller::of_token(verify(token, keys)?, token)),
    }
}

fn caller_of_key(key: &str, headers: &HeaderMap, keys: &ProjectKeys) -> Result<Caller, Refused> {
    if key == keys.publishable_key() {
        return Ok(Caller::of_key(ANONYMOUS));
    }
    if key == keys.secret_key().expose_secret() {
        return match from_browser(headers) {
            true => Err(Refused::SecretKeyInBrowser),
            false => Ok(Caller::of_key("service_role")),
        };
    }
    // The older keys are long-lived tokens of the two roles; a person's token is not a key.
    let claims = verify(key, keys).map_err(|_| Refused::UnknownKey)?;
    match claims.role() {
        Some(ANONYMOUS | "service_role") => Ok(Caller::of_token(claims, key)),
        _ => Err(Refused::UnknownKey),
    }
}

fn presented_key(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    if let Some(key) = text(headers, "apikey") {
        return Some(key.to_owned());
    }
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs
        .into_iter()
        .find(|(name, _)| name == "apikey")
        .map(|(_, key)| key.into_owned())
}

/// Returns the token of `Authorization: Bearer …`; PostgREST ignores other schemes.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, header::AUTHORIZATION.as_str())?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn from_browser(headers: &HeaderMap) -> bool {
    text(headers, header::USER_AGENT.as_str()).is_some_and(|agent| agent.starts_with("Mozilla/"))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get(name)?
        .to_str()
        .ok()
        .filter(|text| !text.is_empty())
}

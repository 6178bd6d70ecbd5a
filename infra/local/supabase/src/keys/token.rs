//! Verifies tokens, with the messages and codes that PostgREST gives for bad ones.
//!
//! Each key verifies one algorithm. The header of a token selects a key and never the algorithm of a key, so that the
//! public key cannot pass for a secret. A token without `exp` is accepted, as PostgREST accepts it; times are compared
//! with the same 30 seconds of grace.

use super::ProjectKeys;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use jsonwebtoken::{Validation, errors::ErrorKind};
use serde_json::{Map, Value};

/// Seconds by which two clocks may differ.
const GRACE_SECONDS: i64 = 30;

/// The claims of a verified token.
#[derive(Clone, Debug)]
pub struct Claims(pub Map<String, Value>);

impl Claims {
    /// Returns the role, if the token has one.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.0.get("role").and_then(Value::as_str)
    }

    /// Returns a text claim by name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

/// The reason of a refused token: PostgREST's code, its message and details.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TokenError {
    /// `PGRST301` if it cannot be decoded or its signature is wrong, `PGRST303` if a claim is.
    pub code: &'static str,
    /// The message for the caller.
    pub message: String,
    /// The details.
    pub details: Option<String>,
}

/// Verifies a token: its signature first, then its times.
///
/// # Errors
/// See [`TokenError`].
pub fn verify(token: &str, keys: &ProjectKeys) -> Result<Claims, TokenError> {
    if token.is_empty() {
        return Err(undecodable("Empty JWT is sent in Authorization header"));
    }
    let parts = token.split('.').count();
    if parts != 3 {
        return Err(undecodable(&format!(
            "Expected 3 parts in JWT; got {parts}"
        )));
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| unreadable_header(token))?;
    // The keys' algorithms differ: a header names one of them at most.
    let mut verifying = keys.verifying_keys().into_iter();
    let key = verifying.find(|key| key.is_named_by(&header));
    let key = key.ok_or_else(|| unsuitable("No suitable key was found to decode the JWT"))?;
    let mut rules = Validation::new(key.algorithm);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    let decoded = jsonwebtoken::decode::<Value>(token, &key.key, &rules);
    let Value::Object(claims) = decoded.map_err(|error| refusal(&error))?.claims else {
        return Err(bad_claims("Parsing claims failed"));
    };
    check_times(&claims)?;
    Ok(Claims(claims))
}

fn check_times(claims: &Map<String, Value>) -> Result<(), TokenError> {
    let now = Utc::now().timestamp();
    if numeric(claims, "exp")?.is_some_and(|expires| now - GRACE_SECONDS >= expires) {
        return Err(bad_claims("JWT expired"));
    }
    if numeric(claims, "nbf")?.is_some_and(|begins| now + GRACE_SECONDS < begins) {
        return Err(bad_claims("JWT not yet valid"));
    }
    if numeric(claims, "iat")?.is_some_and(|issued| now + GRACE_SECONDS < issued) {
        return Err(bad_claims("JWT issued at future"));
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a fraction of a second decides nothing"
)]
fn numeric(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, TokenError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_i64()
            .or_else(|| value.as_f64().map(|number| number as i64))
            .map(Some)
            .ok_or_else(|| bad_claims(&format!("The JWT '{name}' claim must be a number"))),
    }
}

fn refusal(error: &jsonwebtoken::errors::Error) -> TokenError {
    match error.kind() {
        ErrorKind::InvalidSignature => unsuitable("None of the keys was able to decode the JWT"),
        ErrorKind::Json(_) | ErrorKind::Utf8(_) => bad_claims("Parsing claims failed"),
        _ => malformed(),
    }
}

fn unreadable_header(token: &str) -> TokenError {
    let header = token.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let header: Value = serde_json::from_slice(&header).unwrap_or_default();
    match header.get("alg").and_then(Value::as_str) {
        Some("none") => TokenError {
            details: Some("JWT is unsecured but expected 'alg' was not 'none'".to_owned()),
            ..undecodable("Wrong or unsupported encoding algorithm")
        },
        _ => malformed(),
    }
}

fn malformed() -> TokenError {
    undecodable("JWT cryptographic operation failed")
}

fn unsuitable(details: &str) -> TokenError {
    TokenError {
        details: Some(details.to_owned()),
        ..undecodable("No suitable key or wrong key type")
    }
}

fn undecodable(message: &str) -> TokenError {
    TokenError {
        code: "PGRST301",
        message: message.to_owned(),
        details: None,
    }
}

fn bad_claims(message: &str) -> TokenError {
    TokenError {
        code: "PGRST303",
        message: message.to_owned(),
        details: None,
    }
}

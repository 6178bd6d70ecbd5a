//! Signs and verifies tokens (HS256), with the messages and codes that PostgREST gives for bad ones.
//!
//! The one thing to know: a token without `exp` is accepted, as PostgREST accepts it; times are
//! compared with 30 seconds of grace, as there.

use chrono::Utc;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

/// Seconds by which two clocks may differ.
const GRACE_SECONDS: i64 = 30;

/// What a verified token says.
#[derive(Clone, Debug)]
pub struct Claims(pub Map<String, Value>);

impl Claims {
    /// The role asked for, if any.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.0.get("role").and_then(Value::as_str)
    }

    /// A text claim by name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

/// Why a token was refused: PostgREST's code, its sentence and perhaps more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TokenError {
    /// `PGRST301` when it cannot be read or its signature is wrong, `PGRST303` when a claim is.
    pub code: &'static str,
    /// The sentence for the caller.
    pub message: String,
    /// What more there is to say.
    pub details: Option<String>,
}

pub(super) fn sign(claims: &Value, key: &SecretString) -> SecretString {
    let key = EncodingKey::from_secret(key.expose_secret().as_bytes());
    // Signing a JSON value with HMAC cannot fail; an empty token would be refused everywhere.
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key)
        .unwrap_or_default()
        .into()
}

/// Verifies a token: its signature first, then its times.
///
/// # Errors
/// See [`TokenError`].
pub fn verify(token: &str, key: &SecretString) -> Result<Claims, TokenError> {
    if token.is_empty() {
        return Err(undecodable("Empty JWT is sent in Authorization header"));
    }
    let parts = token.split('.').count();
    if parts != 3 {
        return Err(undecodable(&format!(
            "Expected 3 parts in JWT; got {parts}"
        )));
    }
    let mut rules = Validation::new(Algorithm::HS256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    let key = DecodingKey::from_secret(key.expose_secret().as_bytes());
    let decoded =
        jsonwebtoken::decode::<Value>(token, &key, &rules).map_err(|error| refusal(&error))?;
    let Value::Object(claims) = decoded.claims else {
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
        ErrorKind::InvalidSignature => TokenError {
            details: Some("None of the keys was able to decode the JWT".to_owned()),
            ..undecodable("No suitable key or wrong key type")
        },
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
            undecodable("Wrong or unsupported encoding algorithm")
        }
        _ => undecodable("JWT couldn't be decoded"),
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

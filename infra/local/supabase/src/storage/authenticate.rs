//! Authenticates callers of Storage: by the token of `Authorization`, or by the key in its place.
//!
//! The gateway admits every request to Storage, which checks tokens itself. An `apikey` without a token becomes a token
//! of the key's role on the way; with one it is ignored.

use super::refusal::Refusal;
use crate::keys::{Caller, ProjectKeys, Refused, TokenError, bearer, identify};
use axum::http::{HeaderMap, HeaderValue, Uri};

/// Returns the caller, who must have sent a token or a key.
pub(super) fn required(
    headers: &HeaderMap,
    uri: &Uri,
    keys: &ProjectKeys,
) -> Result<Caller, Refusal> {
    identified(headers, uri, keys)?.ok_or_else(Refusal::no_authorization)
}

/// Returns the caller of a valid token or key; for public objects, an invalid one counts as none.
pub(super) fn optional(headers: &HeaderMap, uri: &Uri, keys: &ProjectKeys) -> Option<Caller> {
    identified(headers, uri, keys).ok().flatten()
}

fn identified(
    headers: &HeaderMap,
    uri: &Uri,
    keys: &ProjectKeys,
) -> Result<Option<Caller>, Refusal> {
    let as_sent = match identify(headers, uri, keys) {
        Ok(caller) => return Ok(Some(caller)),
        Err(Refused::Token(error)) => return Err(bad_token(&error)),
        Err(refused) => refused,
    };
    if bearer(headers).is_none() {
        return match as_sent {
            Refused::NoKey => Ok(None),
            other => Err(Refusal::access_denied(other.to_string())),
        };
    }
    let mut with_key = headers.clone();
    let key = HeaderValue::from_str(keys.publishable_key());
    with_key.insert("apikey", key.map_err(|_| Refusal::no_authorization())?);
    match identify(&with_key, uri, keys) {
        Ok(caller) => Ok(Some(caller)),
        Err(Refused::Token(error)) => Err(bad_token(&error)),
        Err(other) => Err(Refusal::access_denied(other.to_string())),
    }
}

/// Returns the original's messages for the invalid tokens that occur in practice (those of its library, jose).
fn bad_token(error: &TokenError) -> Refusal {
    let message = match error.message.as_str() {
        "JWT expired" => "\"exp\" claim timestamp check failed",
        "JWT not yet valid" => "\"nbf\" claim timestamp check failed",
        "No suitable key or wrong key type" => "signature verification failed",
        message if message.starts_with("Expected 3 parts") => "Invalid Compact JWS",
        message => message,
    };
    Refusal::access_denied(message)
}

//! Who is calling Storage: the token of `Authorization`, or the key that stands for one.
//!
//! The one thing to know: the gateway lets everybody through to Storage, which looks at tokens itself. An `apikey`
//! without a token becomes a token of the key's role on the way; with one it is not looked at.

use super::refusal::Refusal;
use crate::keys::{Caller, ProjectKeys, Refused, TokenError, bearer, identify};
use axum::http::{HeaderMap, HeaderValue, Uri};

/// The caller, who must have brought a token or a key.
pub(super) fn required(
    headers: &HeaderMap,
    uri: &Uri,
    keys: &ProjectKeys,
) -> Result<Caller, Refusal> {
    identified(headers, uri, keys)?.ok_or_else(Refusal::no_authorization)
}

/// The caller, if there is a good token or key; where public objects are given out, a bad one is none.
pub(super) fn perhaps(headers: &HeaderMap, uri: &Uri, keys: &ProjectKeys) -> Option<Caller> {
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

/// The original's words for the bad tokens that are met in practice (those of its library, jose).
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

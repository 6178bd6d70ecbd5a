//! Separates the database's wakes and the dashboard's webhooks from all other requests.
//!
//! A wake carries a Standard Webhooks signature (HMAC-SHA256 over `id.timestamp.body`), made in the database. A
//! dashboard webhook cannot be signed, so it carries a shared secret in a header. All comparisons take the same time
//! whatever differs, and every key is tried, so that timing reveals nothing.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::{ExposeSecret as _, SecretString};
use standardwebhooks::Webhook;

use crate::{Refusal, Wake};

/// The greatest age of a signature, and the greatest distance into the future.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);
/// The shortest key that Standard Webhooks allows, in bytes. With an empty one any caller could sign.
const MIN_KEY_BYTES: usize = 24;
/// More signatures than this in one header are not a key rotation.
const MAX_SIGNATURES: usize = 8;

pub(crate) const ID_HEADER: &str = "webhook-id";
const TIMESTAMP_HEADER: &str = "webhook-timestamp";
const SIGNATURE_HEADER: &str = "webhook-signature";
const SHARED_SECRET_HEADER: &str = "x-webhook-secret";

/// The callers that a function URL accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Wakes and webhooks only: every other call is refused with 401 before its body is read.
    Internal,
    /// People as well (intake).
    Public,
}

/// A secret that cannot be used. Its value is never part of the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// A wake secret is not `whsec_<base64>` of at least 24 bytes.
    #[error(
        "wake secret number {number} is not whsec_<base64 of at least 24 bytes>; store a fresh one in the secret wake_secret"
    )]
    MalformedWakeSecret {
        /// Its number in the list, from 1.
        number: usize,
    },
    /// A webhook secret is shorter than 24 characters.
    #[error(
        "webhook secret number {number} is shorter than 24 characters; store a longer one in the secret webhook_secret"
    )]
    ShortWebhookSecret {
        /// Its number in the list, from 1.
        number: usize,
    },
}

/// The functions that wakes may name, and the secrets of the URL.
pub struct Authenticator {
    functions: Vec<String>,
    access: Access,
    wake_keys: Vec<Webhook>,
    webhook_secrets: Vec<SecretString>,
}

impl Authenticator {
    /// Builds an authenticator. Each secret may hold several values separated by spaces, newest first, so that both are
    /// valid during a rotation. Without a secret its kind of trigger is always refused. All functions share the wake
    /// secret, so `function` is compared with the function that a wake names in its signed body.
    ///
    /// # Errors
    /// [`SecretError`] if a value is malformed or too short.
    pub fn new(
        function: &'static str,
        access: Access,
        wake_secret: Option<&SecretString>,
        webhook_secret: Option<&SecretString>,
    ) -> Result<Self, SecretError> {
        let wake_keys = values(wake_secret)
            .enumerate()
            .map(|(index, text)| wake_key(index.saturating_add(1), text))
            .collect::<Result<_, _>>()?;
        let webhook_secrets = values(webhook_secret)
            .enumerate()
            .map(|(index, text)| webhook_key(index.saturating_add(1), text))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            functions: vec![function.to_owned()],
            access,
            wake_keys,
            webhook_secrets,
        })
    }

    /// Accepts wakes of these functions in place of its own: the gateway passes them on.
    #[must_use]
    pub fn for_functions<'a>(mut self, functions: impl IntoIterator<Item = &'a String>) -> Self {
        self.functions = functions.into_iter().cloned().collect();
        self
    }

    /// Checks that a wake is for this function: one copied on its way to another function is refused here.
    pub(crate) fn check_target(&self, wake: &Wake) -> Result<(), Refusal> {
        if self.functions.contains(&wake.function) {
            return Ok(());
        }
        Err(Refusal::unauthorized(
            "wake_for_another_function",
            "the wake names another function; send it to that function's URL",
        ))
    }

    pub(crate) fn access(&self) -> Access {
        self.access
    }

    /// Verifies a signed body. Nothing of the body is parsed here.
    pub(crate) fn verify_wake(
        &self,
        headers: &BTreeMap<String, String>,
        body: &[u8],
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let id = header(headers, ID_HEADER)?;
        let timestamp = header(headers, TIMESTAMP_HEADER)?;
        let signatures = header(headers, SIGNATURE_HEADER)?;
        let timestamp = parse_timestamp(timestamp)?;
        check_age(timestamp, now)?;
        let mut is_signed = false;
        for key in &self.wake_keys {
            let Ok(expected) = key.sign(id, timestamp, body) else {
                continue;
            };
            for signature in signatures.split(' ').take(MAX_SIGNATURES) {
                is_signed |= are_equal(signature.as_bytes(), expected.as_bytes());
            }
        }
        if is_signed {
            return Ok(());
        }
        Err(Refusal::unauthorized(
            "signature_invalid",
            "the signature does not fit this body; sign it with the present wake secret",
        ))
    }

    /// Checks the dashboard's shared-secret header.
    pub(crate) fn verify_webhook(&self, headers: &BTreeMap<String, String>) -> Result<(), Refusal> {
        let given = header(headers, SHARED_SECRET_HEADER)?;
        let mut is_known = false;
        for secret in &self.webhook_secrets {
            is_known |= are_equal(given.as_bytes(), secret.expose_secret().as_bytes());
        }
        if is_known {
            return Ok(());
        }
        Err(Refusal::unauthorized(
            "webhook_secret_invalid",
            "the x-webhook-secret header does not match; set the webhook's header to the present webhook secret",
        ))
    }
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator")
            .field("functions", &self.functions)
            .field("access", &self.access)
            .field("wake_keys", &self.wake_keys.len())
            .field("webhook_secrets", &self.webhook_secrets.len())
            .finish()
    }
}

/// Returns true if the request claims to be a wake. One of the three headers is enough, so that dropping another cannot
/// turn a forged wake into an ordinary request.
pub(crate) fn claims_to_be_signed(headers: &BTreeMap<String, String>) -> bool {
    [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER]
        .iter()
        .any(|name| headers.contains_key(*name))
}

pub(crate) fn claims_to_be_a_webhook(headers: &BTreeMap<String, String>) -> bool {
    headers.contains_key(SHARED_SECRET_HEADER)
}

fn values(secret: Option<&SecretString>) -> impl Iterator<Item = &str> {
    secret
        .map(|secret| secret.expose_secret().split_ascii_whitespace())
        .into_iter()
        .flatten()
}

fn wake_key(number: usize, text: &str) -> Result<Webhook, SecretError> {
    let malformed = SecretError::MalformedWakeSecret { number };
    let Some(encoded) = text.strip_prefix("whsec_") else {
        return Err(malformed);
    };
    let Ok(key) = BASE64.decode(encoded) else {
        return Err(malformed);
    };
    if key.len() < MIN_KEY_BYTES {
        return Err(malformed);
    }
    Webhook::from_bytes(key).map_err(|_| malformed)
}

fn webhook_key(number: usize, text: &str) -> Result<SecretString, SecretError> {
    if text.len() < MIN_KEY_BYTES {
        return Err(SecretError::ShortWebhookSecret { number });
    }
    Ok(SecretString::from(text.to_owned()))
}

fn header<'a>(
    headers: &'a BTreeMap<String, String>,
    name: &'static str,
) -> Result<&'a str, Refusal> {
    headers.get(name).map(String::as_str).ok_or_else(|| {
        Refusal::unauthorized(
            "signature_missing",
            "webhook-id, webhook-timestamp and webhook-signature are all needed; send the three of them",
        )
    })
}

/// Reads the timestamp in its one canonical form. A laxer parser would let `+1` or `01` stand for `1`, so that the
/// signed text could change under a valid signature.
fn parse_timestamp(text: &str) -> Result<i64, Refusal> {
    text.parse::<i64>()
        .ok()
        .filter(|seconds| *seconds >= 0 && seconds.to_string() == text)
        .ok_or_else(|| {
            Refusal::unauthorized(
                "timestamp_invalid",
                "webhook-timestamp is not a number of seconds since 1970; send it as plain digits",
            )
        })
}

fn check_age(timestamp: i64, now: SystemTime) -> Result<(), Refusal> {
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    });
    if now.abs_diff(timestamp) <= TOLERANCE.as_secs() {
        return Ok(());
    }
    Err(Refusal::unauthorized(
        "timestamp_outside_tolerance",
        "the signature is more than 5 minutes from now; sign again, and check both clocks",
    ))
}

/// Compares in a time that depends on the lengths alone.
fn are_equal(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let difference = left
        .iter()
        .zip(right)
        .fold(0_u8, |sum, (a, b)| black_box(sum | (a ^ b)));
    black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]
    use super::*;

    /// Compares with a vector computed with Python's `hmac`, so that a change of the signing library cannot move both
    /// sides of the other tests at once.
    #[test]
    fn foreign_signature_is_accepted() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let authenticator =
            Authenticator::new("executor", Access::Internal, Some(&secret), None).unwrap();
        let headers = [
            (ID_HEADER, "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            (TIMESTAMP_HEADER, "1614265330"),
            (
                SIGNATURE_HEADER,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let now = UNIX_EPOCH + Duration::from_secs(1_614_265_330);
        assert!(
            authenticator
                .verify_wake(&headers, br#"{"test": 2432232314}"#, now)
                .is_ok()
        );
    }
}

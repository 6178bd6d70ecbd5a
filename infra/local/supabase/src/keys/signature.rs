//! Signatures of tokens, and the keys that verify them.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use secrecy::SecretString;
use serde_json::Value;
use std::borrow::Cow;

/// A key that verifies tokens of one algorithm.
pub(super) struct VerifyingKey<'a> {
    pub(super) algorithm: Algorithm,
    /// The id of the key; tokens that name another are not for it.
    pub(super) kid: Option<&'a str>,
    pub(super) key: Cow<'a, DecodingKey>,
}

impl VerifyingKey<'_> {
    /// Returns true if the header names the key's algorithm, and its id or none.
    pub(super) fn is_named_by(&self, header: &Header) -> bool {
        header.alg == self.algorithm && (header.kid.is_none() || header.kid.as_deref() == self.kid)
    }
}

pub(super) fn sign(header: &Header, claims: &Value, key: &EncodingKey) -> SecretString {
    // Signing a JSON value with a key of the header's algorithm cannot fail; an empty token would be refused everywhere.
    jsonwebtoken::encode(header, claims, key)
        .unwrap_or_default()
        .into()
}

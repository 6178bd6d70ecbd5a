//! Refresh tokens: a person and a time, sealed with the project's JWT secret.
//!
//! Nothing is stored, so a token can be used more than once until it expires, and is revoked only with its person. The
//! original's tokens are rows, valid for one use and without an end.

use crate::keys::ProjectKeys;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use hmac::{Hmac, Mac as _};
use secrecy::ExposeSecret as _;
use sha2::Sha256;
use uuid::Uuid;

/// The lifetime of a refresh token.
const LIFE_SECONDS: i64 = 30 * 24 * 3600;

/// Signs a token for a person.
pub(super) fn token(keys: &ProjectKeys, person: Uuid) -> String {
    ending_at(keys, person, Utc::now().timestamp() + LIFE_SECONDS)
}

fn ending_at(keys: &ProjectKeys, person: Uuid, ends_at: i64) -> String {
    let mut content = person.as_bytes().to_vec();
    content.extend_from_slice(&ends_at.to_be_bytes());
    let seal = seal(keys, &content).finalize().into_bytes();
    content.extend_from_slice(&seal);
    URL_SAFE_NO_PAD.encode(content)
}

/// Returns the person of a valid token that has not expired.
pub(super) fn person(keys: &ProjectKeys, token: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (content, claimed) = bytes.split_at_checked(24)?;
    seal(keys, content).verify_slice(claimed).ok()?;
    let (person, ends_at) = content.split_at_checked(16)?;
    let ends_at = i64::from_be_bytes(ends_at.try_into().ok()?);
    if ends_at <= Utc::now().timestamp() {
        return None;
    }
    Uuid::from_slice(person).ok()
}

/// Computes the seal with a domain prefix, so that nothing else signed with the key passes for a token.
fn seal(keys: &ProjectKeys, content: &[u8]) -> Hmac<Sha256> {
    let key = format!("refresh token\0{}", keys.jwt_secret().expose_secret());
    let seal = Hmac::<Sha256>::new_from_slice(key.as_bytes());
    let mut seal = seal.unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    seal.update(content);
    seal
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

    #[test]
    fn token_is_valid_in_its_project_until_expiry() {
        let (keys, others) = (ProjectKeys::generate(), ProjectKeys::generate());
        let ada = Uuid::new_v4();
        assert_eq!(person(&keys, &token(&keys, ada)), Some(ada));
        assert_eq!(person(&others, &token(&keys, ada)), None);
        assert_eq!(
            person(&keys, &ending_at(&keys, ada, Utc::now().timestamp() - 1)),
            None
        );
    }
}

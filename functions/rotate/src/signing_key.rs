//! The key that signs the project's tokens: a private JSON Web Key (ES256), or the project's JWT secret (HS256).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use ring::{digest, hmac};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// The shortest secret of HS256: as many bytes as a signature has (RFC 7518, 3.2).
const MIN_SECRET_BYTES: usize = digest::SHA256_OUTPUT_LEN;
/// The length of a coordinate of P-256, and of its private number.
const COORDINATE_BYTES: usize = 32;
/// The first byte of a public key that is written as both its coordinates.
const UNCOMPRESSED: u8 = 4;

/// The stored key cannot be used. Its value is never part of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// It is JSON, and not the private key that is needed.
    #[error(
        "the secret signing_key is JSON but no private P-256 key with kty, crv, kid, d, x and y; store what \
         `supabase gen signing-key --algorithm ES256` prints, or the project's JWT secret"
    )]
    MalformedKey,
    /// It is a text that is too short.
    #[error(
        "the secret signing_key is shorter than 32 bytes; store the project's JWT secret, or a private JSON Web Key"
    )]
    ShortSecret,
    /// The system has no random numbers.
    #[error("the signature could not be made; invoke the function again")]
    NotSigned,
}

/// A key that signs tokens. It has no `Debug`: the private key is in it.
pub enum SigningKey {
    /// ES256: the project's signing key, as a JSON Web Key.
    Es256 {
        /// The id by which the project finds the public half.
        kid: String,
        /// The private half.
        pair: EcdsaKeyPair,
    },
    /// HS256: the project's JWT secret.
    Hs256(hmac::Key),
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    kid: String,
    d: SecretString,
    x: String,
    y: String,
}

impl SigningKey {
    /// Reads a stored key: JSON is a JSON Web Key, anything else the JWT secret.
    ///
    /// # Errors
    /// [`SigningKeyError`].
    pub fn parse(stored: &SecretString) -> Result<Self, SigningKeyError> {
        let text = stored.expose_secret().trim();
        if text.starts_with(['{', '[']) {
            return read_jwk(text).ok_or(SigningKeyError::MalformedKey);
        }
        if text.len() < MIN_SECRET_BYTES {
            return Err(SigningKeyError::ShortSecret);
        }
        Ok(Self::Hs256(hmac::Key::new(
            hmac::HMAC_SHA256,
            text.as_bytes(),
        )))
    }

    /// Returns the algorithm's name in the header of a token.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Es256 { .. } => "ES256",
            Self::Hs256(_) => "HS256",
        }
    }

    /// Returns the key's id, which the project needs to find the public half.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        match self {
            Self::Es256 { kid, .. } => Some(kid),
            Self::Hs256(_) => None,
        }
    }

    /// Signs.
    ///
    /// # Errors
    /// [`SigningKeyError::NotSigned`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
        match self {
            Self::Es256 { pair, .. } => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SigningKeyError::NotSigned),
            Self::Hs256(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        }
    }
}

fn read_jwk(text: &str) -> Option<SigningKey> {
    let jwk: Jwk = serde_json::from_str(text).ok()?;
    if jwk.kty != "EC" || jwk.crv != "P-256" || jwk.kid.trim().is_empty() {
        return None;
    }
    let private = number(jwk.d.expose_secret())?;
    let public = [&[UNCOMPRESSED][..], &number(&jwk.x)?, &number(&jwk.y)?].concat();
    // Refuses a private key whose public half is another one: its tokens would be refused by the project.
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &private,
        &public,
        &SystemRandom::new(),
    );
    Some(SigningKey::Es256 {
        kid: jwk.kid,
        pair: pair.ok()?,
    })
}

fn number(encoded: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    (bytes.len() == COORDINATE_BYTES).then_some(bytes)
}

//! The P-256 key pair that signs the tokens of people (ES256).

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The first byte of a public key that is written as both its coordinates.
const UNCOMPRESSED: u8 = 4;

/// A P-256 key pair with its id. It has no `Debug`: the private key is in it.
#[derive(Clone)]
pub(super) struct SigningKey {
    /// PKCS #8 as base64.
    stored: SecretString,
    kid: String,
    x: String,
    y: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl SigningKey {
    /// Generates a new random key.
    pub(super) fn generate() -> Self {
        let random = SystemRandom::new();
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .ok()
            .and_then(|pkcs8| Self::from_pkcs8(pkcs8.as_ref()))
            .unwrap_or_else(|| unreachable!("the system has no random numbers"))
    }

    /// Reads a key from its stored form; none if it is no P-256 key.
    pub(super) fn from_stored(stored: &str) -> Option<Self> {
        Self::from_pkcs8(&STANDARD.decode(stored).ok()?)
    }

    fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random);
        let pair = pair.ok()?;
        let public = pair.public_key().as_ref();
        let (x, y) = public.strip_prefix(&[UNCOMPRESSED])?.split_at_checked(32)?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        Some(Self {
            stored: STANDARD.encode(pkcs8).into(),
            kid: id_of(public)?,
            decoding: DecodingKey::from_ec_components(&x, &y).ok()?,
            encoding: EncodingKey::from_ec_der(pkcs8),
            x,
            y,
        })
    }

    /// Returns the stored form, in clear text.
    pub(super) fn stored(&self) -> &SecretString {
        &self.stored
    }

    /// Returns the id that tokens name in their header.
    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the header of the tokens that the key signs.
    pub(super) fn header(&self) -> Header {
        Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::ES256)
        }
    }

    /// Returns the private half.
    pub(super) fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }

    /// Returns the public half.
    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }

    /// Returns the public half as a JSON Web Key, with the fields that hosted Supabase gives it.
    pub(super) fn public_jwk(&self) -> Value {
        json!({
            "alg": "ES256",
            "crv": "P-256",
            "ext": true,
            "key_ops": ["verify"],
            "kid": self.kid,
            "kty": "EC",
            "use": "sig",
            "x": self.x,
            "y": self.y,
        })
    }
}

/// Returns an id in Supabase's form, a UUID. It is derived from the public key, so that the same key has the same id at
/// each start.
fn id_of(public: &[u8]) -> Option<String> {
    let digest = Sha256::digest(public);
    let bytes = digest.first_chunk::<16>()?;
    let id = uuid::Builder::from_random_bytes(*bytes).into_uuid();
    Some(id.to_string())
}

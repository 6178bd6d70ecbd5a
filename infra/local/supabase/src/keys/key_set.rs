//! The project's keys as JSON Web Key Sets: a public one, and one for verifiers inside the stack.

use super::ProjectKeys;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

impl ProjectKeys {
    /// Returns the set that Auth serves: the public key alone.
    #[must_use]
    pub fn public_key_set(&self) -> Value {
        json!({"keys": [self.signing.public_jwk()]})
    }

    /// Returns the set of all keys that verify tokens. The JWT secret is in it in clear text.
    #[must_use]
    pub(crate) fn verifying_key_set(&self) -> SecretString {
        let secret = self.jwt_secret.expose_secret().as_bytes();
        let secret = json!({
            "alg": "HS256",
            "k": URL_SAFE_NO_PAD.encode(secret),
            "key_ops": ["verify"],
            "kty": "oct",
        });
        let set = json!({"keys": [self.signing.public_jwk(), secret]});
        set.to_string().into()
    }
}

//! The keys and tokens of a local project, and the rights of a request with them.
//!
//! `sb_publishable_…` and `sb_secret_…` are not tokens. They select the role of a request without a token of its own;
//! the gateway checks them and Postgres never receives them. Tokens of people are signed with the project's signing key
//! (ES256), those of the worker and the older keys with its JWT secret (HS256); both kinds are verified everywhere.
//! `fidelity/keys.md` describes the original and the differences.

mod caller;
mod key_set;
mod signature;
mod signing_key;
mod token;

pub(crate) use caller::bearer;
pub use caller::{Caller, Refused, identify};
pub use token::{Claims, TokenError, verify};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use signature::VerifyingKey;
use signing_key::SigningKey;
use std::{borrow::Cow, time::Duration};
use uuid::Uuid;

/// The field of the stored keys that holds the JWT secret. The name is from a version without other keys.
const STORED_JWT_SECRET: &str = "signing_key";
/// The field of the stored keys that holds the signing key.
const STORED_SIGNING_KEY: &str = "p256_signing_key";

/// The longest lifetime of a worker's token; longer ones are cut to it.
pub const LONGEST_WORKER_TOKEN: Duration = Duration::from_secs(15 * 60);

/// The keys of one project. `Debug` shows the publishable key and nothing else.
#[derive(Clone)]
pub struct ProjectKeys {
    publishable: String,
    secret: SecretString,
    jwt_secret: SecretString,
    signing: SigningKey,
}

impl std::fmt::Debug for ProjectKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ProjectKeys")
            .field("publishable", &self.publishable)
            .finish_non_exhaustive()
    }
}

impl ProjectKeys {
    /// Generates new random keys.
    #[must_use]
    pub fn generate() -> Self {
        Self {
            publishable: format!("sb_publishable_{}", random_text()),
            secret: format!("sb_secret_{}", random_text()).into(),
            jwt_secret: random_text().into(),
            signing: SigningKey::generate(),
        }
    }

    /// Adds the signing key to the stored keys of a version that had none; returns true if it was added.
    #[must_use]
    pub fn add_missing(stored: &mut Value) -> bool {
        let Some(stored) = stored.as_object_mut() else {
            return false;
        };
        if stored.contains_key(STORED_SIGNING_KEY) {
            return false;
        }
        let key = SigningKey::generate();
        stored.insert(
            STORED_SIGNING_KEY.to_owned(),
            json!(key.stored().expose_secret()),
        );
        true
    }

    /// Reads keys generated earlier (see [`ProjectKeys::to_stored`]).
    ///
    /// # Errors
    /// A part is missing or a key is not of its kind.
    pub fn from_stored(stored: &Value) -> anyhow::Result<Self> {
        let part = |name: &str| {
            let text = stored.get(name).and_then(Value::as_str);
            text.with_context(|| {
                format!(
                    "the stored project keys lack `{name}`: run `goalpost reset` to make new ones"
                )
            })
        };
        let (publishable, secret) = (part("publishable_key")?, part("secret_key")?);
        anyhow::ensure!(
            publishable.starts_with("sb_publishable_") && secret.starts_with("sb_secret_"),
            "the stored project keys are not Supabase keys: run `goalpost reset` to make new ones"
        );
        let jwt_secret = part(STORED_JWT_SECRET)?;
        let signing = stored.get(STORED_SIGNING_KEY).and_then(Value::as_str);
        let signing = signing.context(
            "the running stack is of an earlier version: run `goalpost down`, then `up`",
        )?;
        Ok(Self {
            publishable: publishable.to_owned(),
            secret: secret.into(),
            jwt_secret: jwt_secret.into(),
            signing: SigningKey::from_stored(signing).context(
                "the stored signing key cannot be read: run `goalpost reset` to make new keys",
            )?,
        })
    }

    /// Returns all keys in clear text, for the project's own state file and nothing else.
    #[must_use]
    pub fn to_stored(&self) -> Value {
        json!({
            "publishable_key": self.publishable,
            "secret_key": self.secret.expose_secret(),
            STORED_JWT_SECRET: self.jwt_secret.expose_secret(),
            STORED_SIGNING_KEY: self.signing.stored().expose_secret(),
        })
    }

    /// Returns the key for programs in public places: role `anon`, or the user of the token beside it.
    #[must_use]
    pub fn publishable_key(&self) -> &str {
        &self.publishable
    }

    /// Returns the key of role `service_role`.
    #[must_use]
    pub fn secret_key(&self) -> &SecretString {
        &self.secret
    }

    /// Returns the secret that tokens of roles are signed with and verified by (HS256), which hosted Supabase calls the
    /// legacy JWT secret.
    #[must_use]
    pub fn jwt_secret(&self) -> &SecretString {
        &self.jwt_secret
    }

    fn verifying_keys(&self) -> [VerifyingKey<'_>; 2] {
        let secret = self.jwt_secret.expose_secret().as_bytes();
        [
            VerifyingKey {
                algorithm: Algorithm::ES256,
                kid: Some(self.signing.kid()),
                key: Cow::Borrowed(self.signing.decoding()),
            },
            VerifyingKey {
                algorithm: Algorithm::HS256,
                kid: None,
                key: Cow::Owned(DecodingKey::from_secret(secret)),
            },
        ]
    }

    /// Signs a token as Supabase Auth signs one for a person who logged in.
    #[must_use]
    pub fn mint_user_token(&self, user_id: Uuid, email: &str, ttl: Duration) -> SecretString {
        self.mint_user_token_with(user_id, email, &Map::new(), ttl)
    }

    /// Signs a token of a person with further claims, or other values of the usual ones.
    #[must_use]
    pub fn mint_user_token_with(
        &self,
        user_id: Uuid,
        email: &str,
        claims: &Map<String, Value>,
        ttl: Duration,
    ) -> SecretString {
        let now = Utc::now().timestamp();
        let mut token = json!({
            "aud": "authenticated",
            "role": "authenticated",
            "sub": user_id,
            "email": email,
            "phone": "",
            "iss": "goalpost-local/auth/v1",
            "iat": now,
            "exp": now + seconds(ttl),
            "aal": "aal1",
            "session_id": Uuid::new_v4(),
            "is_anonymous": false,
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": {},
        });
        if let Value::Object(token) = &mut token {
            token.extend(claims.clone());
        }
        signature::sign(&self.signing.header(), &token, self.signing.encoding())
    }

    /// Signs a token for the functions: role `goalpost_worker`, at most [`LONGEST_WORKER_TOKEN`].
    #[must_use]
    pub fn mint_worker_token(&self, ttl: Duration) -> SecretString {
        self.mint_role_token("goalpost_worker", ttl.min(LONGEST_WORKER_TOKEN))
    }

    /// Signs a token with a role and no other claim. With `anon` or `service_role` and a long lifetime it equals
    /// Supabase's former API keys.
    #[must_use]
    pub fn mint_role_token(&self, role: &str, ttl: Duration) -> SecretString {
        let now = Utc::now().timestamp();
        self.sign(&json!({"iss": "supabase", "role": role, "iat": now, "exp": now + seconds(ttl)}))
    }

    /// Signs any claims with the JWT secret; for tests of refusals.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> SecretString {
        let key = EncodingKey::from_secret(self.jwt_secret.expose_secret().as_bytes());
        signature::sign(&Header::new(Algorithm::HS256), claims, &key)
    }
}

fn seconds(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX / 2)
}

/// Returns 244 random bits as text that is safe in headers and addresses.
fn random_text() -> String {
    let mut bytes = Uuid::new_v4().as_bytes().to_vec();
    bytes.extend_from_slice(Uuid::new_v4().as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests;

//! The keys and tokens of a local project, and what a request bearing them may do.
//!
//! The one thing to know: `sb_publishable_…` and `sb_secret_…` are not tokens. They say which role
//! a request has when it brings no token of its own; the gateway checks them and Postgres never
//! sees them. Tokens are signed with the project's one signing key (HS256).
//! What the original does, and where this differs: `fidelity/keys.md`.

mod caller;
mod token;

pub(crate) use caller::bearer;
pub use caller::{Caller, Refused, identify};
pub use token::{Claims, TokenError, verify};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use std::time::Duration;
use uuid::Uuid;

/// How long a worker's token may live at most; longer wishes are cut to it.
pub const LONGEST_WORKER_TOKEN: Duration = Duration::from_secs(15 * 60);

/// The keys of one project. `Debug` shows the publishable key and nothing else.
#[derive(Clone)]
pub struct ProjectKeys {
    publishable: String,
    secret: SecretString,
    signing: SecretString,
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
    /// Makes new random keys.
    #[must_use]
    pub fn generate() -> Self {
        Self {
            publishable: format!("sb_publishable_{}", random_text()),
            secret: format!("sb_secret_{}", random_text()).into(),
            signing: random_text().into(),
        }
    }

    /// Takes up keys made earlier (see [`ProjectKeys::to_stored`]).
    ///
    /// # Errors
    /// When a part is missing or a key does not have its prefix.
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
        Ok(Self {
            publishable: publishable.to_owned(),
            secret: secret.into(),
            signing: part("signing_key")?.into(),
        })
    }

    /// Everything in clear text, for the project's own state file and nothing else.
    #[must_use]
    pub fn to_stored(&self) -> Value {
        json!({
            "publishable_key": self.publishable,
            "secret_key": self.secret.expose_secret(),
            "signing_key": self.signing.expose_secret(),
        })
    }

    /// The key that programs in public places use: role `anon`, or the user of the token beside it.
    #[must_use]
    pub fn publishable_key(&self) -> &str {
        &self.publishable
    }

    /// The key that has role `service_role`.
    #[must_use]
    pub fn secret_key(&self) -> &SecretString {
        &self.secret
    }

    /// What tokens are signed with.
    #[must_use]
    pub fn signing_key(&self) -> &SecretString {
        &self.signing
    }

    /// A token as Supabase Auth gives it to a person who logged in.
    #[must_use]
    pub fn mint_user_token(&self, user_id: Uuid, email: &str, ttl: Duration) -> SecretString {
        self.mint_user_token_with(user_id, email, &Map::new(), ttl)
    }

    /// A token of a person with further claims, or others in the place of the usual ones.
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
        self.sign(&token)
    }

    /// A token for the functions: role `goalpost_worker`, at most [`LONGEST_WORKER_TOKEN`].
    #[must_use]
    pub fn mint_worker_token(&self, ttl: Duration) -> SecretString {
        self.mint_role_token("goalpost_worker", ttl.min(LONGEST_WORKER_TOKEN))
    }

    /// A token that says a role and nothing more. With `anon` or `service_role` and a long life it
    /// is what Supabase used to give out as API keys.
    #[must_use]
    pub fn mint_role_token(&self, role: &str, ttl: Duration) -> SecretString {
        let now = Utc::now().timestamp();
        self.sign(&json!({"iss": "supabase", "role": role, "iat": now, "exp": now + seconds(ttl)}))
    }

    /// Signs any claims; for tests of what must be refused.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> SecretString {
        token::sign(claims, &self.signing)
    }
}

fn seconds(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX / 2)
}

/// 244 random bits as text that is safe in headers and addresses.
fn random_text() -> String {
    let mut bytes = Uuid::new_v4().as_bytes().to_vec();
    bytes.extend_from_slice(Uuid::new_v4().as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests;

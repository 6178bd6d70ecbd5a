//! Signs in with Supabase Auth's password grant, and renews sessions.
//!
//! A session is a secret. Its file is readable for its owner alone (0600), and belongs to one project: another `--url`
//! does not use it.

use chrono::Utc;
use local_postgres::home::Home;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Client, Result};

/// A token is renewed when it has less than this many seconds left.
const RENEW_BEFORE_SECONDS: i64 = 60;
const FILE: &str = "session.json";

/// A person who signed in to a project.
#[derive(Clone)]
pub struct Session {
    /// The project.
    pub url: String,
    /// Its publishable key.
    pub key: String,
    /// The person's e-mail address, for messages.
    pub email: String,
    access_token: SecretString,
    refresh_token: SecretString,
    expires_at: i64,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    refresh_token: SecretString,
    #[serde(default)]
    expires_in: i64,
    #[serde(default)]
    user: Value,
}

impl Client {
    /// Signs in with a password.
    ///
    /// # Errors
    /// The password is wrong, or as any call.
    pub async fn login(&self, email: &str, password: &SecretString) -> Result<Session> {
        let granted = self
            .grant(
                "password",
                &json!({"email": email, "password": password.expose_secret()}),
            )
            .await?;
        Ok(self.session(granted, email))
    }

    /// Returns the session with a valid token, renewed if necessary.
    ///
    /// # Errors
    /// The session has ended: sign in again.
    pub async fn renewed(&self, session: Session) -> Result<(Session, Renewal)> {
        if session.expires_at - RENEW_BEFORE_SECONDS > Utc::now().timestamp() {
            return Ok((session, Renewal::NotNeeded));
        }
        let body = json!({"refresh_token": session.refresh_token.expose_secret()});
        let granted = self.grant("refresh_token", &body).await?;
        Ok((self.session(granted, &session.email), Renewal::Renewed))
    }

    async fn grant(&self, kind: &str, body: &Value) -> Result<Granted> {
        let request = self
            .request(reqwest::Method::POST, "/auth/v1/token")
            .query(&[("grant_type", kind)]);
        self.read(request.json(body)).await
    }

    fn session(&self, granted: Granted, email: &str) -> Session {
        let email = granted
            .user
            .get("email")
            .and_then(Value::as_str)
            .unwrap_or(email);
        Session {
            url: self.url.clone(),
            key: self.key.clone(),
            email: email.to_owned(),
            access_token: granted.access_token,
            refresh_token: granted.refresh_token,
            expires_at: Utc::now().timestamp() + granted.expires_in,
        }
    }
}

/// The result of a renewal; renewed sessions must be stored again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// The token is still valid.
    NotNeeded,
    /// There are new tokens; the old ones are spent.
    Renewed,
}

impl Session {
    /// Returns the token to send.
    #[must_use]
    pub fn token(&self) -> SecretString {
        self.access_token.clone()
    }

    /// Reads the stored session, if there is one.
    #[must_use]
    pub fn stored(home: &Home) -> Option<Self> {
        let text = std::fs::read(home.root().join(FILE)).ok()?;
        let value: Value = serde_json::from_slice(&text).ok()?;
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            url: text("url")?,
            key: text("key")?,
            email: text("email")?,
            access_token: text("access_token")?.into(),
            refresh_token: text("refresh_token")?.into(),
            expires_at: value.get("expires_at")?.as_i64()?,
        })
    }

    /// Stores the session for later commands, readable for its owner alone.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn store(&self, home: &Home) -> anyhow::Result<()> {
        let text = json!({
            "url": self.url,
            "key": self.key,
            "email": self.email,
            "access_token": self.access_token.expose_secret(),
            "refresh_token": self.refresh_token.expose_secret(),
            "expires_at": self.expires_at,
        });
        home.write_private(&home.root().join(FILE), text.to_string().as_bytes())
    }
}

//! The subset of Supabase Auth for local use: sign-up, password, refresh, the present user, health.
//!
//! People are rows of `auth.users` with bcrypt hashes, as in the original, but refresh tokens are signed, not stored.
//! `fidelity/auth.md` has the other differences.

mod config;
mod key_set;
mod password;
mod refresh;

pub use config::AuthConfig;

use crate::keys::{bearer, identify, verify};
use anyhow::Context as _;
use axum::{
    Router,
    body::Bytes,
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio_postgres::{Client, NoTls, Row};
use uuid::Uuid;

/// The lifetime of a person's token; Supabase's default.
const ACCESS_LIFE: Duration = Duration::from_secs(3600);

/// Returns the routes: everything below `/auth/v1`.
pub fn router(config: AuthConfig) -> Router {
    let config = Arc::new(config);
    Router::new()
        .route("/auth/v1/token", post(token))
        .route("/auth/v1/signup", post(sign_up))
        .route("/auth/v1/user", get(user))
        .route("/auth/v1/health", get(health))
        .route_layer(middleware::from_fn_with_state(
            Arc::clone(&config),
            require_key,
        ))
        // Without a key, as in the original's gateway: a verifier has none.
        .route("/auth/v1/.well-known/jwks.json", get(key_set::answer))
        .with_state(config)
}

/// Sets a person's password.
///
/// # Errors
/// The person does not exist, the password has more than 72 bytes, or the database refuses.
pub async fn set_password(
    client: &Client,
    user_id: Uuid,
    password: &SecretString,
) -> anyhow::Result<()> {
    let hash = password::hash(password.expose_secret())?;
    let update = "update auth.users set encrypted_password = $2::text, updated_at = now() where id = $1::text::uuid";
    let changed = client
        .execute(update, &[&user_id.to_string(), &hash])
        .await?;
    anyhow::ensure!(changed == 1, "there is no person {user_id} in auth.users");
    Ok(())
}

/// A refusal in the original's form: `code` is the HTTP status, `error_code` is for programs.
#[derive(Debug)]
struct Refusal(StatusCode, &'static str, String);

impl Refusal {
    fn response(self) -> Response {
        let Self(status, code, message) = self;
        let body = json!({"code": status.as_u16(), "error_code": code, "msg": message});
        (status, axum::Json(body)).into_response()
    }
}

fn bad_login() -> Refusal {
    Refusal(
        StatusCode::BAD_REQUEST,
        "invalid_credentials",
        "Invalid login credentials".to_owned(),
    )
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn unexpected(error: anyhow::Error) -> Refusal {
    tracing::error!(%error, "auth cannot use the database");
    Refusal(
        StatusCode::INTERNAL_SERVER_ERROR,
        "unexpected_failure",
        "Database error querying schema".to_owned(),
    )
}

/// Requires the key, as the gateway does for REST. Tokens are checked by the routes that require one.
async fn require_key(
    State(config): State<Arc<AuthConfig>>,
    request: Request,
    next: Next,
) -> Response {
    let mut key_only = request.headers().clone();
    key_only.remove("authorization");
    match identify(&key_only, request.uri(), &config.keys) {
        Ok(_) => next.run(request).await,
        Err(refused) => (
            StatusCode::UNAUTHORIZED,
            axum::Json(json!({"message": refused.to_string()})),
        )
            .into_response(),
    }
}

async fn health() -> Response {
    axum::Json(json!({
        "version": concat!("goalpost-", env!("CARGO_PKG_VERSION")),
        "name": "GoTrue",
        "description": "a local stand-in for Supabase Auth",
    }))
    .into_response()
}

#[derive(Deserialize)]
struct Grant {
    grant_type: Option<String>,
}

#[derive(Deserialize)]
struct Login {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: SecretString,
    #[serde(default)]
    refresh_token: String,
}

async fn token(
    State(config): State<Arc<AuthConfig>>,
    Query(grant): Query<Grant>,
    body: Bytes,
) -> Response {
    let login = serde_json::from_slice::<Login>(&body).map_err(|error| {
        let message = format!("Could not parse request body as JSON: {error}");
        Refusal(StatusCode::BAD_REQUEST, "bad_json", message)
    });
    let granted = match (login, grant.grant_type.as_deref()) {
        (Err(refusal), _) => Err(refusal),
        (Ok(login), Some("password")) => by_password(&config, &login).await,
        (Ok(login), Some("refresh_token")) => by_refresh_token(&config, &login).await,
        (Ok(_), _) => {
            let message = "unsupported_grant_type".to_owned();
            Err(Refusal(
                StatusCode::BAD_REQUEST,
                "invalid_credentials",
                message,
            ))
        }
    };
    match granted {
        Ok(session) => axum::Json(session).into_response(),
        Err(refusal) => refusal.response(),
    }
}

/// The shortest password; Supabase's default.
const MIN_PASSWORD: usize = 6;

#[derive(Deserialize)]
struct SignUp {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: SecretString,
    #[serde(default)]
    data: serde_json::Map<String, Value>,
}

/// Creates a person, whose address counts as confirmed, and signs them in: no mail is sent locally.
async fn sign_up(State(config): State<Arc<AuthConfig>>, body: Bytes) -> Response {
    let wanted = serde_json::from_slice::<SignUp>(&body).map_err(|error| {
        let message = format!("Could not parse request body as JSON: {error}");
        Refusal(StatusCode::BAD_REQUEST, "bad_json", message)
    });
    let created = match wanted {
        Ok(wanted) => create_person(&config, &wanted).await,
        Err(refusal) => Err(refusal),
    };
    match created {
        Ok(session) => axum::Json(session).into_response(),
        Err(refusal) => refusal.response(),
    }
}

async fn create_person(config: &AuthConfig, wanted: &SignUp) -> Result<Value, Refusal> {
    let email = wanted.email.trim().to_lowercase();
    let is_address = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if !is_address {
        let message = "Unable to validate email address: invalid format".to_owned();
        let (status, code) = (StatusCode::BAD_REQUEST, "validation_failed");
        return Err(Refusal(status, code, message));
    }
    let password = wanted.password.expose_secret();
    if password.chars().count() < MIN_PASSWORD {
        let message = format!("Password should be at least {MIN_PASSWORD} characters.");
        let (status, code) = (StatusCode::UNPROCESSABLE_ENTITY, "weak_password");
        return Err(Refusal(status, code, message));
    }
    if password.len() > password::MAX_BYTES {
        let most = password::MAX_BYTES;
        let message = format!("Password cannot be longer than {most} characters");
        let (status, code) = (StatusCode::BAD_REQUEST, "validation_failed");
        return Err(Refusal(status, code, message));
    }
    let hash = password::hash(password).map_err(unexpected)?;
    let client = connect(config).await.map_err(unexpected)?;
    let insert = "insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data,
                    raw_user_meta_data, created_at, updated_at, last_sign_in_at)
                  select gen_random_uuid(), 'authenticated', 'authenticated', $1::text, $2::text, now(),
                    '{\"provider\": \"email\", \"providers\": [\"email\"]}', $3::text::jsonb, now(), now(), now()
                   where not exists (select from auth.users where lower(email) = $1::text)";
    let data = Value::Object(wanted.data.clone()).to_string();
    let inserted = client.execute(insert, &[&email, &hash, &data]).await;
    if inserted.map_err(|error| unexpected(error.into()))? == 0 {
        let message = "User already registered".to_owned();
        let (status, code) = (StatusCode::UNPROCESSABLE_ENTITY, "user_already_exists");
        return Err(Refusal(status, code, message));
    }
    let person = find(&client, "lower(email) = lower($1)", &email)
        .await
        .map_err(unexpected)?;
    Ok(session(config, &person.ok_or_else(bad_login)?))
}

async fn by_password(config: &AuthConfig, login: &Login) -> Result<Value, Refusal> {
    let client = connect(config).await.map_err(unexpected)?;
    let person = find(&client, "lower(email) = lower($1)", &login.email)
        .await
        .map_err(unexpected)?;
    let person = person
        .filter(|person| password::fits(login.password.expose_secret(), &person.password_hash));
    let person = person.ok_or_else(bad_login)?;
    refuse_banned(&person)?;
    let update = "update auth.users set last_sign_in_at = now() where id = $1::text::uuid";
    let updated = client.execute(update, &[&person.id.to_string()]).await;
    updated.map_err(|error| unexpected(error.into()))?;
    Ok(session(config, &person))
}

async fn by_refresh_token(config: &AuthConfig, login: &Login) -> Result<Value, Refusal> {
    let not_found = || {
        let message = "Invalid Refresh Token: Refresh Token Not Found".to_owned();
        Refusal(StatusCode::BAD_REQUEST, "refresh_token_not_found", message)
    };
    let id = refresh::person(&config.keys, &login.refresh_token).ok_or_else(not_found)?;
    let client = connect(config).await.map_err(unexpected)?;
    let person = find(&client, "id = $1::uuid", &id.to_string())
        .await
        .map_err(unexpected)?;
    let person = person.ok_or_else(not_found)?;
    refuse_banned(&person)?;
    Ok(session(config, &person))
}

fn refuse_banned(person: &Person) -> Result<(), Refusal> {
    if person.is_banned {
        let message = "User is banned".to_owned();
        return Err(Refusal(StatusCode::BAD_REQUEST, "user_banned", message));
    }
    Ok(())
}

async fn user(State(config): State<Arc<AuthConfig>>, headers: HeaderMap) -> Response {
    match user_of_token(&config, &headers).await {
        Ok(person) => axum::Json(person.shown()).into_response(),
        Err(refusal) => refusal.response(),
    }
}

async fn user_of_token(config: &AuthConfig, headers: &HeaderMap) -> Result<Person, Refusal> {
    let token = bearer(headers).ok_or_else(|| {
        let message = "This endpoint requires a valid Bearer token".to_owned();
        Refusal(StatusCode::UNAUTHORIZED, "no_authorization", message)
    })?;
    let claims = verify(token, &config.keys).map_err(|error| {
        Refusal(
            StatusCode::FORBIDDEN,
            "bad_jwt",
            format!("invalid JWT: {}", error.message),
        )
    })?;
    let id = claims
        .text("sub")
        .and_then(|sub| Uuid::parse_str(sub).ok())
        .ok_or_else(|| {
            Refusal(
                StatusCode::FORBIDDEN,
                "bad_jwt",
                "invalid claim: missing sub claim".to_owned(),
            )
        })?;
    let client = connect(config).await.map_err(unexpected)?;
    let person = find(&client, "id = $1::uuid", &id.to_string())
        .await
        .map_err(unexpected)?;
    person.ok_or_else(|| {
        let message = "User from sub claim in JWT does not exist".to_owned();
        Refusal(StatusCode::FORBIDDEN, "user_not_found", message)
    })
}

struct Person {
    id: Uuid,
    email: String,
    password_hash: String,
    app_metadata: Value,
    user_metadata: Value,
    is_banned: bool,
    last_sign_in_at: Option<DateTime<Utc>>,
    created_at: Option<DateTime<Utc>>,
}

impl Person {
    fn read(row: &Row) -> anyhow::Result<Self> {
        Ok(Self {
            id: Uuid::parse_str(row.try_get("id")?)?,
            email: row.try_get("email")?,
            password_hash: row.try_get("password_hash")?,
            app_metadata: row.try_get("app_metadata")?,
            user_metadata: row.try_get("user_metadata")?,
            is_banned: row.try_get("is_banned")?,
            last_sign_in_at: row.try_get("last_sign_in_at")?,
            created_at: row.try_get("created_at")?,
        })
    }

    fn shown(&self) -> Value {
        json!({
            "id": self.id,
            "aud": "authenticated",
            "role": "authenticated",
            "email": self.email,
            "phone": "",
            "last_sign_in_at": self.last_sign_in_at,
            "created_at": self.created_at,
            "app_metadata": self.app_metadata,
            "user_metadata": self.user_metadata,
            "identities": [],
            "is_anonymous": false,
        })
    }
}

async fn connect(config: &AuthConfig) -> anyhow::Result<Client> {
    let connected = tokio_postgres::connect(&config.database_url, NoTls).await;
    let (client, connection) = connected.context("auth cannot reach the database")?;
    tokio::spawn(connection);
    Ok(client)
}

/// Reads a person. `condition` is one of the two texts above, never a caller's.
async fn find(
    client: &Client,
    condition: &'static str,
    value: &str,
) -> anyhow::Result<Option<Person>> {
    // Every account made with a password has a provider.
    let query = format!(
        "select id::text as id, coalesce(email, '') as email, coalesce(encrypted_password, '') as password_hash
              , jsonb_build_object('provider', 'email', 'providers', jsonb_build_array('email'))
                || coalesce(raw_app_meta_data, '{{}}') as app_metadata
              , coalesce(raw_user_meta_data, '{{}}') as user_metadata
              , coalesce(banned_until > now(), false) as is_banned
              , last_sign_in_at, created_at
           from auth.users where {} and deleted_at is null",
        condition.replace("$1", "$1::text")
    );
    client
        .query_opt(&query, &[&value])
        .await?
        .as_ref()
        .map(Person::read)
        .transpose()
}

fn session(config: &AuthConfig, person: &Person) -> Value {
    let claims = [
        ("app_metadata", &person.app_metadata),
        ("user_metadata", &person.user_metadata),
    ];
    let claims = claims.map(|(name, value)| (name.to_owned(), value.clone()));
    let claims = claims.into_iter().collect();
    let token = config
        .keys
        .mint_user_token_with(person.id, &person.email, &claims, ACCESS_LIFE);
    json!({
        "access_token": token.expose_secret(),
        "token_type": "bearer",
        "expires_in": ACCESS_LIFE.as_secs(),
        "expires_at": Utc::now().timestamp() + i64::try_from(ACCESS_LIFE.as_secs()).unwrap_or_default(),
        "refresh_token": refresh::token(&config.keys, person.id),
        "user": person.shown(),
    })
}

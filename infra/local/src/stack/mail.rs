//! A stand-in for the mail provider: takes mails as the tools send them and shows them on a page, in memory.
//!
//! It has a port of its own, so that the exemption by which functions reach it opens nothing else of this machine.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// The port of the Supabase CLI's mail page.
const USUAL_PORT: u16 = 54324;
/// The number of mails that are kept.
const MAX_MAILS: usize = 200;

/// The running provider; dropping it ends it.
pub(super) struct MailServer {
    pub(super) host: String,
    pub(super) key: SecretString,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Mails {
    host: String,
    key: String,
    kept: Arc<Mutex<VecDeque<(String, Value)>>>,
}

impl MailServer {
    /// Starts it at the usual port, or at a free one if that is taken.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let usual = TcpListener::bind((Ipv4Addr::LOCALHOST, USUAL_PORT)).await;
        let listener = match usual {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .context("there is no free port on 127.0.0.1 for mail")?,
        };
        let address = listener.local_addr().context("asking for the mail port")?;
        let mails = Mails {
            host: address.to_string(),
            key: Uuid::new_v4().simple().to_string(),
            kept: Arc::default(),
        };
        let (host, key) = (mails.host.clone(), SecretString::from(mails.key.clone()));
        let router = Router::new()
            .route("/emails", post(take))
            .route("/", get(show))
            .with_state(mails);
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the mail page has ended; restart the stack");
            }
        });
        Ok(Self { host, key, serving })
    }

    /// Returns the page with the mails.
    pub(super) fn page(&self) -> String {
        format!("http://{}/", self.host)
    }

    /// Returns the address that takes mails.
    pub(super) fn endpoint(&self) -> String {
        format!("http://{}/emails", self.host)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Takes a mail; one of a key that was taken before is acknowledged and not kept again.
async fn take(State(mails): State<Mails>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let expected = format!("Bearer {}", mails.key);
    if text(header::AUTHORIZATION.as_str()) != Some(expected.as_str()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(mail) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    let id = text("idempotency-key").unwrap_or_default().to_owned();
    let mut kept = mails.kept.lock().unwrap_or_else(PoisonError::into_inner);
    if !kept.iter().any(|(known, _)| *known == id) {
        kept.push_front((id.clone(), mail));
        kept.truncate(MAX_MAILS);
    }
    Json(json!({"id": id})).into_response()
}

/// Shows the mails, the newest first. A page of another host name that leads here is refused: mails hold links that decide.
async fn show(State(mails): State<Mails>, headers: HeaderMap) -> Response {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let port = mails.host.rsplit(':').next().unwrap_or_default();
    if host != Some(mails.host.as_str()) && host != Some(format!("localhost:{port}").as_str()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let kept = mails.kept.lock().unwrap_or_else(PoisonError::into_inner);
    let list: String = kept.iter().map(|(_, mail)| article(mail)).collect();
    let list = if list.is_empty() {
        "<p>No mail yet.</p>".to_owned()
    } else {
        list
    };
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Mail</title><body><h1>Mail</h1>{list}</body></html>"
    );
    let policy = [(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    )];
    (policy, Html(page)).into_response()
}

fn article(mail: &Value) -> String {
    let field = |name: &str| mail.get(name).map(written).unwrap_or_default();
    format!(
        "<article><h2>{}</h2><p>{} → {}</p><pre style=\"white-space: pre-wrap\">{}</pre></article><hr>",
        escaped(&field("subject")),
        escaped(&field("from")),
        escaped(&field("to")),
        with_links(&field("text"))
    )
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(written).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}

/// Escapes a text for HTML and makes links of the words that are addresses of this machine.
fn with_links(text: &str) -> String {
    let word = |word: &str| {
        let safe = escaped(word);
        if word.starts_with("http://127.0.0.1:") {
            format!("<a href=\"{safe}\" rel=\"noreferrer\">{safe}</a>")
        } else {
            safe
        }
    };
    text.split_inclusive([' ', '\n'])
        .map(|part| {
            let trimmed = part.trim_end();
            format!(
                "{}{}",
                word(trimmed),
                part.get(trimmed.len()..).unwrap_or_default()
            )
        })
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Returns the variables by which functions send mail here, in addition to those of an operator; its host serves the given
/// workspace alone.
pub(super) fn variables(
    server: &MailServer,
    private_hosts: Option<&String>,
    workspace: Uuid,
) -> [(String, String); 3] {
    let own = format!("{}={workspace}", server.host);
    let private_hosts = private_hosts.map_or(own.clone(), |given| format!("{given} {own}"));
    [
        ("GOALPOST_EMAIL_URL".to_owned(), server.endpoint()),
        (
            "GOALPOST_EMAIL_FROM".to_owned(),
            "Goalpost <goalpost@goalpost.test>".to_owned(),
        ),
        ("GOALPOST_PRIVATE_HOSTS".to_owned(), private_hosts),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use secrecy::ExposeSecret as _;

    use super::*;

    #[tokio::test]
    async fn mail_is_shown_once_and_escaped() {
        let server = MailServer::start().await.unwrap();
        let http = reqwest::Client::new();
        let mail = json!({"from": "a", "to": ["b@c.example"], "subject": "<b>Hi</b>", "text": "Go: http://127.0.0.1:1/decide?token=1.x now"});
        let send = |key: &str| {
            http.post(server.endpoint())
                .bearer_auth(key)
                .header("idempotency-key", "k")
                .body(mail.to_string())
                .send()
        };
        assert_eq!(send("wrong").await.unwrap().status(), 401);
        for _ in 0..2 {
            assert_eq!(
                send(server.key.expose_secret()).await.unwrap().status(),
                200
            );
        }
        let page = http
            .get(server.page())
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert_eq!(page.matches("&lt;b&gt;Hi&lt;/b&gt;").count(), 1, "{page}");
        assert!(
            page.contains("<a href=\"http://127.0.0.1:1/decide?token=1.x\""),
            "{page}"
        );
        let rebound = http
            .get(server.page())
            .header("host", "evil.example")
            .send()
            .await
            .unwrap();
        assert_eq!(rebound.status(), 403);
    }
}

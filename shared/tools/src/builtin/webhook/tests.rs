//! Calls that are posted and calls that are refused. Every server here is on loopback and counts its connections.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::SecretString;
use url::Url;

use super::*;
use crate::egress::Lookup;
use crate::egress::test_server::{Server, answer};
use crate::{EgressPolicy, HttpPolicy, McpServer, StepDatabase};

/// Builds a tool whose operator names these private hosts; `names` is the whole table of the resolver.
fn tool(private: &[String], names: &[(&str, &[&str])]) -> Webhook {
    let policy = HttpPolicy {
        private_hosts: crate::egress::test_server::private(private),
        denied_hosts: ["project.supabase.co".to_owned()].into(),
        ..HttpPolicy::default()
    };
    let ip = |text: &&str| text.parse::<IpAddr>().unwrap();
    let table: BTreeMap<String, Vec<IpAddr>> = names
        .iter()
        .map(|(name, ips)| ((*name).to_owned(), ips.iter().map(ip).collect()))
        .collect();
    Webhook::new(HttpClient::with_lookup(policy, Lookup::Table(table)).unwrap())
}

fn context(listed: &[&str], key: &str) -> CallContext {
    CallContext {
        workspace_id: crate::egress::test_server::workspace(),
        readable_schemas: Vec::new(),
        run_query: None,
        webhook_hosts: listed.iter().map(|host| (*host).to_owned()).collect(),
        egress_policy: EgressPolicy::default(),
        database: None,
        idempotency_key: key.to_owned(),
        time_limit: Duration::from_secs(60),
    }
}

fn host(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port)
}

async fn post(server: &Server, key: &str) -> Result<Value, ToolError> {
    let host = host(server);
    let arguments = json!({"url": format!("http://{host}/hook?a=1"), "body": {"text": "hello"}});
    tool(std::slice::from_ref(&host), &[])
        .call(&arguments, &context(&[&host], key))
        .await
}

#[tokio::test]
async fn body_is_posted_under_call_key() {
    let server = Server::start(answer(
        "201 Created\r\ncontent-type: application/json",
        b"{\"id\":7}",
    ))
    .await;
    let result = post(&server, "w/17/notify/2").await.unwrap();
    assert_eq!(
        result,
        json!({"status": 201, "body": "{\"id\":7}", "truncated": false})
    );
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("POST /hook?a=1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("idempotency-key: w/17/notify/2\r\n"),
        "{request}"
    );
    assert!(
        request.contains("content-type: application/json\r\n"),
        "{request}"
    );
    assert!(
        request.ends_with("\r\n\r\n{\"text\":\"hello\"}"),
        "{request}"
    );
}

#[tokio::test]
async fn call_without_usable_key_is_refused() {
    let server = Server::start(answer("200 OK", b"")).await;
    for key in ["", "a\nb"] {
        let error = post(&server, key).await.unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.retryable),
            ("webhook_without_key", false)
        );
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn status_decides_retry() {
    let cases = [
        ("400 Bad Request", "webhook_rejected", false, None),
        ("401 Unauthorized", "webhook_rejected", false, None),
        ("409 Conflict", "webhook_rejected", false, None),
        (
            "410 Gone\r\nretry-after: 3",
            "webhook_rejected",
            false,
            None,
        ),
        ("408 Request Timeout", "webhook_failed", true, None),
        (
            "429 Too Many Requests\r\nretry-after: 7",
            "webhook_failed",
            true,
            Some(7),
        ),
        (
            "429 Too Many Requests\r\nretry-after: soon",
            "webhook_failed",
            true,
            None,
        ),
        ("500 Internal Server Error", "webhook_failed", true, None),
        (
            "503 Service Unavailable\r\nretry-after: 0",
            "webhook_failed",
            true,
            Some(0),
        ),
        ("304 Not Modified", "webhook_redirected", false, None),
    ];
    for (head, code, retryable, retry_after) in cases {
        let server = Server::start(answer(head, b"x")).await;
        let error = post(&server, "1/a").await.unwrap_err();
        assert_eq!(
            (
                error.code.as_ref(),
                error.retryable,
                error.retry_after_seconds
            ),
            (code, retryable, retry_after),
            "{head}: {}",
            error.message
        );
        assert!(!error.message.contains("a=1"), "{}", error.message);
    }
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let secret = Server::start(answer("200 OK", b"secret")).await;
    let head = format!(
        "307 Temporary Redirect\r\nlocation: http://{}/",
        host(&secret)
    );
    let server = Server::start(answer(&head, b"")).await;
    let error = post(&server, "1/a").await.unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retryable),
        ("webhook_redirected", false)
    );
    assert_eq!((server.count(), secret.count()), (1, 0));
}

#[tokio::test]
async fn answer_is_shown_as_shortened_text() {
    let server = Server::start(answer("200 OK", &vec![b'"'; 100 * 1024])).await;
    let result = post(&server, "1/a").await.unwrap();
    assert_eq!(result["truncated"], true);
    assert!(result.to_string().len() <= MAX_SHOWN_BYTES + 100);
    let server = Server::start(answer("200 OK\r\ncontent-type: image/png", b"\x89PNG")).await;
    let result = post(&server, "1/a").await.unwrap();
    assert_eq!(
        result,
        json!({"status": 200, "body": null, "truncated": false})
    );
}

#[tokio::test]
async fn interrupted_answer_is_retryable() {
    let server = Server::start(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".to_vec()).await;
    let error = post(&server, "1/a").await.unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retryable),
        ("http_failed", true)
    );
}

#[tokio::test]
async fn oversized_body_is_not_sent() {
    let server = Server::start(answer("200 OK", b"")).await;
    let host = host(&server);
    let arguments =
        json!({"url": format!("http://{host}/"), "body": {"x": "x".repeat(MAX_SENT_BYTES)}});
    let error = tool(std::slice::from_ref(&host), &[])
        .call(&arguments, &context(&[&host], "1/a"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retryable),
        ("invalid_arguments", false)
    );
    assert_eq!(server.count(), 0);
}

/// Checks that a host reaches no server unless spelling, workspace and operator all allow it.
#[tokio::test]
async fn only_listed_and_allowed_hosts_are_called() {
    let server = Server::start(answer("200 OK", b"secret")).await;
    let own = host(&server);
    let port = server.port;
    let names: &[(&str, &[&str])] = &[
        ("rebind.example.com", &["127.0.0.1"]),
        ("mixed.example.com", &["93.184.216.34", "127.0.0.1"]),
        ("meta.example.com", &["169.254.169.254"]),
    ];
    let own_url = format!("http://{own}/");
    // The called URL, the hosts of the workspace, the hosts of the operator.
    let cases: Vec<(String, Vec<String>, Vec<String>)> = vec![
        // Named by the operator, not listed by the workspace; listed, not named; neither.
        (own_url.clone(), vec![], vec![own.clone()]),
        (own_url.clone(), vec![own.clone()], vec![]),
        (own_url.clone(), vec![], vec![]),
        // Listed or named without its port, or with another.
        (own_url.clone(), vec!["127.0.0.1".into()], vec![own.clone()]),
        (own_url.clone(), vec![own.clone()], vec!["127.0.0.1".into()]),
        (
            own_url.clone(),
            vec!["127.0.0.1:1".into()],
            vec![own.clone()],
        ),
        (
            own_url.clone(),
            vec!["*".into(), "127.0.0.1:*".into()],
            vec![own.clone()],
        ),
        // Another spelling of a named host is the same host only if the URL parses to it.
        (
            format!("http://localhost:{port}/"),
            vec![format!("localhost:{port}")],
            vec![own.clone()],
        ),
        (
            format!("ftp://{own}/"),
            vec![own.clone()],
            vec![own.clone()],
        ),
        (
            format!("http://user:password@{own}/"),
            vec![own.clone()],
            vec![own.clone()],
        ),
        // Public by name, private by address.
        (
            "https://rebind.example.com/".into(),
            vec!["rebind.example.com".into()],
            vec![],
        ),
        (
            "https://mixed.example.com/".into(),
            vec!["mixed.example.com".into()],
            vec![],
        ),
        (
            "https://meta.example.com/".into(),
            vec!["meta.example.com".into()],
            vec![],
        ),
        (
            "https://127.0.0.1/".into(),
            vec!["127.0.0.1".into()],
            vec![],
        ),
        ("https://[::1]/".into(), vec!["[::1]".into()], vec![]),
        (
            "https://localhost/".into(),
            vec!["localhost".into()],
            vec![],
        ),
        // Below, above and beside a listed host.
        (
            "https://api.example.com/".into(),
            vec!["example.com".into()],
            vec![],
        ),
        (
            "https://example.com/".into(),
            vec!["api.example.com".into()],
            vec![],
        ),
        (
            "https://example.com.evil.test/".into(),
            vec!["example.com".into()],
            vec![],
        ),
        (
            "https://example.com:8443/".into(),
            vec!["example.com".into()],
            vec![],
        ),
        (
            "http://example.com/".into(),
            vec!["example.com".into(), "example.com:80".into()],
            vec![],
        ),
        // The project's own API, whatever the list holds.
        (
            "https://project.supabase.co/".into(),
            vec!["project.supabase.co".into()],
            vec!["project.supabase.co:443".into()],
        ),
        (
            "https://PROJECT.supabase.co./".into(),
            vec!["project.supabase.co".into()],
            vec![],
        ),
    ];
    for (url, listed, private) in cases {
        let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
        let arguments = json!({"url": url, "body": {}});
        let error = tool(&private, names)
            .call(&arguments, &context(&listed, "1/a"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.retryable),
            ("webhook_refused_host", false),
            "{url} {listed:?} {private:?}: {}",
            error.message
        );
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn invalid_url_is_refused() {
    for url in [
        "",
        "127.0.0.1",
        "//example.com/",
        "https://",
        "https://[::1",
    ] {
        let error = tool(&[], &[])
            .call(
                &json!({"url": url, "body": {}}),
                &context(&["example.com"], "1/a"),
            )
            .await
            .unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.retryable),
            ("invalid_url", false),
            "{url}"
        );
    }
}

#[tokio::test]
async fn listed_public_host_is_allowed() {
    let policy = HttpPolicy::default();
    let listed = ["Example.com".to_owned(), "other.example:443".to_owned()];
    for url in [
        "https://example.com/x",
        "https://EXAMPLE.com./",
        "https://other.example/",
    ] {
        assert_eq!(
            policy.allows_listed(
                &Url::parse(url).unwrap(),
                &listed,
                "webhook_hosts",
                &crate::egress::test_server::workspace()
            ),
            Ok(false),
            "{url}"
        );
    }
}

/// The database's answer to a request for the secret.
#[derive(Clone)]
struct Vault(Result<Option<&'static str>, ToolError>);

impl StepDatabase for Vault {
    fn write_table<'a>(&'a self, _: &'a Value) -> BoxFuture<'a, Result<Value, ToolError>> {
        panic!("nothing is written here")
    }

    fn webhook_secret(&self) -> BoxFuture<'_, Result<Option<SecretString>, ToolError>> {
        let secret = self.0.clone().map(|secret| secret.map(SecretString::from));
        Box::pin(async { secret })
    }

    fn period_report(&self, _: i32) -> BoxFuture<'_, Result<Value, ToolError>> {
        panic!("no report is read here")
    }

    fn mcp_server<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<McpServer, ToolError>> {
        panic!("no server is called here")
    }

    fn record_mcp_tools<'a>(
        &'a self,
        _: &'a str,
        _: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ToolError>> {
        panic!("no server is listed here")
    }
}

async fn post_signed(server: &Server, vault: Option<Vault>) -> Result<Value, ToolError> {
    let host = host(server);
    let arguments = json!({"url": format!("http://{host}/hook"), "body": {"text": "grüße"}});
    let mut context = context(&[&host], "w/17/notify/2");
    context.egress_policy.webhooks_signed = true;
    context.database = vault.map(|vault| Arc::new(vault) as Arc<dyn StepDatabase>);
    tool(std::slice::from_ref(&host), &[])
        .call(&arguments, &context)
        .await
}

#[tokio::test]
async fn signature_verifies_as_standard_webhook() {
    let server = Server::start(answer("200 OK", b"")).await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    post_signed(&server, Some(Vault(Ok(Some(secret)))))
        .await
        .unwrap();
    let request = server.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let headers: HeaderMap = head
        .lines()
        .skip(1)
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.parse::<HeaderName>().ok()?, value.parse().ok()?))
        })
        .collect();
    assert_eq!(headers["webhook-id"], "w/17/notify/2");
    assert_eq!(headers["idempotency-key"], "w/17/notify/2");
    let receiver = Signer::new(secret).unwrap();
    assert!(receiver.verify(body.as_bytes(), &headers).is_ok());
    assert!(receiver.verify(b"{}", &headers).is_err());
    let other = Signer::new("whsec_b3RoZXI=").unwrap();
    assert!(other.verify(body.as_bytes(), &headers).is_err());
}

#[tokio::test]
async fn unsignable_webhook_is_not_sent() {
    let server = Server::start(answer("200 OK", b"")).await;
    let lost = ToolError::terminal("lease_lost", "lost");
    for (vault, code) in [
        (None, "webhook_unsigned"),
        (Some(Vault(Ok(None))), "webhook_unsigned"),
        (Some(Vault(Ok(Some("whsec_hidden!")))), "webhook_unsigned"),
        (Some(Vault(Err(lost))), "lease_lost"),
    ] {
        let error = post_signed(&server, vault).await.unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.retryable),
            (code, false),
            "{}",
            error.message
        );
        assert!(!error.message.contains("hidden"), "{}", error.message);
    }
    assert_eq!(server.count(), 0);
}

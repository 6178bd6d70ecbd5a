//! Mails that are sent and mails that are refused, with a provider on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::time::Duration;

use super::*;
use crate::egress::test_server::{Server, answer};
use crate::{EgressPolicy, HttpPolicy, Registry};

fn context(domains: &[&str], key: &str) -> CallContext {
    CallContext {
        workspace_id: crate::egress::test_server::workspace(),
        readable_schemas: Vec::new(),
        run_query: None,
        webhook_hosts: Vec::new(),
        egress_policy: EgressPolicy {
            email_domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            ..EgressPolicy::default()
        },
        database: None,
        idempotency_key: key.into(),
        time_limit: Duration::from_secs(60),
    }
}

fn registry(server: &Server, key: Result<Option<&'static str>, &'static str>) -> Registry {
    let host = format!("127.0.0.1:{}", server.port);
    let policy = HttpPolicy {
        private_hosts: crate::egress::test_server::private(std::slice::from_ref(&host)),
        ..HttpPolicy::default()
    };
    let email = EmailConfig {
        provider: EmailProvider {
            url: format!("http://{host}/emails"),
            from: "Goalpost <goalpost@example.com>".into(),
        },
        key: Box::new(move || {
            Box::pin(async move {
                match key {
                    Ok(key) => Ok(key.map(SecretString::from)),
                    Err(problem) => Err(problem.to_owned()),
                }
            })
        }),
    };
    Registry::with_email(policy, Some(email)).unwrap()
}

fn mail(to: &str) -> Value {
    json!({"to": [to], "subject": "The week", "text": "All is well.", "html": "<p>All is well."})
}

async fn send(server: &Server, arguments: Value) -> Result<Value, ToolError> {
    let registry = registry(server, Ok(Some("re_hidden")));
    registry
        .call(
            NAME,
            &arguments,
            &context(&["Example.com", "b.example"], "w/17/mail/1"),
        )
        .await
}

#[tokio::test]
async fn mail_is_posted_as_provider_documents() {
    let server = Server::start(answer(
        "200 OK\r\ncontent-type: application/json",
        b"{\"id\":\"49a3\"}",
    ))
    .await;
    let result = send(&server, mail("mia@example.com")).await.unwrap();
    assert_eq!(result, json!({"id": "49a3", "status": 200}));
    let request = server.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /emails HTTP/1.1\r\n"), "{head}");
    for header in [
        "authorization: Bearer re_hidden",
        "idempotency-key: w/17/mail/1",
        "content-type: application/json",
    ] {
        assert!(head.contains(header), "{head}");
    }
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        body,
        json!({"from": "Goalpost <goalpost@example.com>", "to": ["mia@example.com"], "subject": "The week",
               "text": "All is well.", "html": "<p>All is well."})
    );
}

#[tokio::test]
async fn mail_to_unlisted_domain_is_refused() {
    let server = Server::start(answer("200 OK", b"{}")).await;
    for address in [
        "mia@evil.test",
        "mia@sub.example.com",
        "mia@example.com.evil.test",
        "mia@evil.test, mia@example.com",
        "mia@example.com, mia@evil.test",
        "mia@evil.test@example.com",
        "<mia@evil.test> mia@example.com",
        "Mia <mia@example.com>",
        "\"mia\"@example.com",
        "mia@example.com\r\nbcc: mia@evil.test",
        "mia%evil.test @example.com",
        "mia@example.com>",
        "mia@",
        "@example.com",
        "mia",
        "mia@exаmple.com",
    ] {
        let error = send(&server, mail(address)).await.unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.retryable),
            ("email_refused_recipient", false),
            "{address}: {}",
            error.message
        );
    }
    let mut both = mail("mia@example.com");
    both["to"] = json!(["mia@example.com", "sam@evil.test"]);
    assert_eq!(
        send(&server, both).await.unwrap_err().code,
        "email_refused_recipient"
    );
    let mut two_lines = mail("mia@example.com");
    two_lines["subject"] = json!("a\r\nbcc: mia@evil.test");
    assert_eq!(
        send(&server, two_lines).await.unwrap_err().code,
        "invalid_arguments"
    );
    let mut from = mail("mia@example.com");
    from["from"] = json!("boss@example.com");
    assert_eq!(
        send(&server, from).await.unwrap_err().code,
        "invalid_arguments"
    );
    let registry = registry(&server, Ok(Some("re_hidden")));
    let error = registry
        .call(NAME, &mail("mia@example.com"), &context(&[], "k"))
        .await
        .unwrap_err();
    assert!(
        error.message.contains("goalpost.workspaces.email_domains"),
        "{}",
        error.message
    );
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn incomplete_configuration_sends_no_mail() {
    let server = Server::start(answer("200 OK", b"{}")).await;
    let context = context(&["example.com"], "k");
    let none = Registry::builtin(HttpPolicy::default()).unwrap();
    let error = none
        .call(NAME, &mail("mia@example.com"), &context)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retryable),
        ("email_not_configured", false)
    );
    assert!(
        error.message.contains("GOALPOST_EMAIL_URL"),
        "{}",
        error.message
    );
    let error = registry(&server, Ok(None))
        .call(NAME, &mail("mia@example.com"), &context)
        .await
        .unwrap_err();
    assert!(error.message.contains("email_api_key"), "{}", error.message);
    let unreadable = registry(&server, Err("the store does not answer"));
    let error = unreadable
        .call(NAME, &mail("mia@example.com"), &context)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retryable),
        ("email_key_unavailable", true)
    );
    let keyless = CallContext {
        idempotency_key: String::new(),
        ..context
    };
    let error = registry(&server, Ok(Some("re_hidden")))
        .call(NAME, &mail("mia@example.com"), &keyless)
        .await
        .unwrap_err();
    assert_eq!(error.code, "email_without_key");
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn provider_status_decides_retry() {
    for (head, code, retryable, after) in [
        ("401 Unauthorized", "email_not_configured", false, None),
        ("403 Forbidden", "email_not_configured", false, None),
        ("422 Unprocessable Content", "email_rejected", false, None),
        ("302 Found\r\nlocation: /x", "email_rejected", false, None),
        (
            "429 Too Many Requests\r\nretry-after: 3",
            "email_failed",
            true,
            Some(3),
        ),
        ("500 Internal Server Error", "email_failed", true, None),
    ] {
        let server = Server::start(answer(head, b"{\"message\":\"hidden\"}")).await;
        let error = send(&server, mail("mia@example.com")).await.unwrap_err();
        assert_eq!(
            (
                error.code.as_ref(),
                error.retryable,
                error.retry_after_seconds
            ),
            (code, retryable, after),
            "{head}"
        );
        assert!(!error.message.contains("hidden"), "{}", error.message);
    }
}

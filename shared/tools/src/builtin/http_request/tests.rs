//! Hosts that are called and hosts that are not. Every server here is on loopback and counts its connections.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use super::*;
use crate::egress::test_server::{Server, answer};
use crate::{EgressPolicy, HttpPolicy, OUTCOME_UNKNOWN, Registry};

fn host(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port)
}

fn context(listed: &[String], key: &str) -> CallContext {
    CallContext {
        workspace_id: crate::egress::test_server::workspace(),
        readable_schemas: Vec::new(),
        run_query: None,
        webhook_hosts: Vec::new(),
        egress_policy: EgressPolicy {
            http_hosts: listed.to_vec(),
            ..EgressPolicy::default()
        },
        database: None,
        idempotency_key: key.into(),
        time_limit: Duration::from_secs(60),
    }
}

/// Makes a call through [`Registry::call`], to hosts that the workspace lists and the operator names as private.
async fn call(hosts: &[String], arguments: Value) -> Result<Value, ToolError> {
    call_among(hosts, hosts, arguments).await
}

/// Makes the same call to hosts that the operator names and the workspace does not list.
async fn call_among(
    private: &[String],
    listed: &[String],
    arguments: Value,
) -> Result<Value, ToolError> {
    let policy = HttpPolicy {
        private_hosts: crate::egress::test_server::private(private),
        ..HttpPolicy::default()
    };
    let registry = Registry::builtin(policy).unwrap();
    let context = context(listed, "w/17/call/1");
    registry.call(NAME, &arguments, &context).await
}

fn to(server: &Server, method: &str) -> Value {
    json!({"method": method, "url": format!("http://{}/v1/things?key=hidden", host(server))})
}

#[tokio::test]
async fn methods_send_body_and_writes_send_key() {
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let server = Server::start(answer(
            "200 OK\r\ncontent-type: application/json",
            b"{\"id\":7}",
        ))
        .await;
        let mut arguments = to(&server, method);
        arguments["headers"] = json!({"accept": "application/json", "if-match": "\"1\""});
        if method != "GET" {
            arguments["body"] = json!({"name": "ä"});
        }
        let result = call(&[host(&server)], arguments).await.unwrap();
        assert_eq!(
            (&result["status"], &result["body"]),
            (&json!(200), &json!("{\"id\":7}")),
            "{method}"
        );
        let request = server.requests().remove(0).to_ascii_lowercase();
        let start = format!(
            "{} /v1/things?key=hidden http/1.1\r\n",
            method.to_ascii_lowercase()
        );
        assert!(request.starts_with(&start), "{request}");
        assert!(request.contains("if-match: \"1\"\r\n"), "{request}");
        let writes = method != "GET";
        assert_eq!(
            request.contains("idempotency-key: w/17/call/1\r\n"),
            writes,
            "{request}"
        );
        assert_eq!(
            request.contains("content-type: application/json\r\n"),
            writes,
            "{request}"
        );
    }
}

#[tokio::test]
async fn text_body_is_sent_unchanged() {
    let server = Server::start(answer("204 No Content", b"")).await;
    let mut arguments = to(&server, "PUT");
    arguments["body"] = json!("a,b\n1,2");
    arguments["headers"] = json!({"content-type": "text/csv"});
    call(&[host(&server)], arguments).await.unwrap();
    let request = server.requests().remove(0);
    assert!(request.contains("content-type: text/csv\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\na,b\n1,2"), "{request}");
}

#[tokio::test]
async fn forbidden_request_is_refused_unsent() {
    let server = Server::start(answer("200 OK", b"")).await;
    let with = |name: &str, value: Value| {
        let mut arguments = to(&server, "POST");
        arguments[name] = value;
        arguments
    };
    let mut get_with_body = to(&server, "GET");
    get_with_body["body"] = json!({});
    let cases = [
        with("headers", json!({"authorization": "Bearer x"})),
        with("headers", json!({"Host": "example.com"})),
        with("headers", json!({"x-forwarded-for": "10.0.0.1"})),
        with("headers", json!({"transfer-encoding": "chunked"})),
        with("headers", json!({"idempotency-key": "mine"})),
        with("headers", json!({"accept": "a\r\nx: y"})),
        with("headers", json!({"accept": 7})),
        with("body", json!({"x": "x".repeat(MAX_SENT_BYTES)})),
        with("body", json!(7)),
        with("method", json!("CONNECT")),
        with("method", json!("get")),
        with("proxy", json!("http://127.0.0.1/")),
        get_with_body,
    ];
    for arguments in cases {
        let error = call(&[host(&server)], arguments.clone()).await.unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.retryable),
            ("invalid_arguments", false),
            "{}",
            error.message
        );
    }
    let http = HttpClient::new(HttpPolicy::default()).unwrap();
    let error = HttpRequest::new(http)
        .call(&to(&server, "POST"), &context(&[host(&server)], ""))
        .await
        .unwrap_err();
    assert_eq!(error.code, "http_without_key");
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn only_listed_hosts_are_called_at_every_hop() {
    let secret = Server::start(answer("200 OK", b"secret")).await;
    let error = call_among(&[host(&secret)], &[], to(&secret, "GET"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retryable),
        ("address_refused", false)
    );
    assert!(
        error.message.contains("goalpost.workspaces.http_hosts"),
        "{}",
        error.message
    );
    let head = format!("302 Found\r\nlocation: http://{}/", host(&secret));
    let first = Server::start(answer(&head, b"")).await;
    let error = call(&[host(&first)], to(&first, "GET")).await.unwrap_err();
    assert_eq!(error.code, "address_refused", "{}", error.message);
    assert_eq!((first.count(), secret.count()), (1, 0));
    let followed = call(&[host(&first), host(&secret)], to(&first, "GET"))
        .await
        .unwrap();
    assert_eq!(
        (followed["body"].as_str(), secret.count()),
        (Some("secret"), 1)
    );
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let error = call(&[host(&first), host(&secret)], to(&first, method))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.retryable),
            ("http_redirected", false),
            "{method}"
        );
    }
    assert_eq!(secret.count(), 1);
    let loops = Server::start(answer("302 Found\r\nlocation: /again", b"")).await;
    let error = call(&[host(&loops)], to(&loops, "GET")).await.unwrap_err();
    assert_eq!(
        (error.code.as_ref(), loops.count()),
        ("too_many_redirects", 4)
    );
}

#[tokio::test]
async fn possibly_executed_request_is_not_repeated() {
    let busy = "503 Service Unavailable\r\nretry-after: 7";
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".to_vec();
    for (answer, code) in [
        (answer(busy, b""), "http_failed"),
        (answer("408 Request Timeout", b""), "http_failed"),
        (cut, "http_failed"),
        (b"nonsense".to_vec(), "http_failed"),
    ] {
        for (method, acts_each_time) in [
            ("GET", false),
            ("PUT", false),
            ("DELETE", false),
            ("POST", true),
            ("PATCH", true),
        ] {
            let server = Server::start(answer.clone()).await;
            let error = call(&[host(&server)], to(&server, method))
                .await
                .unwrap_err();
            let expected = if acts_each_time {
                (OUTCOME_UNKNOWN, false)
            } else {
                (code, true)
            };
            assert_eq!(
                (error.code.as_ref(), error.retryable),
                expected,
                "{method}: {}",
                error.message
            );
            assert!(!error.message.contains("hidden"), "{}", error.message);
        }
    }
    // Too many requests, and an absent host: nothing was done.
    let server = Server::start(answer("429 Too Many Requests\r\nretry-after: 7", b"")).await;
    let error = call(&[host(&server)], to(&server, "POST"))
        .await
        .unwrap_err();
    assert_eq!(
        (
            error.code.as_ref(),
            error.retryable,
            error.retry_after_seconds
        ),
        ("http_failed", true, Some(7))
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = listener.local_addr().unwrap().to_string();
    drop(listener);
    let arguments = json!({"method": "POST", "url": format!("http://{gone}/")});
    let error = call(&[gone], arguments).await.unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retryable),
        ("http_failed", true)
    );
    // A fault of the call itself is reported unchanged.
    let server = Server::start(answer("422 Unprocessable Content", b"no name")).await;
    let result = call(&[host(&server)], to(&server, "POST")).await.unwrap();
    assert_eq!(
        (&result["status"], &result["body"]),
        (&json!(422), &json!("no name"))
    );
}

#[tokio::test]
async fn answer_is_decoded_as_its_host_declares() {
    let head = "200 OK\r\ncontent-type: text/plain; charset=windows-1252";
    let server = Server::start(answer(head, b"\x80 5")).await;
    let result = call(&[host(&server)], to(&server, "GET")).await.unwrap();
    assert_eq!(result["body"], "€ 5");
}

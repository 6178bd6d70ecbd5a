//! Servers that are reached and servers that are not. Every server here is on loopback and counts its connections.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::needless_pass_by_value)]

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::*;
use crate::HttpPolicy;
use crate::egress::Lookup;
use crate::egress::test_server::{Server, answer};

async fn get(tool: &HttpGet, url: &str) -> Result<Value, ToolError> {
    tool.call(&json!({"url": url})).await
}

/// Builds a tool that may use plain http to these servers and whose ports include theirs.
fn tool(open: &[&Server], ports: &[&Server], names: &[(&str, &[&str])]) -> HttpGet {
    let policy = HttpPolicy {
        allowed_http: open
            .iter()
            .map(|server| format!("127.0.0.1:{}", server.port))
            .collect(),
        denied_hosts: ["project.supabase.co".to_owned()].into(),
        further_ports: ports.iter().map(|server| server.port).collect(),
        ..HttpPolicy::default()
    };
    let ip = |text: &&str| text.parse::<IpAddr>().unwrap();
    let table: BTreeMap<String, Vec<IpAddr>> = names
        .iter()
        .map(|(name, ips)| ((*name).to_owned(), ips.iter().map(ip).collect()))
        .collect();
    HttpGet::new(HttpClient::with_lookup(policy, Lookup::Table(table)).unwrap())
}

#[tokio::test]
async fn text_is_returned_with_status_and_type() {
    let server = Server::start(answer(
        "404 Not Found\r\ncontent-type: application/json; charset=utf-8",
        b"{\"a\":1}",
    ))
    .await;
    let result = get(
        &tool(&[&server], &[], &[]),
        &format!("http://127.0.0.1:{}/x", server.port),
    )
    .await
    .unwrap();
    assert_eq!(
        result,
        json!({"status": 404, "content_type": "application/json; charset=utf-8", "body": "{\"a\":1}", "truncated": false})
    );
}

#[tokio::test]
async fn private_address_spellings_reach_no_server() {
    let server = Server::start(answer("200 OK", b"secret")).await;
    let names: &[(&str, &[&str])] = &[
        ("127.0.0.1.nip.io", &["127.0.0.1"]),
        ("rebind.example.com", &["127.0.0.1"]),
        ("mixed.example.com", &["93.184.216.34", "127.0.0.1"]),
        ("six.example.com", &["::1"]),
        ("mapped.example.com", &["::ffff:127.0.0.1"]),
        ("nat64.example.com", &["64:ff9b::7f00:1"]),
        ("sixtofour.example.com", &["2002:7f00:1::"]),
        ("meta.example.com", &["169.254.169.254"]),
        ("private.example.com", &["10.0.0.1"]),
        ("unique.example.com", &["fd00::1"]),
        ("link.example.com", &["fe80::1"]),
        ("zero.example.com", &["0.0.0.0"]),
    ];
    let tool = tool(&[], &[&server], names);
    let port = server.port;
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0x0.0x0.0x1",
        "0177.0.0.1",
        "017700000001",
        "0x7f.1",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "127.127.127.127",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2002:7f00:1::1]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[100::1]",
        "[2a00::5efe:127.0.0.1]",
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.170.2",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "foo.localhost",
        "metadata",
        "metadata.google.internal",
        "printer.local",
        "db.internal",
        "router.lan",
        "１２７.０.０.１",
        "127。0。0。1",
        "⑫7.0.0.1",
        "%31%32%37.0.0.1",
        "127.0.0.1.nip.io",
        "rebind.example.com",
        "mixed.example.com",
        "six.example.com",
        "mapped.example.com",
        "nat64.example.com",
        "sixtofour.example.com",
        "meta.example.com",
        "private.example.com",
        "unique.example.com",
        "link.example.com",
        "zero.example.com",
    ];
    assert!(hosts.len() >= 60);
    for host in hosts {
        let error = get(&tool, &format!("https://{host}:{port}/"))
            .await
            .unwrap_err();
        assert!(
            matches!(error.code.as_ref(), "address_refused" | "invalid_url"),
            "{host}: {} {}",
            error.code,
            error.message
        );
        assert!(!error.retryable, "{host}");
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn other_schemes_ports_and_credentials_are_refused() {
    let server = Server::start(answer("200 OK", b"secret")).await;
    let tool = tool(&[], &[], &[("public.example.com", &["127.0.0.1"])]);
    let urls = [
        "http://public.example.com/".to_owned(),
        "ftp://public.example.com/".into(),
        "file:///proc/self/environ".into(),
        "gopher://127.0.0.1:25/".into(),
        "data:text/plain,x".into(),
        "javascript:alert(1)".into(),
        "unix:///var/run/docker.sock".into(),
        "ws://127.0.0.1/".into(),
        "https://public.example.com:8443/".into(),
        "https://1.1.1.1:22/".into(),
        format!("https://public.example.com:{}/", server.port),
        format!("http://127.0.0.1:{}/", server.port),
        format!("http://localhost:{}/", server.port),
        "https://user:password@1.1.1.1/".into(),
        "https://user@1.1.1.1/".into(),
        "https://1.1.1.1@127.0.0.1/".into(),
        "https://project.supabase.co/".into(),
        "https://PROJECT.supabase.co./".into(),
        "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next".into(),
        "https:///".into(),
        String::new(),
        "//127.0.0.1/".into(),
        "127.0.0.1".into(),
        "https://[::1".into(),
    ];
    for url in urls {
        let error = get(&tool, &url).await.unwrap_err();
        assert!(
            matches!(error.code.as_ref(), "address_refused" | "invalid_url"),
            "{url}: {} {}",
            error.code,
            error.message
        );
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn redirect_to_private_address_is_not_followed() {
    let secret = Server::start(answer("200 OK", b"secret")).await;
    let port = secret.port;
    let targets = [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("//127.0.0.1:{port}/"),
        format!("https://rebind.example.com:{port}/"),
        format!("http://2130706433:{port}/"),
        "file:///etc/passwd".into(),
    ];
    for target in targets {
        let first = Server::start(answer(&format!("302 Found\r\nlocation: {target}"), b"")).await;
        let tool = tool(
            &[&first],
            &[&secret],
            &[("rebind.example.com", &["127.0.0.1"])],
        );
        let error = get(&tool, &format!("http://127.0.0.1:{}/", first.port))
            .await
            .unwrap_err();
        assert_eq!(error.code, "address_refused", "{target}: {}", error.message);
        assert_eq!(first.count(), 1);
    }
    assert_eq!(secret.count(), 0);
}

#[tokio::test]
async fn redirects_are_followed_at_most_three_times() {
    let end = Server::start(answer("200 OK", b"there")).await;
    let hop = |port: u16| {
        answer(
            &format!("307 Temporary Redirect\r\nlocation: http://127.0.0.1:{port}/"),
            b"",
        )
    };
    let third = Server::start(hop(end.port)).await;
    let second = Server::start(hop(third.port)).await;
    let first = Server::start(hop(second.port)).await;
    let zeroth = Server::start(hop(first.port)).await;
    let tool = tool(&[&end, &third, &second, &first, &zeroth], &[], &[]);
    let result = get(&tool, &format!("http://127.0.0.1:{}/", first.port))
        .await
        .unwrap();
    assert_eq!(result["body"], "there");
    let error = get(&tool, &format!("http://127.0.0.1:{}/", zeroth.port))
        .await
        .unwrap_err();
    assert_eq!(error.code, "too_many_redirects");
    assert_eq!(end.count(), 1);
}

#[tokio::test]
async fn unusable_answers_are_refused() {
    let cases = [
        (
            answer("200 OK", &vec![b'a'; 1024 * 1024 + 1]),
            "http_too_large",
            false,
        ),
        (
            answer("200 OK\r\ncontent-type: image/png", b"x"),
            "http_not_text",
            false,
        ),
        (
            answer("200 OK\r\ncontent-encoding: gzip", b"x"),
            "http_not_text",
            false,
        ),
        (
            answer("503 Service Unavailable\r\nretry-after: 7", b"x"),
            "http_failed",
            true,
        ),
        (answer("408 Request Timeout", b"x"), "http_failed", true),
        (answer("429 Too Many Requests", b"x"), "http_failed", true),
        (b"not http".to_vec(), "http_failed", true),
    ];
    for (bytes, code, retryable) in cases {
        let server = Server::start(bytes).await;
        let error = get(
            &tool(&[&server], &[], &[]),
            &format!("http://127.0.0.1:{}/?key=hidden", server.port),
        )
        .await
        .unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.retryable),
            (code, retryable),
            "{}",
            error.message
        );
        assert!(!error.message.contains("hidden"), "{}", error.message);
    }
}

#[tokio::test]
async fn long_body_is_cut_to_result_limit() {
    let server = Server::start(answer("200 OK", &vec![b'"'; 300 * 1024])).await;
    let result = get(
        &tool(&[&server], &[], &[]),
        &format!("http://127.0.0.1:{}/", server.port),
    )
    .await
    .unwrap();
    assert_eq!(result["truncated"], true);
    assert!(result.to_string().len() < crate::MAX_RESULT_BYTES);
}

#[tokio::test]
async fn page_reads_the_same_in_every_encoding() {
    let page = |charset: &str, bytes: &[u8]| {
        let head = format!("200 OK\r\ncontent-type: text/html{charset}");
        answer(&head, bytes)
    };
    for sent in [
        page("; charset=ISO-8859-1", b"caf\xe9"),
        page("", b"caf\xe9"),
        page("; charset=utf-8", "café".as_bytes()),
        page("", b"\xff\xfec\0a\0f\0\xe9\0"),
    ] {
        let server = Server::start(sent).await;
        let url = format!("http://127.0.0.1:{}/", server.port);
        let result = get(&tool(&[&server], &[], &[]), &url).await.unwrap();
        assert_eq!(result["body"], "café");
    }
}

//! No spelling of a forbidden address leads any tool to one: hundreds of URLs, each by every tool that uses HTTP,
//! directly and by redirect. Listening sockets, not the code, prove that nothing was dialled.
//!
//! On Linux all of it runs once more in a network of its own, where every address there is belongs to this machine: a
//! connection to 10.0.0.1 or to the metadata service would arrive, and show the address that was dialled.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, TcpListener};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::test_server::{self, Server, answer};
use super::vectors::{self, PUBLIC, PUBLIC_V6};
use super::{HttpClient, HttpPolicy, Lookup};
use crate::{CallContext, EgressPolicy, McpServer, Registry, StepDatabase, ToolError};

/// Set in the test that runs in a network of its own.
const INSIDE: &str = "GOALPOST_TEST_OWN_NETWORK";

/// Listens on a port of every address of this machine, and keeps the addresses that were dialled.
#[derive(Clone)]
struct Trap {
    port: u16,
    dialled: Arc<Mutex<Vec<IpAddr>>>,
}

impl Trap {
    fn set(port: u16) -> Self {
        // Both families; where there is no IPv6, the other alone.
        let listener = TcpListener::bind(("::", port));
        let listener = listener
            .or_else(|_| TcpListener::bind(("0.0.0.0", port)))
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let dialled: Arc<Mutex<Vec<IpAddr>>> = Arc::default();
        let kept = dialled.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let address = stream.local_addr().unwrap().ip().to_canonical();
                kept.lock().unwrap().push(address);
            }
        });
        Self { port, dialled }
    }

    fn dialled(&self) -> Vec<IpAddr> {
        self.dialled.lock().unwrap().clone()
    }
}

/// A workspace that lists every host, and an MCP server at the given address.
struct Anywhere(String);

impl StepDatabase for Anywhere {
    fn write_table<'a>(&'a self, _: &'a Value) -> BoxFuture<'a, Result<Value, ToolError>> {
        panic!("nothing is written here")
    }

    fn webhook_secret(&self) -> BoxFuture<'_, Result<Option<SecretString>, ToolError>> {
        panic!("nothing is signed here")
    }

    fn period_report(&self, _: i32) -> BoxFuture<'_, Result<Value, ToolError>> {
        panic!("no report is read here")
    }

    fn mcp_server<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<McpServer, ToolError>> {
        let server = json!({"id": 1, "url": self.0});
        Box::pin(async { Ok(serde_json::from_value(server).unwrap()) })
    }

    fn record_mcp_tools<'a>(
        &'a self,
        _: &'a str,
        _: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ToolError>> {
        panic!("no server answers here")
    }
}

/// Returns the host of a URL as a workspace would have to list it, so that only the rules about addresses can refuse
/// it.
fn listed(url: &str) -> Vec<String> {
    let Ok(url) = url::Url::parse(url.trim()) else {
        return Vec::new();
    };
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_owned();
    let port = url.port_or_known_default().unwrap_or_default();
    vec![format!("{host}:{port}"), host]
}

fn context(url: &str) -> CallContext {
    CallContext {
        workspace_id: crate::egress::test_server::workspace(),
        readable_schemas: Vec::new(),
        run_query: None,
        webhook_hosts: listed(url),
        egress_policy: EgressPolicy {
            http_hosts: listed(url),
            ..EgressPolicy::default()
        },
        database: Some(Arc::new(Anywhere(url.to_owned()))),
        idempotency_key: "1/a".into(),
        time_limit: Duration::from_secs(5),
    }
}

/// Returns every call of every tool that could lead to a URL.
fn calls(url: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("http_get", json!({"url": url})),
        ("webhook", json!({"url": url, "body": {}})),
        ("http", json!({"method": "GET", "url": url})),
        ("http", json!({"method": "POST", "url": url, "body": {}})),
        ("http", json!({"method": "DELETE", "url": url})),
        ("mcp_list", json!({"server": "docs"})),
    ]
}

fn registry(lookup: Lookup, ports: &[u16], exempt: &[String]) -> Registry {
    let policy = HttpPolicy {
        allowed_http: exempt.iter().cloned().collect(),
        denied_hosts: ["project.supabase.co".to_owned()].into(),
        further_ports: ports.iter().copied().collect(),
        ..HttpPolicy::default()
    };
    Registry::over(&HttpClient::with_lookup(policy, lookup).unwrap(), None)
}

fn is_refusal(error: &ToolError) -> bool {
    let codes = ["address_refused", "invalid_url", "webhook_refused_host"];
    codes.contains(&error.code.as_ref()) && !error.retryable
}

/// Makes all calls; returns the number of URLs.
async fn try_everything(port: u16) -> usize {
    let vectors = vectors::all(port);
    let straight = registry(Lookup::Table(vectors.names.clone()), &[port], &[]);
    for url in &vectors.urls {
        for (tool, arguments) in calls(url) {
            let error = straight
                .call(tool, &arguments, &context(url))
                .await
                .unwrap_err();
            assert!(
                is_refusal(&error),
                "{tool} {url:?}: {} {}",
                error.code,
                error.message
            );
        }
        // Only reading calls follow a redirect, each hop under the same rules.
        if url.contains(char::is_control) {
            continue;
        }
        let first = Server::start(answer(
            &format!("302 Found\r\nlocation: {}", url.trim()),
            b"",
        ))
        .await;
        let own = format!("127.0.0.1:{}", first.port);
        let hops = registry(
            Lookup::Table(vectors.names.clone()),
            &[port],
            std::slice::from_ref(&own),
        );
        let from = format!("http://{own}/");
        let mut context = context(url);
        context.egress_policy.http_hosts.push(own);
        for (tool, arguments) in [
            ("http_get", json!({"url": from})),
            ("http", json!({"method": "GET", "url": from})),
        ] {
            let called = hops.call(tool, &arguments, &context).await;
            // A text that is no absolute URL is read as a path on the first host, which then redirects for ever.
            let refused = called
                .as_ref()
                .is_err_and(|error| is_refusal(error) || error.code == "too_many_redirects");
            assert!(refused, "{tool} to {url:?}: {called:?}");
        }
    }
    vectors.urls.len()
}

#[tokio::test]
async fn no_url_reaches_a_forbidden_address() {
    let trap = Trap::set(0);
    let count = try_everything(trap.port).await;
    println!("{count} URLs, each by six calls and two redirects");
    assert!(count >= 200, "{count}");
    assert_eq!(trap.dialled(), Vec::<IpAddr>::new());
}

/// A user can list any host in their own workspace, and register it as an MCP server.
#[tokio::test]
async fn private_host_of_another_workspace_is_not_dialled() {
    let server = Server::start(answer("200 OK", b"{}")).await;
    let host = format!("127.0.0.1:{}", server.port);
    let policy = HttpPolicy {
        private_hosts: test_server::private(std::slice::from_ref(&host)),
        ..HttpPolicy::default()
    };
    let registry = Registry::builtin(policy).unwrap();
    let url = format!("http://{host}/");
    let outsider = CallContext {
        workspace_id: "3f2504e0-4f89-41d3-9a0c-0305e82c33ff".parse().unwrap(),
        ..context(&url)
    };
    for (tool, arguments) in calls(&url) {
        let error = registry
            .call(tool, &arguments, &outsider)
            .await
            .unwrap_err();
        assert!(
            is_refusal(&error),
            "{tool}: {} {}",
            error.code,
            error.message
        );
    }
    assert_eq!(server.count(), 0);
    let own = json!({"method": "GET", "url": url});
    let called = registry.call("http", &own, &context(&url)).await;
    assert!(called.is_ok(), "{called:?}");
    assert_eq!(server.count(), 1);
}

/// Runs the same where every address is local: a call that is not refused arrives.
#[tokio::test]
async fn forbidden_addresses_are_not_dialled_in_own_network() {
    if std::env::var_os(INSIDE).is_none() {
        return run_in_own_network();
    }
    let trap = Trap::set(443);
    let count = try_everything(443).await;
    assert_eq!(trap.dialled(), Vec::<IpAddr>::new(), "{count} URLs");

    // The trap works: public addresses arrive, with the address that was dialled.
    let public: IpAddr = PUBLIC.parse().unwrap();
    let public_v6: IpAddr = PUBLIC_V6.parse().unwrap();
    let names = BTreeMap::from([
        ("four.example.com".to_owned(), vec![public]),
        ("six.example.com".to_owned(), vec![public_v6]),
    ]);
    let registry = registry(Lookup::Table(names), &[], &[]);
    let mut expected = Vec::new();
    for (host, address) in [
        ("four.example.com".to_owned(), public),
        // Another parser of URLs may take the text before the @ for a user name; this one dials the host that it
        // checked.
        ("four.example.com\\@127.0.0.1".to_owned(), public),
        (PUBLIC.to_owned(), public),
        ("six.example.com".to_owned(), public_v6),
        (format!("[{PUBLIC_V6}]"), public_v6),
    ] {
        let url = format!("https://{host}/");
        for (tool, arguments) in calls(&url) {
            let error = registry
                .call(tool, &arguments, &context(&url))
                .await
                .unwrap_err();
            assert!(
                !is_refusal(&error),
                "{tool} {url}: {} {}",
                error.code,
                error.message
            );
            expected.push(address);
        }
    }
    assert_eq!(trap.dialled(), expected, "each call dials once");
    rebind(&trap, public, expected.len()).await;
    println!("{count} URLs in a network of its own");
}

/// Checks that a name which resolves differently the second time is dialled at its first address, or refused.
async fn rebind(trap: &Trap, public: IpAddr, before: usize) {
    for private in ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1"] {
        let private: IpAddr = private.parse().unwrap();
        let seen = trap.dialled().len();
        let answers = VecDeque::from([vec![public], vec![private], vec![public]]);
        let answers = Arc::new(Mutex::new(answers));
        let registry = registry(Lookup::Turns(answers.clone()), &[], &[]);
        let url = "https://rebind.example.com/";
        let mut dialled = Vec::new();
        for expected in [vec![public], vec![], vec![public]] {
            let looks = answers.lock().unwrap().len();
            let error = registry
                .call("http_get", &json!({"url": url}), &context(url))
                .await
                .unwrap_err();
            assert_eq!(is_refusal(&error), expected.is_empty(), "{}", error.message);
            assert_eq!(
                answers.lock().unwrap().len(),
                looks - 1,
                "one look for one call"
            );
            dialled.extend(expected);
        }
        assert_eq!(trap.dialled()[seen..], dialled);
    }
    assert!(trap.dialled().len() > before);
}

/// Runs the test above again, in a network namespace whose every address is local.
fn run_in_own_network() {
    let own = std::env::current_exe().unwrap();
    let test = "egress::forbidden::forbidden_addresses_are_not_dialled_in_own_network";
    let script = "ip link set lo up && ip route add local 0.0.0.0/0 dev lo && ip -6 route add local ::/0 dev lo || exit 77; \
                  exec \"$0\" --exact \"$1\" --nocapture";
    let run = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "sh", "-c", script])
        .arg(own)
        .arg(test)
        .env(INSIDE, "1")
        .output();
    match run {
        Ok(output) if output.status.success() => {
            let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(stdout.contains("URLs in a network of its own"), "{stdout}");
        }
        Ok(output) if output.status.code() == Some(101) => {
            panic!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        other => println!("skipped: no network of its own can be had here ({other:?})"),
    }
}

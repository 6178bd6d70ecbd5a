//! Tests against the protocol's own reference server, where Node is available; skipped by name where it is not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::test_server::{Mode, Server, TestDatabase};
use super::tests::{context, registry};
use super::*;

const PACKAGE: &str = "@modelcontextprotocol/server-everything@2026.8.31";

/// Time for npm to fetch the server and for it to listen.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(120);

/// Starts the server on a free port; returns none where it is not available, with the reason printed.
async fn start() -> Option<(Child, u16)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let spawned = Command::new("npx")
        .args(["--yes", PACKAGE, "streamableHttp"])
        .env("PORT", port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .process_group(0)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            println!("skipped: {PACKAGE} is not run, npx cannot be started ({error})");
            return None;
        }
    };
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let listens = async {
        while let Ok(Some(line)) = lines.next_line().await {
            if line.contains("listening on port") {
                return true;
            }
        }
        false
    };
    if tokio::time::timeout(STARTUP_TIMEOUT, listens).await != Ok(true) {
        println!("skipped: {PACKAGE} is not run, npm could not fetch or start it");
        return None;
    }
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Some((child, port))
}

#[tokio::test]
async fn reference_server_is_listed_and_called() {
    let Some((mut child, port)) = start().await else {
        return;
    };
    let own = Server::start(Mode::Json, None).await;
    let database = TestDatabase {
        url: format!("http://127.0.0.1:{port}/mcp"),
        ..TestDatabase::of(&own)
    };
    let registry = registry(&[format!("127.0.0.1:{port}")]);
    let arguments = json!({"server": "everything"});
    let listed = registry
        .call("mcp_list", &arguments, &context(&database))
        .await
        .unwrap();
    assert_eq!(listed["tools"]["echo"], "pending", "{listed}");
    database.approve();
    let call = async |tool: &str, arguments: Value| {
        let name = format!("mcp.everything.{tool}");
        registry.call(&name, &arguments, &context(&database)).await
    };
    let echoed = call("echo", json!({"message": "hello"})).await.unwrap();
    assert_eq!(echoed["text"], "Echo: hello");
    let sum = call("get-sum", json!({"a": 2, "b": 40})).await.unwrap();
    assert!(sum["text"].as_str().unwrap().contains("42"), "{sum}");
    let wrong = call("get-sum", json!({"a": "two"})).await.unwrap_err();
    assert_eq!(wrong.code, "invalid_arguments");
    let structured = call("get-structured-content", json!({"location": "New York"}))
        .await
        .unwrap();
    assert!(structured["structured"].is_object(), "{structured}");
    // npx is the parent of the server; both are of one group.
    let group = child.id().unwrap();
    let _ = Command::new("kill")
        .args(["--", &format!("-{group}")])
        .status()
        .await;
    let _ = child.wait().await;
}

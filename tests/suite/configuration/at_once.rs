//! Two admins who configure a workspace at once: the second waits for the first, and sees what it changed.

use serde_json::{Value, json};
use system_tests::scenario::Workspace;
use system_tests::{Database, sqlstate};

/// Makes two calls of a function by the owner at once, after this statement, and returns the result of the second.
async fn second_call(
    function: &'static str,
    before: &str,
    first: Value,
    second: Value,
) -> Result<Value, String> {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let watcher = database.owner().await.unwrap();
    watcher.run(before).await.unwrap();
    let other = database.person(&workspace.owner_id).await.unwrap();
    let with_workspace = |mut arguments: Value| {
        arguments["p_workspace_id"] = json!(workspace.id);
        arguments
    };
    let (first, second) = (with_workspace(first), with_workspace(second));
    workspace.owner.run("begin").await.unwrap();
    workspace.owner.call(function, &first).await.unwrap();
    let process = other.process_id();
    let waiting = tokio::spawn(async move {
        let reply = other.call(function, &second).await;
        reply.map_err(|error| sqlstate(&error).unwrap_or_default())
    });
    watcher.until_blocked(process).await.unwrap();
    workspace.owner.run("commit").await.unwrap();
    waiting.await.unwrap()
}

#[tokio::test]
async fn second_host_at_the_bound_is_refused() {
    let before = "update goalpost.workspaces set http_hosts = array(select n || '.example.com' from generate_series(1, 99) n)";
    let host = |name: &str| json!({"p_kind": "http", "p_name": name});
    let reply = second_call(
        "goalpost.set_tool_access",
        before,
        host("a.example.com"),
        host("b.example.com"),
    )
    .await;
    assert_eq!(reply, Err("ZG006".to_owned()));
}

#[tokio::test]
async fn second_value_of_a_new_secret_replaces_the_first() {
    let secret = |letter: &str| json!({"p_name": "webhook", "p_secret": format!("whsec_{}", letter.repeat(32))});
    let reply = second_call(
        "goalpost.set_tool_secret",
        "select 1",
        secret("a"),
        secret("b"),
    )
    .await;
    assert_eq!(reply, Ok(json!({"name": "webhook", "state": "set"})));
}

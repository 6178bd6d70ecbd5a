//! A private host of the operator serves the workspaces listed with it, and no other.

use local_stack::stack::Person;
use serde_json::json;
use system_tests::people::{Client, DEMO};
use system_tests::stacks;
use tokio::net::TcpListener;

#[tokio::test]
async fn strangers_workspace_cannot_call_a_private_host() {
    let private = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = private.local_addr().unwrap().to_string();
    let named = format!("{host}={DEMO}");
    let stack = stacks::start_with(|mut options| {
        options
            .environment
            .insert("GOALPOST_PRIVATE_HOSTS".to_owned(), named);
        options
    })
    .await
    .unwrap();
    let stranger = Client::of(&stack, Person::Stranger);
    let made = json!({"p_name": "A workspace of my own"});
    let made = stranger.rpc("create_workspace", &made).await.unwrap();
    let workspace = &made.body["workspace_id"];
    let added = json!({"p_workspace_id": workspace, "p_name": "docs", "p_url": format!("http://{host}/mcp")});
    let added = stranger.rpc("add_mcp_server", &added).await.unwrap();
    assert!(added.status.is_success(), "{added:?}");
    let listed = json!({"p_workspace_id": workspace, "p_question": "list", "p_runbook": "mcp-refresh", "p_parameters": {"server": "docs"}});
    let listed = stranger.rpc("accept_request", &listed).await.unwrap();
    let request = listed.body["request_id"].as_i64().unwrap();
    stranger.until_settled(request).await.unwrap();
    let steps = stranger
        .rows("steps", "kind=eq.tool&select=state,error")
        .await
        .unwrap();
    assert_eq!(steps[0]["error"]["code"], "address_refused", "{steps:?}");
    // A connection would be waiting here.
    let dialled = tokio::time::timeout(std::time::Duration::ZERO, private.accept()).await;
    assert!(dialled.is_err(), "the private host was dialled");
    stack.stop().await.unwrap();
}

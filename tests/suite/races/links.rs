//! Two uses of one link by which a person decides.

use serde_json::json;
use system_tests::scenario::Workspace;
use system_tests::{Database, sqlstate};

use super::run_blocked;

#[tokio::test]
async fn second_use_of_a_link_waits_and_is_refused() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let watcher = database.owner().await.unwrap();
    watcher
        .run(&format!(
            "insert into goalpost.notification_targets
               (workspace_id, user_id, name, kind, shown_address, occasions, created_by, created_at)
             values ('{}', '{owner}', 'me', 'email', 'a@goalpost.test', '{{approval.requested}}', '{owner}', now())",
            workspace.id,
            owner = workspace.owner_id
        ))
        .await
        .unwrap();
    // The first use leaves it pending, so that its decision alone does not refuse the second.
    let input = json!({"question": "May we?", "quorum": 2});
    let plan = json!({"steps": [{"key": "ask", "kind": "approval", "input": input}]});
    workspace.goal(&plan).await.unwrap();
    let worker = database.worker().await.unwrap();
    let claim = json!({"p_limit": 10, "p_lease_seconds": 60});
    let claimed = worker
        .call("goalpost_worker.claim_notifications", &claim)
        .await
        .unwrap();
    let token = claimed[0]["approval"]["link_token"].clone();
    let use_link = json!({"p_token": token, "p_decision": "approved"});

    worker.run("begin").await.unwrap();
    let decided = worker
        .call("goalpost_worker.decide_by_link", &use_link)
        .await
        .unwrap();
    let other = database.worker().await.unwrap();
    let process = other.process_id();
    let second = run_blocked(&watcher, &worker, process, async move {
        other
            .call("goalpost_worker.decide_by_link", &use_link)
            .await
    })
    .await;

    assert_eq!(
        (&decided["state"], &decided["votes"]),
        (&json!("pending"), &json!(1)),
        "{decided}"
    );
    let refused = second.unwrap_err();
    assert_eq!(sqlstate(&refused).as_deref(), Some("ZG004"), "{refused:#}");
}

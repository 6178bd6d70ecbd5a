//! Retention that meets a person who reopens what it is about to delete.

use serde_json::json;
use system_tests::Database;
use system_tests::scenario::{Workspace, first, tool_step};

use super::run_blocked;

#[tokio::test]
async fn retention_waits_for_retry_and_leaves_reopened_work() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let plan = json!({"steps": [tool_step("a", &[])]});
    workspace.goal(&plan).await.unwrap();
    let step = first(workspace.claim(&["tool"]).await.unwrap()).unwrap();
    workspace
        .finish(&[step.failed("broken", false)])
        .await
        .unwrap();
    let judge = first(workspace.claim(&["judge"]).await.unwrap()).unwrap();
    let failed = json!({"decision": "fail", "report": "# Failed"});
    workspace.finish(&[judge.completed(&failed)]).await.unwrap();
    database.move_clock("366 days").await.unwrap();
    let watcher = database.owner().await.unwrap();
    let letter = watcher
        .json("select jsonb_build_object('p_dead_letter_id', id) from goalpost.dead_letters")
        .await
        .unwrap();

    workspace.owner.run("begin").await.unwrap();
    let retry = workspace.owner.call("goalpost.retry_dead_letter", &letter);
    retry.await.unwrap();
    let worker = database.worker().await.unwrap();
    let process = worker.process_id();
    let forgotten = run_blocked(&watcher, &workspace.owner, process, async move {
        let limit = json!({"p_limit": 10});
        worker
            .call("goalpost_worker.forget_work", &limit)
            .await
            .unwrap()
    })
    .await;

    assert_eq!(forgotten["forgotten_count"], 0, "{forgotten}");
    let state = watcher
        .json("select to_jsonb(state) from goalpost.requests")
        .await;
    assert_eq!(state.unwrap(), "accepted");
}

//! Two transactions that meet. Each test brings both to the point where one waits for the other, as Postgres reports,
//! and then releases it; nothing depends on time.

mod links;
mod retention;

use serde_json::{Value, json};
use system_tests::scenario::{Claimed, Workspace, claim, finish, first, tool_step};
use system_tests::{Database, Session};

/// Runs `second` while `first_session` holds an open transaction, waits until it is blocked, then commits.
async fn run_blocked<T: Send + 'static>(
    watcher: &Session,
    holder: &Session,
    blocked_process: i32,
    blocked: impl Future<Output = T> + Send + 'static,
) -> T {
    let waiting = tokio::spawn(blocked);
    watcher.until_blocked(blocked_process).await.unwrap();
    holder.run("commit").await.unwrap();
    waiting.await.unwrap()
}

async fn step_states(session: &Session, run_id: i64) -> Value {
    session
        .json(&format!(
            "select jsonb_object_agg(key, state) from goalpost.steps where run_id = {run_id}"
        ))
        .await
        .unwrap()
}

#[tokio::test]
async fn concurrent_parents_make_child_ready_once() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let plan =
        json!({"steps": [tool_step("a", &[]), tool_step("b", &[]), tool_step("c", &["a", "b"])]});
    let run_id = workspace.goal(&plan).await.unwrap();
    let mut parents = workspace.claim(&["tool"]).await.unwrap();
    parents.sort_by(|one, other| one.step_key.cmp(&other.step_key));
    assert_eq!(parents.len(), 2);

    let watcher = database.owner().await.unwrap();
    let left = database.worker().await.unwrap();
    let right = database.worker().await.unwrap();
    left.run("begin").await.unwrap();
    finish(
        &left,
        &[parents[0].completed(&json!({"text": "a"}))],
        &["tool"],
        0,
    )
    .await
    .unwrap();
    let outcome = parents[1].completed(&json!({"text": "b"}));
    let process = right.process_id();
    let handed_out = run_blocked(&watcher, &left, process, async move {
        finish(&right, &[outcome], &["tool"], 10).await.unwrap()
    })
    .await;

    assert_eq!(handed_out["outcomes"][0]["verdict"], "accepted");
    let claimed = handed_out["claimed"].as_array().unwrap();
    assert_eq!(
        claimed.len(),
        1,
        "the child is handed out, once: {handed_out}"
    );
    assert_eq!(claimed[0]["step_key"], "c");
    assert_eq!(
        claimed[0]["context"]["steps"],
        json!({"a": {"text": "a"}, "b": {"text": "b"}})
    );
    assert_eq!(step_states(&watcher, run_id).await["c"], "running");
}

/// Creates a goal whose last step is claimed, ready to be completed.
async fn goal_at_last_step(database: &Database) -> (Workspace, i64, Claimed) {
    let workspace = Workspace::new(database).await.unwrap();
    let run_id = workspace
        .goal(&json!({"steps": [tool_step("only", &[])]}))
        .await
        .unwrap();
    let only = first(workspace.claim(&["tool"]).await.unwrap()).unwrap();
    workspace
        .finish(&[only.completed(&json!({"text": "done"}))])
        .await
        .unwrap();
    let judge = first(workspace.claim(&["judge"]).await.unwrap()).unwrap();
    (workspace, run_id, judge)
}

async fn goal_of(session: &Session, run_id: i64) -> (i64, String) {
    let goal = session
        .json(&format!(
            "select to_jsonb(g) from goalpost.goals g join goalpost.workflow_runs r on r.goal_id = g.id where r.id = {run_id}"
        ))
        .await
        .unwrap();
    (
        goal["id"].as_i64().unwrap(),
        goal["state"].as_str().unwrap().to_owned(),
    )
}

const COMPLETE: &str = r#"{"decision": "complete", "report": "The report", "result": {}}"#;

#[tokio::test]
async fn cancel_during_completion_changes_nothing() {
    let database = Database::fresh().await.unwrap();
    let (workspace, run_id, judge) = goal_at_last_step(&database).await;
    let watcher = database.owner().await.unwrap();
    let (goal_id, _) = goal_of(&watcher, run_id).await;

    workspace.worker.run("begin").await.unwrap();
    let complete: Value = serde_json::from_str(COMPLETE).unwrap();
    workspace
        .finish(&[judge.completed(&complete)])
        .await
        .unwrap();
    let process = workspace.owner.process_id();
    let owner = workspace.owner;
    let answer = run_blocked(&watcher, &workspace.worker, process, async move {
        owner
            .call("goalpost.cancel_goal", &json!({"p_goal_id": goal_id}))
            .await
            .unwrap()
    })
    .await;

    assert_eq!(
        answer["state"], "completed",
        "the cancel returns the real end"
    );
    assert_eq!(goal_of(&watcher, run_id).await.1, "completed");
    let request = watcher
        .json("select to_jsonb(q) from goalpost.requests q")
        .await
        .unwrap();
    assert_eq!(request["state"], "answered");
    assert_eq!(request["answer_text"], "The report");
}

#[tokio::test]
async fn completion_during_cancel_is_refused() {
    let database = Database::fresh().await.unwrap();
    let (workspace, run_id, judge) = goal_at_last_step(&database).await;
    let watcher = database.owner().await.unwrap();
    let (goal_id, _) = goal_of(&watcher, run_id).await;

    workspace.owner.run("begin").await.unwrap();
    workspace
        .owner
        .call("goalpost.cancel_goal", &json!({"p_goal_id": goal_id}))
        .await
        .unwrap();
    let process = workspace.worker.process_id();
    let worker = workspace.worker;
    let complete: Value = serde_json::from_str(COMPLETE).unwrap();
    let outcome = judge.completed(&complete);
    let judged = run_blocked(&watcher, &workspace.owner, process, async move {
        finish(&worker, &[outcome], &["judge"], 0).await.unwrap()
    })
    .await;

    assert_eq!(judged["outcomes"][0]["verdict"], "lease_lost");
    assert_eq!(goal_of(&watcher, run_id).await.1, "cancelled");
    assert_eq!(step_states(&watcher, run_id).await["judge"], "cancelled");
}

#[tokio::test]
async fn second_concurrent_decision_receives_the_first() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let plan =
        json!({"steps": [{"key": "ask", "kind": "approval", "input": {"question": "May we?"}}]});
    let run_id = workspace.goal(&plan).await.unwrap();
    let watcher = database.owner().await.unwrap();
    let other = database.person(&workspace.owner_id).await.unwrap();
    let approval = watcher
        .json("select id from goalpost.approvals")
        .await
        .unwrap();

    workspace.owner.run("begin").await.unwrap();
    let decide = |decision: &str| json!({"p_approval_id": approval, "p_decision": decision});
    let yes = workspace
        .owner
        .call("goalpost.decide_approval", &decide("approved"))
        .await
        .unwrap();
    let process = other.process_id();
    let late = decide("rejected");
    let no = run_blocked(&watcher, &workspace.owner, process, async move {
        other.call("goalpost.decide_approval", &late).await.unwrap()
    })
    .await;

    assert_eq!(
        (yes["first"].clone(), yes["state"].clone()),
        (json!(true), json!("approved"))
    );
    assert_eq!(
        (no["first"].clone(), no["state"].clone()),
        (json!(false), json!("approved"))
    );
    assert_eq!(step_states(&watcher, run_id).await["ask"], "completed");
}

#[tokio::test]
async fn expired_lease_is_refused_and_cost_booked() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    workspace
        .goal(&json!({"steps": [tool_step("a", &[])]}))
        .await
        .unwrap();
    let slow = first(workspace.claim(&["tool"]).await.unwrap()).unwrap();
    let lease = |more: Value| {
        let mut all = json!({"p_run_id": slow.run_id, "p_step_key": slow.step_key, "p_lease_epoch": slow.lease_epoch});
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
            all.extend(more);
        }
        all
    };
    let ask = json!({"p_ask": {"purpose": "work", "provider": "openai", "model": "gpt-4.1", "request_hash": "0".repeat(64),
                               "max_input_tokens": 10, "max_output_tokens": 10}});
    let begun = workspace
        .worker
        .call("goalpost_worker.begin_turn", &lease(ask))
        .await
        .unwrap();
    assert_eq!(begun, json!({"number": 1}));

    database.move_clock("31 seconds").await.unwrap();
    let owner = database.owner().await.unwrap();
    let swept = owner.json("select goalpost_private.sweep()").await.unwrap();
    assert_eq!(swept["leases_expired"], 1);

    // Refused before another worker has claimed the step, and after.
    let late = slow.completed(&json!({"text": "late"}));
    let end = lease(
        json!({"p_number": 1, "p_end": {"answer": {"text": "late"}, "usage": {"input_tokens": 7}}}),
    );
    for _ in 0..2 {
        let ended = workspace
            .worker
            .call("goalpost_worker.end_turn", &end)
            .await
            .unwrap();
        assert_eq!(ended, json!({"lease_lost": true}));
    }
    let judged = workspace.finish(std::slice::from_ref(&late)).await.unwrap();
    assert_eq!(judged["outcomes"][0]["verdict"], "lease_lost");
    let quick = first(workspace.claim(&["tool"]).await.unwrap()).unwrap();
    assert!(quick.lease_epoch > slow.lease_epoch);
    let judged = workspace.finish(&[late]).await.unwrap();
    assert_eq!(judged["outcomes"][0]["verdict"], "lease_lost");
    let judged = workspace
        .finish(&[quick.completed(&json!({"text": "quick"}))])
        .await
        .unwrap();
    assert_eq!(judged["outcomes"][0]["verdict"], "accepted");

    let booked = owner
        .json("select jsonb_agg(jsonb_build_array(cost_microusd, counted)) from goalpost.usage_events")
        .await
        .unwrap();
    assert_eq!(
        booked,
        json!([[14, false]]),
        "booked once, as spent for nothing"
    );
    let unbalanced = owner
        .json("select count(*) from goalpost_private.unbalanced_budgets()")
        .await
        .unwrap();
    assert_eq!(unbalanced, 0);
    let result = owner
        .json("select result from goalpost.steps where key = 'a'")
        .await
        .unwrap();
    assert_eq!(result, json!({"text": "quick"}));
}

#[tokio::test]
async fn drain_waits_for_work_relying_on_its_wake() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    workspace.ask("sends a wake").await.unwrap();
    let watcher = database.owner().await.unwrap();
    let wake_id = watcher
        .json("select id from goalpost.wakes")
        .await
        .unwrap()
        .as_i64();

    // A wake is already queued, so this transaction, not committed yet, sends none.
    workspace.owner.run("begin").await.unwrap();
    workspace.ask("relies on the queued wake").await.unwrap();
    let process = workspace.worker.process_id();
    let worker = workspace.worker;
    let claimed = run_blocked(&watcher, &workspace.owner, process, async move {
        claim(&worker, &["assess"], wake_id).await.unwrap()
    })
    .await;

    assert_eq!(claimed.len(), 2, "the drain waited for it, and took it");
    assert_eq!(
        watcher
            .json("select count(*) from goalpost.wakes")
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn work_ready_after_acknowledgement_sends_its_wake() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    workspace.ask("sends a wake").await.unwrap();
    let watcher = database.owner().await.unwrap();
    let wake_id = watcher
        .json("select id from goalpost.wakes")
        .await
        .unwrap()
        .as_i64();

    workspace.worker.run("begin").await.unwrap();
    assert_eq!(
        claim(&workspace.worker, &["assess"], wake_id)
            .await
            .unwrap()
            .len(),
        1
    );
    workspace
        .ask("comes too late for that drain")
        .await
        .unwrap();
    workspace.worker.run("commit").await.unwrap();

    assert_eq!(
        watcher
            .json("select count(*) from goalpost.wakes")
            .await
            .unwrap(),
        2
    );
}

#[tokio::test]
async fn concurrent_claims_share_steps_without_waiting() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let keys: Vec<String> = (0..20).map(|number| format!("s{number}")).collect();
    let steps: Vec<Value> = keys.iter().map(|key| tool_step(key, &[])).collect();
    workspace.goal(&json!({"steps": steps})).await.unwrap();

    let left = database.worker().await.unwrap();
    let right = database.worker().await.unwrap();
    left.run("begin").await.unwrap();
    right.run("begin").await.unwrap();
    let mut taken: Vec<String> = Vec::new();
    for session in [&left, &right] {
        // Neither has committed: the second would block here if it waited for the first.
        taken.extend(
            claim(session, &["tool"], None)
                .await
                .unwrap()
                .into_iter()
                .map(|c| c.step_key),
        );
    }
    left.run("commit").await.unwrap();
    right.run("commit").await.unwrap();
    taken.sort();
    let mut expected = keys;
    expected.sort();
    assert_eq!(taken, expected);
}

#[tokio::test]
async fn heartbeat_skips_locked_cancel_without_undoing_it() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let run_id = workspace
        .goal(&json!({"steps": [tool_step("a", &[]), tool_step("b", &[])]}))
        .await
        .unwrap();
    let claimed = workspace.claim(&["tool"]).await.unwrap();
    let watcher = database.owner().await.unwrap();
    let (goal_id, _) = goal_of(&watcher, run_id).await;
    let leases: Vec<Value> = claimed
        .iter()
        .map(|c| json!({"run_id": c.run_id, "step_key": c.step_key, "lease_epoch": c.lease_epoch}))
        .collect();
    let beat = || async {
        let leases = serde_json::to_string(&leases).unwrap();
        workspace
            .worker
            .json(&format!(
                "select goalpost_worker.heartbeat_steps('{leases}'::jsonb, 30)"
            ))
            .await
            .unwrap()
    };

    workspace.owner.run("begin").await.unwrap();
    workspace
        .owner
        .call("goalpost.cancel_goal", &json!({"p_goal_id": goal_id}))
        .await
        .unwrap();
    let during = beat().await;
    assert!(
        during
            .as_array()
            .unwrap()
            .iter()
            .all(|lease| lease["held"] == true)
    );
    workspace.owner.run("commit").await.unwrap();
    let after = beat().await;
    assert!(
        after
            .as_array()
            .unwrap()
            .iter()
            .all(|lease| lease["held"] == false)
    );
    assert_eq!(step_states(&watcher, run_id).await["a"], "cancelled");
}

#[tokio::test]
async fn concurrent_second_sweep_returns_at_once() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    workspace
        .goal(&json!({"steps": [tool_step("a", &[])]}))
        .await
        .unwrap();
    workspace.claim(&["tool"]).await.unwrap();
    database.move_clock("1 minute").await.unwrap();

    let inside = database.owner().await.unwrap();
    let outside = database.worker().await.unwrap();
    inside.run("begin").await.unwrap();
    let first_sweep = inside
        .json("select goalpost_private.sweep()")
        .await
        .unwrap();
    let second_sweep = outside
        .json("select goalpost_worker.sweep()")
        .await
        .unwrap();
    inside.run("commit").await.unwrap();
    assert_eq!(first_sweep["leases_expired"], 1);
    assert_eq!(second_sweep, json!({}));
    let attempts = inside
        .json("select attempt from goalpost.steps where key = 'a'")
        .await
        .unwrap();
    assert_eq!(attempts, 2, "taken back once");
}

//! Locks that keep two transactions apart. In each test the second has to wait for the first, as Postgres reports, and
//! then sees the first one's changes.

use serde_json::{Value, json};
use system_tests::scenario::{Workspace, claim, first, person, tool_step};
use system_tests::{Database, Session, sqlstate};

/// Runs `second` while `holder` has an open transaction, waits until it is blocked, then commits.
async fn after<T: Send + 'static>(
    watcher: &Session,
    holder: &Session,
    blocked_process: i32,
    second: impl Future<Output = T> + Send + 'static,
) -> T {
    let waiting = tokio::spawn(second);
    watcher.until_blocked(blocked_process).await.unwrap();
    holder.run("commit").await.unwrap();
    waiting.await.unwrap()
}

/// Creates a goal with one running step and one open approval.
async fn under_way(database: &Database) -> (Workspace, i64) {
    let workspace = Workspace::new(database).await.unwrap();
    let plan = json!({"steps": [tool_step("a", &[]), tool_step("b", &["a"]),
                               {"key": "ask", "kind": "approval", "input": {"question": "May we?"}}]});
    let run_id = workspace.goal(&plan).await.unwrap();
    (workspace, run_id)
}

/// Requires that events of a tree are numbered from 1 without a gap.
async fn assert_dense(session: &Session) {
    let gaps = session
        .json(
            "select count(*) from (select root_run_id from goalpost.events group by root_run_id
              having max(sequence) <> count(*) or min(sequence) <> 1) x",
        )
        .await
        .unwrap();
    assert_eq!(gaps, 0, "a tree's history has a gap");
}

/// Completes a step without committing, and makes a person's call meet it.
async fn call_during_completion(call: &'static str, arguments: &str) -> (Value, Session, i64) {
    let database = Database::fresh().await.unwrap();
    let (workspace, run_id) = under_way(&database).await;
    let watcher = database.owner().await.unwrap();
    let running = workspace.claim(&["tool"]).await.unwrap();
    let arguments = watcher.json(arguments).await.unwrap();

    workspace.worker.run("begin").await.unwrap();
    workspace
        .finish(&[running[0].completed(&json!({"text": "a"}))])
        .await
        .unwrap();
    let process = workspace.owner.process_id();
    let owner = workspace.owner;
    let answer = after(&watcher, &workspace.worker, process, async move {
        owner.call(call, &arguments).await.unwrap()
    })
    .await;
    assert_dense(&watcher).await;
    (answer, watcher, run_id)
}

async fn states(session: &Session, run_id: i64) -> Value {
    session
        .json(&format!(
            "select jsonb_object_agg(key, state) from goalpost.steps where run_id = {run_id} and kind <> 'plan'"
        ))
        .await
        .unwrap()
}

#[tokio::test]
async fn decision_waits_for_completion_in_same_tree() {
    let arguments = "select jsonb_build_object('p_approval_id', id, 'p_decision', 'approved') from goalpost.approvals";
    let (answer, watcher, run_id) =
        call_during_completion("goalpost.decide_approval", arguments).await;
    assert_eq!(answer["first"], true);
    assert_eq!(
        states(&watcher, run_id).await,
        json!({"a": "completed", "b": "ready", "ask": "completed", "judge": "pending"})
    );
}

/// Creates a goal with a step and a sub-goal, both under way. Their runs share only the tree.
async fn goal_with_subgoal(database: &Database) -> Workspace {
    let workspace = Workspace::new(database).await.unwrap();
    let sub = json!({"key": "sub", "kind": "subgoal", "input": {"title": "Part", "description": "A part of it"}});
    workspace
        .goal(&json!({"steps": [tool_step("a", &[]), sub]}))
        .await
        .unwrap();
    workspace
}

/// Ends the one step of this kind without committing, makes another session's call meet it, and returns its answer.
/// Without the tree's lock, both would write the same number into the tree's history.
async fn call_during_end(
    kind: &'static str,
    prepare: &str,
    call: &'static str,
) -> (Value, Session) {
    let database = Database::fresh().await.unwrap();
    let workspace = goal_with_subgoal(&database).await;
    let watcher = database.owner().await.unwrap();
    watcher.run(prepare).await.unwrap();
    let step = first(workspace.claim(&[kind]).await.unwrap()).unwrap();
    let result = match kind {
        "plan" => json!({"plan": {"steps": [tool_step("x", &[])]}}),
        _ => json!({"text": "done"}),
    };

    workspace.worker.run("begin").await.unwrap();
    workspace.finish(&[step.completed(&result)]).await.unwrap();
    let second = match call {
        "select goalpost_private.sweep()" => database.owner().await.unwrap(),
        _ => workspace.owner,
    };
    let process = second.process_id();
    let answer = after(&watcher, &workspace.worker, process, async move {
        second.json(call).await.unwrap()
    })
    .await;
    assert_dense(&watcher).await;
    (answer, watcher)
}

async fn goals(session: &Session) -> Value {
    session
        .json("select jsonb_agg(state order by depth) from goalpost.goals")
        .await
        .unwrap()
}

#[tokio::test]
async fn cancel_of_subgoal_waits_for_parent_step() {
    let call =
        "select goalpost.cancel_goal(id) from goalpost.goals where parent_goal_id is not null";
    let (answer, watcher) = call_during_end("tool", "select", call).await;
    assert_eq!(answer["state"], "cancelled");
    assert_eq!(
        goals(&watcher).await,
        json!(["active", "cancelled"]),
        "the goal above winds down"
    );
    let above =
        "select jsonb_build_array(r.failure is not null, s.state) from goalpost.workflow_runs r
                   join goalpost.steps s on s.run_id = r.id and s.kind = 'judge'
                  where r.failure is not null";
    assert_eq!(
        watcher.json(above).await.unwrap(),
        json!([true, "ready"]),
        "its judge may report"
    );
}

#[tokio::test]
async fn cancel_of_request_waits_for_nested_plan() {
    let call = "select goalpost.cancel_request(id) from goalpost.requests";
    let (answer, watcher) = call_during_end("plan", "select", call).await;
    assert_eq!(answer["state"], "cancelled");
    assert_eq!(goals(&watcher).await, json!(["cancelled", "cancelled"]));
    let open = "select count(*) from goalpost.steps where state in ('pending', 'ready', 'running', 'waiting')";
    assert_eq!(
        watcher.json(open).await.unwrap(),
        0,
        "no step of the plan goes on in a run that ended"
    );
}

#[tokio::test]
async fn sweep_waits_for_completion_in_overdue_tree() {
    let overdue = "update goalpost.workflow_runs set deadline_at = clock_timestamp() where parent_goal_id is not null";
    let (answer, watcher) =
        call_during_end("tool", overdue, "select goalpost_private.sweep()").await;
    assert_eq!(answer["runs_timed_out"], 1);
    assert_eq!(
        goals(&watcher).await,
        json!(["active", "failed"]),
        "the goal above winds down: its judge reports first"
    );
}

#[tokio::test]
async fn last_moment_heartbeat_keeps_lease_from_sweep() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let plan = json!({"steps": [tool_step("a", &[])]});
    workspace.goal(&plan).await.unwrap();
    let step = first(workspace.claim(&["tool"]).await.unwrap()).unwrap();
    database.move_clock("31 seconds").await.unwrap();
    let watcher = database.owner().await.unwrap();
    let sweeper = database.owner().await.unwrap();
    let lease = json!([{"run_id": step.run_id, "step_key": step.step_key, "lease_epoch": step.lease_epoch}]);

    workspace.worker.run("begin").await.unwrap();
    workspace
        .worker
        .json(&format!(
            "select goalpost_worker.heartbeat_steps('{lease}'::jsonb, 30)"
        ))
        .await
        .unwrap();
    let process = sweeper.process_id();
    let swept = after(&watcher, &workspace.worker, process, async move {
        sweeper
            .json("select goalpost_private.sweep()")
            .await
            .unwrap()
    })
    .await;
    assert_eq!(swept["leases_expired"], 0);
    let judged = workspace
        .finish(&[step.completed(&json!({"text": "done"}))])
        .await
        .unwrap();
    assert_eq!(judged["outcomes"][0]["verdict"], "accepted");
}

#[tokio::test]
async fn concurrent_drains_adopt_request_once_without_waiting() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let other = database.worker().await.unwrap();
    // A blocked session would wait for ever; the timeout turns that into an error.
    other.run("set lock_timeout = '3s'").await.unwrap();
    let insert = format!(
        "insert into goalpost.requests (workspace_id, question) values ('{}', 'q')",
        workspace.id
    );
    workspace.owner.run(&insert).await.unwrap();

    workspace.worker.run("begin").await.unwrap();
    assert_eq!(workspace.claim(&["assess"]).await.unwrap().len(), 1);
    assert!(
        claim(&other, &["assess"], None).await.unwrap().is_empty(),
        "the tree belongs to another session"
    );
    workspace.worker.run("commit").await.unwrap();
    let runs = workspace
        .owner
        .json("select count(*) from goalpost.workflow_runs")
        .await
        .unwrap();
    assert_eq!(runs, 1);
}

#[tokio::test]
async fn cancel_waits_for_retry_and_cancels_reopened_work() {
    let database = Database::fresh().await.unwrap();
    let (workspace, run_id) = under_way(&database).await;
    let running = workspace.claim(&["tool"]).await.unwrap();
    workspace
        .finish(&[running[0].failed("broken", false)])
        .await
        .unwrap();
    let judge = workspace.claim(&["judge"]).await.unwrap();
    workspace
        .finish(&[judge[0].completed(&json!({"decision": "fail", "report": "# Failed"}))])
        .await
        .unwrap();
    let watcher = database.owner().await.unwrap();
    let other = database.person(&workspace.owner_id).await.unwrap();
    let letter = watcher
        .json("select jsonb_build_object('p_dead_letter_id', id) from goalpost.dead_letters")
        .await
        .unwrap();
    let goal = watcher
        .json("select jsonb_build_object('p_goal_id', id) from goalpost.goals")
        .await
        .unwrap();

    workspace.owner.run("begin").await.unwrap();
    workspace
        .owner
        .call("goalpost.retry_dead_letter", &letter)
        .await
        .unwrap();
    let process = other.process_id();
    let answer = after(&watcher, &workspace.owner, process, async move {
        other.call("goalpost.cancel_goal", &goal).await.unwrap()
    })
    .await;
    assert_eq!(answer["state"], "cancelled");
    assert_eq!(states(&watcher, run_id).await["a"], "cancelled");
    assert_dense(&watcher).await;
}

#[tokio::test]
async fn second_concurrent_workspace_is_refused_by_cap() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let watcher = database.owner().await.unwrap();
    watcher
        .run("update goalpost_private.limits set max_workspaces_per_person = 2")
        .await
        .unwrap();
    let other = database.person(&workspace.owner_id).await.unwrap();
    let name = json!({"p_name": "One more"});

    workspace.owner.run("begin").await.unwrap();
    workspace
        .owner
        .call("goalpost.create_workspace", &name)
        .await
        .unwrap();
    let process = other.process_id();
    let refused = after(&watcher, &workspace.owner, process, async move {
        other.call("goalpost.create_workspace", &name).await
    })
    .await;
    assert_eq!(sqlstate(&refused.unwrap_err()).as_deref(), Some("ZG006"));
}

#[tokio::test]
async fn two_owners_who_demote_each_other_leave_one() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let second_id = person(&database).await.unwrap();
    let second = database.person(&second_id).await.unwrap();
    let watcher = database.owner().await.unwrap();
    let role = |user: &str, role: &str| json!({"p_workspace_id": workspace.id, "p_user_id": user, "p_role": role});
    let (demote_second, demote_first) = (
        role(&second_id, "viewer"),
        role(&workspace.owner_id, "viewer"),
    );
    let invite = json!({"p_workspace_id": workspace.id, "p_person": second_id, "p_role": "owner"});
    let invitation = workspace
        .owner
        .call("goalpost.invite_member", &invite)
        .await
        .unwrap();
    second
        .call(
            "goalpost.accept_invitation",
            &json!({"p_invitation_id": invitation["invitation_id"]}),
        )
        .await
        .unwrap();

    workspace.owner.run("begin").await.unwrap();
    workspace
        .owner
        .call("goalpost.set_member_role", &demote_second)
        .await
        .unwrap();
    let process = second.process_id();
    let refused = after(&watcher, &workspace.owner, process, async move {
        second.call("goalpost.set_member_role", &demote_first).await
    })
    .await;
    assert_eq!(
        sqlstate(&refused.unwrap_err()).as_deref(),
        Some("ZG002"),
        "no admin any more"
    );
    let owners = watcher
        .json("select count(*) from goalpost.members where role = 'owner'")
        .await
        .unwrap();
    assert_eq!(owners, 1);
}

/// Reclaims a step with a model call under way by a sweep that has not committed yet; its worker calls meanwhile.
async fn call_during_reclaim(
    function: &'static str,
    more: Value,
) -> (Result<Value, String>, Session) {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let plan = json!({"steps": [tool_step("a", &[])]});
    workspace.goal(&plan).await.unwrap();
    let step = first(workspace.claim(&["tool"]).await.unwrap()).unwrap();
    let lease = json!({"p_run_id": step.run_id, "p_step_key": step.step_key, "p_lease_epoch": step.lease_epoch});
    let with = |more: Value| {
        let (mut all, more) = (
            lease.as_object().unwrap().clone(),
            more.as_object().unwrap().clone(),
        );
        all.extend(more);
        Value::Object(all)
    };
    let ask = json!({"p_ask": {"purpose": "work", "provider": "p", "model": "m", "request_hash": "0".repeat(64),
                               "max_input_tokens": 1, "max_output_tokens": 1}});
    workspace
        .worker
        .call("goalpost_worker.begin_turn", &with(ask))
        .await
        .unwrap();
    database.move_clock("31 seconds").await.unwrap();
    let watcher = database.owner().await.unwrap();
    let sweeper = database.owner().await.unwrap();

    sweeper.run("begin").await.unwrap();
    let swept = sweeper.json("select goalpost_private.sweep()").await;
    assert_eq!(swept.unwrap()["leases_expired"], 1);
    let (worker, arguments) = (workspace.worker, with(more));
    let process = worker.process_id();
    let reply = after(&watcher, &sweeper, process, async move {
        let reply = worker.call(function, &arguments).await;
        reply.map_err(|error| sqlstate(&error).unwrap_or_default())
    })
    .await;
    (reply, watcher)
}

#[tokio::test]
async fn model_call_during_sweep_waits_and_is_refused() {
    let ask = json!({"p_ask": {"purpose": "work", "provider": "p", "model": "m", "request_hash": "1".repeat(64),
                               "max_input_tokens": 1, "max_output_tokens": 1}});
    let (reply, watcher) = call_during_reclaim("goalpost_worker.begin_turn", ask).await;
    assert_eq!(reply, Err("ZG009".to_owned()));
    let turns = watcher
        .json("select count(*) from goalpost.step_turns")
        .await;
    assert_eq!(turns.unwrap(), 1);
}

#[tokio::test]
async fn model_answer_during_sweep_waits_and_loses_lease() {
    let end = json!({"p_number": 1, "p_end": {"answer": {"text": "said"}}});
    let (reply, watcher) = call_during_reclaim("goalpost_worker.end_turn", end).await;
    assert_eq!(reply, Ok(json!({"lease_lost": true})));
    let state = watcher.json("select state from goalpost.step_turns").await;
    assert_eq!(state.unwrap(), "failed");
}

#[tokio::test]
async fn second_of_two_requests_at_once_sees_cap() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let watcher = database.owner().await.unwrap();
    watcher
        .run("update goalpost.workspaces set max_open_requests = 1")
        .await
        .unwrap();
    let other = database.person(&workspace.owner_id).await.unwrap();
    let request = json!({"p_workspace_id": workspace.id, "p_question": "One more?"});

    workspace.owner.run("begin").await.unwrap();
    workspace
        .owner
        .call("goalpost.accept_request", &request)
        .await
        .unwrap();
    let process = other.process_id();
    let refused = after(&watcher, &workspace.owner, process, async move {
        other.call("goalpost.accept_request", &request).await
    })
    .await;
    assert_eq!(sqlstate(&refused.unwrap_err()).as_deref(), Some("ZG006"));
}

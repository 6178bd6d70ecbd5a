//! The oracle: it finds nothing in valid rows, and each of its rules finds its violation.

use harness::oracle;
use local_stack::postgres::SUPERUSER;
use serde_json::json;
use system_tests::Database;
use system_tests::scenario::{Workspace, first, tool_step};

/// Creates a goal that completed in two steps.
async fn reached_goal() -> Database {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let plan = json!({"steps": [tool_step("a", &[]), tool_step("b", &["a"])]});
    workspace.goal(&plan).await.unwrap();
    for kind in ["tool", "tool", "judge"] {
        let step = first(workspace.claim(&[kind]).await.unwrap()).unwrap();
        let result = match kind {
            "judge" => json!({"decision": "complete", "report": "The report", "result": {}}),
            _ => json!({"text": "done"}),
        };
        workspace.finish(&[step.completed(&result)]).await.unwrap();
    }
    database
}

const CALLS: &str = "insert into goalpost.tool_calls (run_id, step_key, number, workspace_id, attempt, tool, tool_version,
      idempotent, writes, arguments, arguments_hash, rule, created_at, state, idempotency_key)
    select run_id, key, n, workspace_id, 1, 't', 1, true, true, '{}', 'h', 'r', now(),";

const STEP_A: &str = "where key = 'a'";

#[tokio::test]
async fn each_rule_finds_its_violation() {
    let database = reached_goal().await;
    let client = database
        .server()
        .connect(SUPERUSER, database.name())
        .await
        .unwrap();
    assert_eq!(oracle::check(&client).await.unwrap(), vec![]);

    let reopen = "ended_at = null, result = null";
    let broken = [
        ("has ended or waits", "update goalpost.requests set state = 'accepted', ended_at = null".to_owned()),
        ("end together", "update goalpost.goals set state = 'active', ended_at = null".to_owned()),
        ("end together", format!("update goalpost.steps set state = 'ready', {reopen} {STEP_A}")),
        ("one accepted outcome", "delete from goalpost.step_attempts where step_key = 'a'".to_owned()),
        ("one accepted outcome", "insert into goalpost.step_attempts
            select run_id, step_key, 2, workspace_id, outcome, worker, started_at, ended_at from goalpost.step_attempts where step_key = 'a'".to_owned()),
        ("one accepted outcome", "insert into goalpost.events select root_run_id, 1000, workspace_id, run_id, goal_id, step_key, type
            , data, created_at from goalpost.events where type = 'step.completed' and step_key = 'a'".to_owned()),
        ("counted from 1", "update goalpost.step_attempts set attempt = 2 where step_key = 'a'".to_owned()),
        ("counted from 1", format!("update goalpost.steps set attempt = 4 {STEP_A}")),
        ("dense from 1", "delete from goalpost.events where sequence = 2".to_owned()),
        ("present state of steps", "update goalpost.events set type = 'step.failed' where step_key = 'a' and type = 'step.completed'".to_owned()),
        ("present state of steps", "delete from goalpost.events where step_key = 'b' and type = 'step.completed'".to_owned()),
        ("present state of runs", "update goalpost.events set type = 'run.failed' where type = 'run.completed'".to_owned()),
        ("beyond its lease", format!("update goalpost.steps set state = 'running', lease_expires_at = now() - interval '1 minute', {reopen} {STEP_A}")),
        ("dead letter", format!("update goalpost.steps set state = 'failed', result = null {STEP_A}")),
        ("usage is booked", "insert into goalpost.usage_events (run_id, step_key, lease_epoch, number, workspace_id, user_id, provider, model, created_at)
            select run_id, key, 99, 1, workspace_id, gen_random_uuid(), 'p', 'm', now() from goalpost.steps where key = 'a'".to_owned()),
        ("sum of usage", "insert into goalpost.budgets (workspace_id, scope, key, cap_microusd, cap_tokens, created_at, spent_microusd)
            select workspace_id, 'run', run_id, 10, 10, now(), 1 from goalpost.steps where key = 'a'".to_owned()),
        ("booked once", "insert into goalpost.step_turns (run_id, step_key, number, workspace_id, attempt, lease_epoch, purpose, provider,
              model, request_hash, max_input_tokens, max_output_tokens, asked_at, state, ended_at)
            select run_id, key, 1, workspace_id, 1, 1, 'work', 'p', 'm', 'h', 1, 1, now(), 'failed', now() from goalpost.steps where key = 'a'".to_owned()),
        ("booked once", format!("{CALLS} 'intended', 'k' from goalpost.steps s, generate_series(1, 2) n where key = 'a'")),
        ("still to be made", format!("{CALLS} 'waiting', 'k' || n from goalpost.steps s, generate_series(1, 1) n where key = 'a'")),
        ("caps hold", "insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan)
            select run_id, revision + n, workspace_id, plan from goalpost.plan_revisions, generate_series(1, 3) n".to_owned()),
    ];
    for (rule, statement) in broken {
        // Without triggers and foreign keys: the violation is written by force, and rolled back.
        let by_force = format!("begin; set local session_replication_role = replica; {statement}");
        client.batch_execute(&by_force).await.unwrap();
        let violations = oracle::check(&client).await.unwrap();
        assert!(
            violations.iter().any(|found| found.rule.contains(rule)),
            "{rule} did not find: {statement}\n{violations:#?}"
        );
        client.batch_execute("rollback").await.unwrap();
    }
}

//! Claims that meet other sessions. A claim locks the steps that it takes, skips locked ones, and checks again what may
//! have changed since its search. Nothing depends on time.

use serde_json::{Value, json};
use system_tests::scenario::{Workspace, tool_step};
use system_tests::{Database, Session};

/// Creates a goal with these ready steps and returns the run's id. The suspects may be poison: the lease of their last
/// attempt expired.
async fn ready_steps(database: &Database, keys: &[&str], suspects: &[&str]) -> i64 {
    let workspace = Workspace::new(database).await.unwrap();
    let steps: Vec<Value> = keys.iter().map(|key| tool_step(key, &[])).collect();
    let run_id = workspace.goal(&json!({"steps": steps})).await.unwrap();
    let names = suspects.join(",");
    let owner = database.owner().await.unwrap();
    owner
        .run(&format!(
            r#"update goalpost.steps set attempt = 2, error = '{{"code": "lease_expired"}}'
                where run_id = {run_id} and key = any (string_to_array('{names}', ','))"#
        ))
        .await
        .unwrap();
    run_id
}

/// Opens a worker's session in which waiting for a lock is an error.
async fn worker(database: &Database) -> Session {
    let session = database.worker().await.unwrap();
    session.run("set lock_timeout = '10s'").await.unwrap();
    session
}

/// Returns the keys of the steps that a claim takes, in the order of their names.
async fn claimed(session: &Session, limit: i64, run_id: Option<i64>) -> Vec<String> {
    let claimed = session
        .call(
            "goalpost_worker.claim_steps",
            &json!({"p_kinds": ["tool"], "p_limit": limit, "p_lease_seconds": 30,
                    "p_worker": format!("worker {}", session.process_id()), "p_run_id": run_id}),
        )
        .await
        .unwrap();
    let mut keys: Vec<String> = claimed
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["step_key"].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn claim_of_run_skips_other_claims() {
    let database = Database::fresh().await.unwrap();
    let run_id = ready_steps(&database, &["a", "b", "c"], &[]).await;
    let first = worker(&database).await;
    let second = worker(&database).await;

    first.run("begin").await.unwrap();
    assert_eq!(claimed(&first, 1, Some(run_id)).await, ["a"]);
    assert_eq!(
        claimed(&second, 10, Some(run_id)).await,
        ["b", "c"],
        "the second claim takes what the first has left, while the first has not committed"
    );
    first.run("commit").await.unwrap();
}

#[tokio::test]
async fn suspect_locked_by_another_claim_is_skipped() {
    let database = Database::fresh().await.unwrap();
    ready_steps(&database, &["a", "b", "c", "d"], &["a", "b"]).await;
    let first = worker(&database).await;
    let second = worker(&database).await;
    let third = worker(&database).await;

    first.run("begin").await.unwrap();
    second.run("begin").await.unwrap();
    assert_eq!(claimed(&first, 10, None).await, ["a"]);
    assert_eq!(
        claimed(&second, 10, None).await,
        ["b"],
        "the second claim takes the next suspect, while the first has not committed"
    );
    assert_eq!(
        claimed(&third, 10, None).await,
        ["c", "d"],
        "the third claim takes all plain steps, since every suspect is held"
    );
    first.run("commit").await.unwrap();
    second.run("commit").await.unwrap();
}

/// Stops a claim after its search for ready steps, and before it locks them.
const STOP_AFTER_SEARCH: &str = "
alter function goalpost_private.rank_candidates(text[], integer, goalpost.steps[], boolean, timestamptz) rename to ranked;
create function goalpost_private.rank_candidates(
  p_kinds text[], p_limit integer, p_opened goalpost.steps[], p_with_isolated boolean, p_now timestamptz
) returns table (run_id bigint, key text, is_opened boolean, is_isolated boolean, place bigint)
language plpgsql stable set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(7);
  return query select * from goalpost_private.ranked(p_kinds, p_limit, p_opened, p_with_isolated, p_now);
end
$$";

#[tokio::test]
async fn step_changed_during_claim_search_uses_no_limit() {
    let is_claimed = "state = 'running', lease_epoch = lease_epoch + 1, lease_expires_at = now() + interval '1 minute',
                      leased_by = 'other', started_at = now()";
    let is_put_off = "run_after = run_after + interval '1 hour'";
    // Plain steps: a claim of one. Suspects: each is claimed alone, whatever the limit.
    for (suspects, limit) in [(&[][..], 1), (&["a", "b"][..], 10)] {
        for change in [is_claimed, is_put_off] {
            let database = Database::fresh().await.unwrap();
            ready_steps(&database, &["a", "b"], suspects).await;
            let holder = database.owner().await.unwrap();
            let other = database.owner().await.unwrap();
            let second = database.worker().await.unwrap();
            holder.run(STOP_AFTER_SEARCH).await.unwrap();

            holder.run("select pg_advisory_lock(7)").await.unwrap();
            let process = second.process_id();
            let looking = tokio::spawn(async move { claimed(&second, limit, None).await });
            other.until_blocked(process).await.unwrap();
            other
                .run(&format!(
                    "update goalpost.steps set {change} where key = 'a'"
                ))
                .await
                .unwrap();
            holder.run("select pg_advisory_unlock(7)").await.unwrap();
            assert_eq!(
                looking.await.unwrap(),
                ["b"],
                "of {suspects:?} with a limit of {limit}, after {change}"
            );
        }
    }
}

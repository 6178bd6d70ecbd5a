//! Known failures of similar systems, which must not occur here: a step that stays started for ever, siblings left
//! behind by a failed run, a sweep that never reaches the end of its list or reclaims healthy steps, a part of a
//! statement that the planner omits.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use system_tests::scenario::{Claimed, Workspace, claim, first, tool_step};
use system_tests::{Database, Session};

async fn sweep(owner: &Session) -> Value {
    owner.json("select goalpost_private.sweep()").await.unwrap()
}

async fn count(owner: &Session, of: &str) -> i64 {
    let counted = owner
        .json(&format!("select count(*) from {of}"))
        .await
        .unwrap();
    counted.as_i64().unwrap()
}

/// Creates this number of requests, each with its assessment claimed by a worker that never returns.
async fn abandoned(workspace: &Workspace, requests: usize) -> Vec<Claimed> {
    for number in 0..requests {
        workspace.ask(&format!("number {number}")).await.unwrap();
    }
    let mut all = Vec::new();
    while all.len() < requests {
        let claimed = claim(&workspace.worker, &["assess"], None).await.unwrap();
        assert!(!claimed.is_empty());
        all.extend(claimed);
    }
    all
}

#[tokio::test]
async fn next_sweep_reclaims_leases_beyond_batch_limit() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let owner = database.owner().await.unwrap();
    owner
        .run("update goalpost.workspaces set max_open_requests = 1000")
        .await
        .unwrap();
    abandoned(&workspace, 230).await;
    database.move_clock("31 seconds").await.unwrap();

    let mut left = 230;
    for number in 1..=3 {
        let taken = sweep(&owner).await["leases_expired"].as_i64().unwrap();
        assert!(taken > 0 && taken < 230, "sweep {number} took {taken} back");
        left -= taken;
        assert_eq!(
            count(&owner, "goalpost.steps where state = 'running'").await,
            left
        );
    }
    assert_eq!(left, 0, "three sweeps of a hundred are enough");
    let once = "goalpost.steps where kind = 'assess' and state = 'ready' and attempt = 2";
    assert_eq!(count(&owner, once).await, 230, "each was taken back once");
}

#[tokio::test]
async fn cron_command_takes_back_every_expired_lease() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let owner = database.owner().await.unwrap();
    owner
        .run("update goalpost.workspaces set max_open_requests = 1000")
        .await
        .unwrap();
    abandoned(&workspace, 330).await;
    database.move_clock("31 seconds").await.unwrap();

    let command = owner
        .json("select to_jsonb(command) from cron.job where jobname = 'goalpost-sweep'")
        .await
        .unwrap();
    let transactions = "select to_jsonb(pg_catalog.txid_current())";
    let before = owner.json(transactions).await.unwrap();
    owner.run(command.as_str().unwrap()).await.unwrap();
    let after = owner.json(transactions).await.unwrap();
    let once = "goalpost.steps where kind = 'assess' and state = 'ready' and attempt = 2";
    assert_eq!(count(&owner, once).await, 330, "each is taken back once");
    assert!(
        after.as_i64().unwrap() - before.as_i64().unwrap() > 4,
        "each round commits: {before} to {after}"
    );
}

#[tokio::test]
async fn renewed_leases_are_never_reclaimed() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let mut patient = tool_step("patient", &[]);
    patient["timeout_seconds"] = json!(7200);
    workspace.goal(&json!({"steps": [patient]})).await.unwrap();
    let lease = first(workspace.claim(&["tool"]).await.unwrap()).unwrap();
    let owner = database.owner().await.unwrap();

    for minutes in [0, 1, 59, 119] {
        // A heartbeat arrives before each lease ends; then the sweep runs.
        let ahead = format!("{minutes} minutes");
        owner
            .run(&format!(
                "update goalpost.steps set lease_expires_at = clock_timestamp() + interval '{ahead}' + interval '5 seconds'
                  where key = 'patient'"
            ))
            .await
            .unwrap();
        database.move_clock(&ahead).await.unwrap();
        let leases = json!([{"run_id": lease.run_id, "step_key": lease.step_key, "lease_epoch": lease.lease_epoch}]);
        let held = workspace
            .worker
            .json(&format!(
                "select goalpost_worker.heartbeat_steps('{leases}'::jsonb, 30)"
            ))
            .await
            .unwrap();
        assert_eq!(held[0]["held"], true, "after {ahead}");
        let swept = sweep(&owner).await;
        assert_eq!(
            (&swept["leases_expired"], &swept["steps_timed_out"]),
            (&json!(0), &json!(0)),
            "after {ahead}"
        );
    }
    database.move_clock("121 minutes").await.unwrap();
    assert_eq!(
        sweep(&owner).await["steps_timed_out"],
        1,
        "its own limit holds"
    );
}

#[tokio::test]
async fn failed_run_leaves_no_open_sibling() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let plan = json!({"steps": [
        tool_step("fails", &[]), tool_step("running", &[]), tool_step("ready", &[]), tool_step("pending", &["ready"]),
        {"key": "asks", "kind": "approval", "input": {"question": "May we?"}},
        {"key": "below", "kind": "subgoal", "input": {"title": "Below", "description": "A part"}},
    ]});
    let run_id = workspace.goal(&plan).await.unwrap();
    let claimed = workspace.claim(&["tool"]).await.unwrap();
    let of = |key: &str| claimed.iter().find(|step| step.step_key == key).unwrap();
    let released = json!({"run_id": run_id, "step_key": "ready", "lease_epoch": of("ready").lease_epoch, "outcome": "released"});
    workspace.finish(&[released]).await.unwrap();
    workspace
        .finish(&[of("fails").failed("broken", false)])
        .await
        .unwrap();

    let owner = database.owner().await.unwrap();
    let states = owner
        .json(&format!(
            "select jsonb_object_agg(key, state) from goalpost.steps where run_id = {run_id}"
        ))
        .await
        .unwrap();
    assert_eq!(states["fails"], "failed");
    for key in ["running", "ready", "pending", "asks", "below"] {
        assert_eq!(states[key], "cancelled", "{states}");
    }
    assert_eq!(states["judge"], "ready", "the judge may report");
    let open = "goalpost.steps where state in ('pending', 'ready', 'running', 'waiting') and kind <> 'judge'";
    assert_eq!(count(&owner, open).await, 0, "the goal below has ended too");
    assert_eq!(
        count(&owner, "goalpost.approvals where state = 'pending'").await,
        0
    );
    let late = workspace
        .finish(&[of("running").completed(&json!({"text": "late"}))])
        .await
        .unwrap();
    assert_eq!(late["outcomes"][0]["verdict"], "lease_lost");
}

/// Makes every write to this row fail.
async fn poison(owner: &Session, table: &str, condition: &str) {
    owner
        .run(&format!(
            "create function public.poison() returns trigger language plpgsql as
               $$ begin raise exception 'this row cannot be written'; end $$;
             create trigger poison before update on goalpost.{table}
               for each row when ({condition}) execute function public.poison()"
        ))
        .await
        .unwrap();
}

#[tokio::test]
async fn irreclaimable_lease_does_not_block_others() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let owner = database.owner().await.unwrap();
    let all = abandoned(&workspace, 5).await;
    database.move_clock("31 seconds").await.unwrap();
    poison(&owner, "steps", &format!("old.run_id = {}", all[0].run_id)).await;

    assert_eq!(sweep(&owner).await["leases_expired"], 4);
    assert_eq!(
        count(&owner, "goalpost.steps where state = 'ready'").await,
        4
    );
}

#[tokio::test]
async fn unendable_overdue_run_does_not_block_others() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let owner = database.owner().await.unwrap();
    for number in 0..3 {
        workspace.ask(&format!("number {number}")).await.unwrap();
    }
    let least = owner
        .json("select min(id) from goalpost.workflow_runs")
        .await
        .unwrap();
    database.move_clock("8 days").await.unwrap();
    poison(&owner, "workflow_runs", &format!("old.id = {least}")).await;

    assert_eq!(sweep(&owner).await["runs_timed_out"], 2);
}

#[tokio::test]
async fn unexpirable_approval_does_not_block_others() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let owner = database.owner().await.unwrap();
    let ask = |key: &str| json!({"key": key, "kind": "approval", "input": {"question": "May we?", "on_reject": "continue", "expires_after_seconds": 60}});
    workspace
        .goal(&json!({"steps": [ask("a"), ask("b"), ask("c")]}))
        .await
        .unwrap();
    database.move_clock("2 minutes").await.unwrap();
    poison(&owner, "approvals", "old.step_key = 'a'").await;

    assert_eq!(sweep(&owner).await["approvals_expired"], 2);
}

/// Requires that every named part is read or writes. The planner omits a read-only part that nothing reads, with every
/// function call in it; a part that inserts, updates or deletes is always executed.
#[tokio::test]
async fn every_named_statement_part_is_read_or_writes() {
    let database = Database::fresh().await.unwrap();
    let owner = database.owner().await.unwrap();
    let functions = owner
        .json(
            "select jsonb_object_agg(p.oid::regprocedure::text, p.prosrc) from pg_proc p
              where p.pronamespace::regnamespace::text like 'goalpost%'",
        )
        .await
        .unwrap();
    let mut seen = 0;
    for (function, source) in functions.as_object().unwrap() {
        let source = source.as_str().unwrap();
        for (name, begins) in parts(source) {
            seen += 1;
            let writes = ["insert", "update", "delete"].contains(&begins.as_str());
            let times = words(source).filter(|word| *word == name).count();
            assert!(writes || times > 1, "{function}: nothing reads {name}");
        }
    }
    assert!(
        seen > 20,
        "only {seen} parts were found: is this still how they are written?"
    );
}

#[tokio::test]
async fn many_irreclaimable_leases_do_not_block_others() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    let owner = database.owner().await.unwrap();
    owner
        .run("update goalpost.workspaces set max_open_requests = 1000")
        .await
        .unwrap();
    let all = abandoned(&workspace, 150).await;
    database.move_clock("31 seconds").await.unwrap();
    let mut runs: Vec<i64> = all.iter().map(|claimed| claimed.run_id).collect();
    runs.sort_unstable();
    poison(&owner, "steps", &format!("old.run_id <= {}", runs[119])).await;

    // Each sweep draws a hundred candidates at random: the chance that one of thirty is missed in all of twelve is
    // below one in ten thousand.
    for _ in 0..12 {
        sweep(&owner).await;
    }
    assert_eq!(
        count(&owner, "goalpost.steps where state = 'ready'").await,
        30
    );
}

#[tokio::test]
async fn repeated_call_skips_rows_locked_by_sweep() {
    let database = Database::fresh().await.unwrap();
    let workspace = Workspace::new(&database).await.unwrap();
    workspace
        .goal(&json!({"steps": [tool_step("a", &[]), tool_step("b", &[])]}))
        .await
        .unwrap();
    let claimed = workspace.claim(&["tool"]).await.unwrap();
    assert_eq!(claimed.len(), 2);
    let (holder, watcher) = (
        database.owner().await.unwrap(),
        database.owner().await.unwrap(),
    );
    // The lease of b ends first, so an order by the leases' ends reaches b before a.
    holder
        .run("update goalpost.steps set lease_expires_at = lease_expires_at - interval '5 seconds' where key = 'b'")
        .await
        .unwrap();
    database.move_clock("31 seconds").await.unwrap();

    holder
        .run("begin; select from goalpost.steps where key = 'a' for no key update")
        .await
        .unwrap();
    let sweeper = database.owner().await.unwrap();
    let sweeping = sweeper.process_id();
    let swept = tokio::spawn(async move { sweeper.json("select goalpost_private.sweep()").await });
    watcher.until_blocked(sweeping).await.unwrap();
    // The sweep waits for a, in its order; a repeated call skips it and is handed b.
    let repeat = "select goalpost_worker.claim_steps(array['tool'], 10, 30, 'test', null, '[]')";
    let recalled = workspace.worker.json(repeat).await.unwrap();
    let keys: Vec<&Value> = list(&recalled).map(|step| &step["step_key"]).collect();
    assert_eq!(keys, ["b"], "the call did not wait");
    holder.run("commit").await.unwrap();
    swept.await.unwrap().unwrap();
}

fn list(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().unwrap().iter()
}

fn words(source: &str) -> impl Iterator<Item = &str> {
    source
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
}

/// Returns the named parts of all `with` clauses, each with the first word of its statement.
fn parts(source: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let tokens: Vec<&str> = source
        .split_inclusive(['(', ')', ',', ' ', '\n'])
        .flat_map(|token| {
            let end = token.trim_end_matches(['(', ')', ',', ' ', '\n']);
            [end, token[end.len()..].trim()]
        })
        .filter(|token| !token.is_empty())
        .collect();
    for (place, token) in tokens.iter().enumerate() {
        if *token != "as" || place == 0 {
            continue;
        }
        let mut next = place + 1;
        if tokens.get(next) == Some(&"materialized") {
            next += 1;
        }
        let before = tokens
            .get(place.wrapping_sub(2))
            .copied()
            .unwrap_or_default();
        let name = tokens[place - 1];
        if tokens.get(next) == Some(&"(") && ["with", ",", "recursive"].contains(&before) {
            let begins = tokens.get(next + 1).copied().unwrap_or_default();
            found.insert((name.to_owned(), begins.to_owned()));
        }
    }
    found
}

//! Resource limits of requesters' queries: slots, time, locks, and the list of allowed functions.

use serde_json::{Value, json};
use system_tests::{Database, Session, set_up_pgtap};

/// Creates steps at work for members of two workspaces.
async fn world() -> (Database, Session) {
    let database = Database::fresh().await.unwrap();
    set_up_pgtap(database.server(), database.name())
        .await
        .unwrap();
    let owner = database.owner().await.unwrap();
    owner
        .run(
            "select tests.world();
             create table public.held (name text primary key, run_id bigint);
             insert into public.held select 'acme', tests.planned('a');
             insert into public.held select 'elsewhere', tests.planned('a', '{}', '[]', 'sam', 'elsewhere');
             select tests.start(run_id, 'a') from public.held where name = 'acme';",
        )
        .await
        .unwrap();
    (database, owner)
}

async fn ask(worker: &Session, owner: &Session, workspace: &str, query: &str) -> Value {
    let run_id = owner
        .json(&format!(
            "select run_id from public.held where name = '{workspace}'"
        ))
        .await
        .unwrap();
    let arguments = json!({
        "p_run_id": run_id, "p_step_key": "a", "p_lease_epoch": 1,
        "p_query": query, "p_row_limit": 10, "p_byte_limit": 10_000,
    });
    worker
        .call("goalpost_worker.answer_query", &arguments)
        .await
        .unwrap()
}

#[tokio::test]
async fn queries_beyond_the_slots_are_busy() {
    let (database, owner) = world().await;
    let mut holders = Vec::new();
    for (workspace, expected) in [
        ("acme", "row_count"),
        ("acme", "row_count"),
        ("acme", "busy"),
        ("elsewhere", "row_count"),
        ("elsewhere", "row_count"),
        ("elsewhere", "busy"),
    ] {
        let worker = database.worker().await.unwrap();
        worker.run("begin").await.unwrap();
        let answer = ask(&worker, &owner, workspace, "select 1 as n").await;
        assert!(answer.get(expected).is_some(), "{workspace}: {answer}");
        holders.push(worker);
    }
    // The project has fewer slots than its workspaces together.
    owner
        .run("update goalpost_private.limits set max_queries_per_workspace = 5")
        .await
        .unwrap();
    let worker = database.worker().await.unwrap();
    let answer = ask(&worker, &owner, "acme", "select 1 as n").await;
    assert!(answer.get("busy").is_some(), "{answer}");
    // A slot is released at the end of its transaction.
    holders.first().unwrap().run("rollback").await.unwrap();
    let answer = ask(&worker, &owner, "acme", "select 1 as n").await;
    assert_eq!(answer["row_count"], 1, "{answer}");
}

#[tokio::test]
async fn worker_token_cannot_lock_notify_or_impersonate() {
    let (database, owner) = world().await;
    let worker = database.worker().await.unwrap();
    let claims = "{\"sub\": \"00000000-0000-4000-8000-000000000001\", \"role\": \"authenticated\"}";
    for query in [
        "select pg_advisory_lock(4711)".to_owned(),
        "select pg_try_advisory_lock(4711)".to_owned(),
        "select pg_notify('pgrst', 'reload schema')".to_owned(),
        "select pg_sleep(3)".to_owned(),
        "select * from net._http_response".to_owned(),
        "select * from net.http_request_queue".to_owned(),
        format!("select set_config('request.jwt.claims', '{claims}', true)"),
        format!(
            "with a as materialized (select set_config('request.jwt.claims', '{claims}', true) as x),
                  b as materialized (select count(*) as n from public.held, a)
             select n, set_config('request.jwt.claims', current_setting('request.jwt.claims'), true) from b"
        ),
        "select (select count(*) from pg_stat_activity) as n".to_owned(),
        "select 1) q; select pg_advisory_lock(4711); select (1".to_owned(),
    ] {
        let answer = ask(&worker, &owner, "acme", &query).await;
        assert_eq!(answer["refused"], "ZG008", "{query}: {answer}");
    }
    let held = "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";
    assert_eq!(owner.json(held).await.unwrap(), json!(0));
}

#[tokio::test]
async fn gate_and_database_allow_the_same_functions() {
    let (database, _) = world().await;
    let owner = database.owner().await.unwrap();
    let (ordinary, catalog) = tools::sql::function_names();
    let sorted = |names: &[&str]| {
        let mut names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        names.sort();
        json!(names)
    };
    let list = |catalog: bool| {
        format!(
            "select to_jsonb(array(select f collate \"C\" from unnest(goalpost_private.query_functions({catalog})) f order by 1))"
        )
    };
    assert_eq!(owner.json(&list(false)).await.unwrap(), sorted(ordinary));
    assert_eq!(
        owner.json(&list(true)).await.unwrap(),
        sorted(&[ordinary, catalog].concat())
    );
}

/// Runs queries that the gate answers or refuses for their size; none runs past its time limit.
#[tokio::test]
async fn uninterruptible_operators_end_in_time() {
    let (database, owner) = world().await;
    let worker = database.worker().await.unwrap();
    let numbers = "array(select generate_series(1, 200000))";
    let text = "(select string_agg('a', '') from generate_series(1, 200000))";
    for expression in [
        format!("{numbers} <@ {numbers}"),
        format!("{numbers} @> {numbers}"),
        format!("{numbers} && {numbers}"),
        format!("to_jsonb({numbers}) @> to_jsonb({numbers})"),
        format!("strpos({text}, {text} || 'b')"),
        format!("position({text} || 'b' in {text})"),
        format!("replace({text}, 'b' || {text}, '')"),
        format!("split_part({text}, 'b' || {text}, 1)"),
        format!("string_to_array({text}, 'b' || {text})"),
        format!("translate({text}, replace({text}, 'a', 'b'), '')"),
        format!("btrim({text}, replace({text}, 'a', 'b') || 'a')"),
        format!("{text} like '%' || {text} || 'b'"),
        format!("{text} ilike '%' || {text} || 'b%'"),
        format!(
            "jsonb_path_exists(jsonb_build_object('a', {numbers}, 'b', array(select -n from generate_series(1, 200000) n)), '$ ? (@.a[*] == @.b[*])')"
        ),
    ] {
        let query = format!("select {expression} as v");
        let prepared = tools::sql::gate::check(&query, &["public".to_owned()]).unwrap();
        let answer = ask(&worker, &owner, "acme", &prepared).await;
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(message.contains("more than 32 kB"), "{query}: {answer}");
        // Without the gate's bounds the database refuses it before it runs.
        let answer = ask(&worker, &owner, "acme", &query).await;
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(
            message.contains("nothing can interrupt"),
            "{query}: {answer}"
        );
    }
}

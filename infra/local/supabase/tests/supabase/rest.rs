//! Tests of REST beyond single requests: broken connections, closed clients, changed functions.

use crate::support::{Database, Gateway, Line, PATIENCE, sent};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::time::Duration;

const COUNTER: &str = "
create table counters (n bigint not null);
insert into counters values (0);
create function bump() returns bigint language sql as $$ update counters set n = n + 1 returning n $$;
create function wait_for_lock(p_lock bigint) returns text language plpgsql as $$
begin
  perform pg_advisory_xact_lock(p_lock);
  update public.counters set n = n + 1;
  return 'waited';
end $$;
create function setting(p_name text) returns text language sql stable as
$$ select current_setting(p_name, true) $$;";

async fn until_ok(request: &dyn Fn() -> reqwest::RequestBuilder, refusals: &[&str]) -> Value {
    let trying = async {
        loop {
            let (status, body) = sent(request()).await;
            if status == 200 {
                return body;
            }
            let code = body["code"].as_str().unwrap_or_default();
            assert!(refusals.contains(&code), "{status} {body}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, trying)
        .await
        .expect("it never worked again")
}

#[tokio::test]
async fn broken_connections_cost_requests_and_no_restart() {
    let database = Database::with(COUNTER).await;
    let gateway = Gateway::over(&database).await;
    assert_eq!(
        sent(gateway.call("bump", &json!({}))).await,
        (200, json!(1))
    );
    assert_eq!(
        sent(gateway.get("counters?select=n")).await,
        (200, json!([{"n": 1}]))
    );
    database.break_connections("goalpost-rest").await;
    let call = || gateway.call("bump", &json!({}));
    assert_eq!(
        until_ok(&call, &["PGRST000", "PGRST001", "57P01"]).await,
        json!(2)
    );
    let read = || gateway.get("counters?select=n");
    assert_eq!(until_ok(&read, &[]).await, json!([{"n": 2}]));
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn stopped_postgres_is_503_until_restarted() {
    let database = Database::with(COUNTER).await;
    let address = database.url("authenticator").await;
    let mut line = Line::to(&address).await;
    let through = line.through(&address);
    let gateway = Gateway::adjusted(&database, |config| config.database_url = through).await;
    assert_eq!(
        sent(gateway.call("bump", &json!({}))).await,
        (200, json!(1))
    );
    line.cut().await;
    let (status, body) = sent(gateway.call("bump", &json!({}))).await;
    assert_eq!(status, 503, "{body}");
    let (status, body) = sent(gateway.call("bump", &json!({}))).await;
    assert_eq!((status, &body["code"]), (503, &json!("PGRST000")), "{body}");
    line.mend().await;
    let call = || gateway.call("bump", &json!({}));
    assert_eq!(until_ok(&call, &["PGRST000", "PGRST001"]).await, json!(2));
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn caller_who_hangs_up_leaves_no_transaction() {
    let database = Database::with(COUNTER).await;
    let gateway = Gateway::adjusted(&database, |config| config.pool_size = 1).await;
    database
        .superuser
        .batch_execute("select pg_advisory_lock(1)")
        .await
        .unwrap();
    let leaving = gateway
        .call("wait_for_lock", &json!({"p_lock": 1}))
        .timeout(Duration::from_secs(30));
    let leaving = tokio::spawn(leaving.send());
    database
        .until(
            "select count(*) from pg_stat_activity where datname = current_database()
        and application_name = 'goalpost-rest' and wait_event = 'advisory'",
            "1",
        )
        .await;
    leaving.abort();
    let _ = leaving.await;
    database
        .superuser
        .batch_execute("select pg_advisory_unlock(1)")
        .await
        .unwrap();
    // The only connection is free again, and the work was committed.
    assert_eq!(
        sent(gateway.call("bump", &json!({}))).await,
        (200, json!(2))
    );
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn busy_pool_is_504() {
    let database = Database::with(COUNTER).await;
    let gateway = Gateway::adjusted(&database, |config| {
        config.pool_size = 1;
        config.pool_wait = Duration::from_millis(100);
    })
    .await;
    sent(gateway.call("bump", &json!({}))).await;
    database
        .superuser
        .batch_execute("select pg_advisory_lock(2)")
        .await
        .unwrap();
    let waiting = tokio::spawn(gateway.call("wait_for_lock", &json!({"p_lock": 2})).send());
    database
        .until(
            "select count(*) from pg_stat_activity where datname = current_database()
        and application_name = 'goalpost-rest' and wait_event = 'advisory'",
            "1",
        )
        .await;
    let (status, body) = sent(gateway.call("bump", &json!({}))).await;
    assert_eq!((status, &body["code"]), (504, &json!("PGRST003")));
    database
        .superuser
        .batch_execute("select pg_advisory_unlock(2)")
        .await
        .unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn changed_function_is_called_with_new_signature() {
    let database =
        Database::with("create function f(a int) returns text language sql as $$ select 'int' $$")
            .await;
    let gateway = Gateway::adjusted(&database, |config| config.pool_size = 1).await;
    assert_eq!(
        sent(gateway.call("f", &json!({"a": 1}))).await,
        (200, json!("int"))
    );
    let change = "drop function f(int);
        create function f(a text) returns jsonb language sql as $$ select jsonb_build_array(a) $$";
    database.owner.batch_execute(change).await.unwrap();
    assert_eq!(
        sent(gateway.call("f", &json!({"a": 1}))).await,
        (200, json!(["1"]))
    );
    let overload =
        "create function f(a text, b text) returns text language sql as $$ select a || b $$";
    database.owner.batch_execute(overload).await.unwrap();
    assert_eq!(
        sent(gateway.call("f", &json!({"a": "x", "b": "y"}))).await,
        (200, json!("xy"))
    );
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn changed_return_type_is_used_after_notification() {
    let database =
        Database::with("create function g() returns int language sql as $$ select 1 $$").await;
    let gateway = Gateway::over(&database).await;
    assert_eq!(sent(gateway.call("g", &json!({}))).await, (200, json!(1)));
    let change = "drop function g();
        create function g() returns setof int language sql as $$ select 1 union all select 2 $$;
        notify pgrst, 'reload schema'";
    database.owner.batch_execute(change).await.unwrap();
    let trying = async {
        while sent(gateway.call("g", &json!({}))).await != (200, json!([1, 2])) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, trying).await.unwrap();
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn new_table_is_served_after_a_notification() {
    let database = Database::with(COUNTER).await;
    let gateway = Gateway::over(&database).await;
    assert_eq!(sent(gateway.get("later")).await.0, 404);
    let create =
        "create table later (id int); insert into later values (7); notify pgrst, 'reload schema'";
    database.owner.batch_execute(create).await.unwrap();
    let read = || gateway.get("later");
    assert_eq!(until_ok(&read, &["PGRST205"]).await, json!([{"id": 7}]));
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn new_table_and_column_are_served_at_once() {
    let database = Database::with(COUNTER).await;
    let gateway = Gateway::over(&database).await;
    assert_eq!(sent(gateway.get("later")).await.0, 404);
    let create = "create table later (id int); insert into later values (7)";
    database.owner.batch_execute(create).await.unwrap();
    assert_eq!(sent(gateway.get("later")).await, (200, json!([{"id": 7}])));
    let change = "alter table later add column word text default 'x'";
    database.owner.batch_execute(change).await.unwrap();
    let word = sent(gateway.get("later?select=word")).await;
    assert_eq!(word, (200, json!([{"word": "x"}])));
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn settings_of_a_request_end_with_it() {
    let database = Database::with(COUNTER).await;
    let gateway = Gateway::adjusted(&database, |config| config.pool_size = 1).await;
    let token = gateway
        .keys
        .sign(&json!({"role": "service_role", "sub": "someone"}));
    let ask = json!({"p_name": "request.jwt.claims"});
    let key = gateway.keys.publishable_key();
    let (_, with_token) = sent(
        gateway
            .call_as(key, "setting", &ask)
            .bearer_auth(token.expose_secret()),
    )
    .await;
    assert!(with_token.as_str().unwrap().contains("someone"));
    let (_, without) = sent(gateway.call_as(key, "setting", &ask)).await;
    assert!(!without.as_str().unwrap().contains("someone"));
    let outside = "select count(*) from pg_stat_activity where application_name = 'goalpost-rest'
        and datname = current_database() and state = 'idle in transaction'";
    assert_eq!(database.text(outside).await, "0");
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn statement_timeout_of_the_role_applies() {
    let database = Database::with(COUNTER).await;
    let gateway = Gateway::over(&database).await;
    let ask = json!({"p_name": "statement_timeout"});
    let key = gateway.keys.publishable_key();
    // The bootstrap gives anon 3 seconds and authenticated 8, as a hosted project does.
    assert_eq!(
        sent(gateway.call_as(key, "setting", &ask)).await,
        (200, json!("3s"))
    );
    let token = gateway
        .keys
        .mint_role_token("authenticated", Duration::from_secs(60));
    let request = gateway
        .call_as(key, "setting", &ask)
        .bearer_auth(token.expose_secret());
    assert_eq!(sent(request).await, (200, json!("8s")));
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn forbidden_role_is_refused_before_any_statement() {
    let database = Database::with(COUNTER).await;
    let gateway = Gateway::over(&database).await;
    let key = gateway.keys.publishable_key();
    for (role, status, code) in [
        ("supabase_admin", 403, "42501"),
        ("missing_role", 401, "22023"),
        ("anon */ select 1; --", 401, "22023"),
    ] {
        let token = gateway.keys.mint_role_token(role, Duration::from_secs(60));
        let request = gateway
            .call_as(key, "bump", &json!({}))
            .bearer_auth(token.expose_secret());
        let (got, body) = sent(request).await;
        assert_eq!(
            (got, body["code"].as_str().unwrap()),
            (status, code),
            "{role}: {body}"
        );
    }
    assert_eq!(database.text("select n from counters").await, "0");
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn prepared_statement_opens_no_schema_for_other_roles() {
    let database = Database::with(
        "create schema closed;
         grant usage on schema closed to service_role;
         create function closed.peek() returns text language sql as $$ select 'seen' $$;",
    )
    .await;
    let gateway = Gateway::adjusted(&database, |config| config.pool_size = 1).await;
    let peek = |request: reqwest::RequestBuilder| sent(request.header("content-profile", "closed"));
    assert_eq!(
        peek(gateway.call("peek", &json!({}))).await,
        (200, json!("seen"))
    );
    let (status, body) =
        peek(gateway.call_as(gateway.keys.publishable_key(), "peek", &json!({}))).await;
    assert_eq!((status, &body["code"]), (401, &json!("42501")));
    assert_eq!(
        peek(gateway.call("peek", &json!({}))).await,
        (200, json!("seen"))
    );
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn expired_tokens_are_refused_with_the_reason() {
    let database = Database::with(COUNTER).await;
    let gateway = Gateway::over(&database).await;
    let token = gateway
        .keys
        .sign(&json!({"role": "authenticated", "exp": chrono::Utc::now().timestamp() - 31}));
    for path in ["rpc/bump", "counters"] {
        let request = gateway.http.post(format!("{}/rest/v1/{path}", gateway.url));
        let request = request
            .header("apikey", gateway.keys.publishable_key())
            .bearer_auth(token.expose_secret());
        let response = request.json(&json!({})).send().await.unwrap();
        assert_eq!(response.status(), 401, "{path}");
        assert!(
            response.headers()["www-authenticate"]
                .to_str()
                .unwrap()
                .contains("JWT expired")
        );
        assert_eq!(response.json::<Value>().await.unwrap()["code"], "PGRST303");
    }
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn callers_beyond_the_pool_are_all_served() {
    let database = Database::with(COUNTER).await;
    let gateway = Gateway::adjusted(&database, |config| config.pool_size = 3).await;
    let calls = (0..60).map(|_| sent(gateway.call("bump", &json!({}))));
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(|(status, _)| *status == 200));
    assert_eq!(database.text("select n from counters").await, "60");
    gateway.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn stopped_surface_holds_no_connection() {
    let database = Database::with(COUNTER).await;
    let gateway = Gateway::over(&database).await;
    sent(gateway.call("bump", &json!({}))).await;
    sent(gateway.get("counters")).await;
    gateway.stop().await;
    let theirs = "select count(*) from pg_stat_activity
        where datname = current_database() and usename = 'authenticator'";
    database.until(theirs, "0").await;
    database.drop().await;
}

//! The rights matrix: several people read and write the same tables through the REST layer and through a step that
//! works for them. Both ways give the same rows, make the same writes and refuse the same.

use std::time::Duration;

use local_stack::stack::{Stack, StackOptions, Switch};
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use system_tests::{set_up_pgtap, stacks};
use uuid::Uuid;

/// Tables whose policies and triggers read everything of a request that PostgREST offers.
const PROJECT: &str = r#"
select tests.world();
create table public.by_tenant (id integer, tenant text);
create policy own on public.by_tenant for all to authenticated
  using (tenant = (select auth.jwt() -> 'app_metadata' ->> 'tenant')) with check (tenant = (select auth.jwt() -> 'app_metadata' ->> 'tenant'));
create policy not_suspended on public.by_tenant as restrictive for all to authenticated
  using ((select auth.jwt() -> 'app_metadata' ->> 'suspended') is null);
insert into public.by_tenant values (1, 't1'), (2, 't2'), (3, 't1');

create table public.by_aal (id integer);
create policy strong on public.by_aal for all to authenticated
  using ((select auth.jwt() ->> 'aal') = 'aal2') with check ((select auth.jwt() ->> 'aal') = 'aal2');
insert into public.by_aal values (1), (2);

create table public.by_person (id integer, owner uuid default auth.uid());
create policy own on public.by_person for all to authenticated using (owner = (select auth.uid())) with check (owner = (select auth.uid()));
insert into public.by_person values (1, tests.id_of('mia')), (2, tests.id_of('petra'));

create table public.by_claim (id integer, email text, plan text);
create policy own on public.by_claim for select to authenticated
  using (email = (select auth.email()) or plan = (select auth.jwt() ->> 'plan'));
insert into public.by_claim values (1, 'mia@tests.example', 'none'), (2, 'nobody@tests.example', 'gold');

create table public.by_role (id integer);
create policy role on public.by_role for select using (current_user = 'authenticated' and (select auth.role()) = 'authenticated');
insert into public.by_role values (1);

create table public.by_header (id integer);
create policy plain on public.by_header for select
  using (coalesce(nullif(current_setting('request.headers', true), '')::json ->> 'x-secret', 'none') = 'none');
insert into public.by_header values (1);

create table public.teams (person uuid);
insert into public.teams values (tests.id_of('petra'));
-- It names its table without a schema, as PostgREST's search path allows.
create function public.is_in_team() returns boolean language plpgsql stable security definer as $$
begin return exists (select from teams where person = auth.uid()); end $$;
create table public.by_team (id integer);
create policy team on public.by_team for select to authenticated using ((select public.is_in_team()));
insert into public.by_team values (1);

create table public.shut (id integer);
revoke all on public.shut from anon, authenticated;

create table public.audit_log (what text, door integer, who text, uid uuid, claims jsonb);
create function public.note_write() returns trigger language plpgsql as $$
begin
  insert into audit_log values (tg_table_name, new.id / 1000, current_user, auth.uid(), auth.jwt() -> 'app_metadata');
  return new;
end $$;
do $$
declare v_table text;
begin
  foreach v_table in array array['by_tenant', 'by_aal', 'by_person', 'by_claim', 'by_role', 'by_header', 'by_team', 'shut'] loop
    execute format('alter table public.%I enable row level security', v_table);
    execute format('create trigger note_write before insert on public.%I for each row execute function public.note_write()', v_table);
    insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of('acme'), 'public', v_table);
  end loop;
end $$;
update auth.users set raw_app_meta_data = '{"tenant": "t1"}' where id = tests.id_of('mia');
update auth.users set raw_app_meta_data = '{"tenant": "t2"}' where id = tests.id_of('petra');
update auth.users set raw_app_meta_data = '{"tenant": "t1", "suspended": true}' where id = tests.id_of('adam');
notify pgrst, 'reload schema';
"#;

const TABLES: [&str; 8] = [
    "by_tenant",
    "by_aal",
    "by_person",
    "by_claim",
    "by_role",
    "by_header",
    "by_team",
    "shut",
];

/// Returns a valid row of each table.
fn row(table: &str, id: i64) -> Value {
    match table {
        "by_tenant" => json!({"id": id, "tenant": "t1"}),
        _ => json!({"id": id}),
    }
}

struct World {
    stack: Stack,
    database: tokio_postgres::Client,
    http: reqwest::Client,
}

/// Person with a token, and a step at work for a request made with it.
struct Asker {
    token: String,
    run_id: i64,
}

impl World {
    async fn new() -> Self {
        let stack = stacks::start_with(|options| StackOptions {
            pg_net: Switch::Off,
            ..options
        })
        .await
        .unwrap();
        set_up_pgtap(stack.server(), stack.database())
            .await
            .unwrap();
        let database = stack.admin_db().await.unwrap();
        database.batch_execute(PROJECT).await.unwrap();
        let world = Self {
            stack,
            database,
            http: reqwest::Client::new(),
        };
        // The REST layer reads new tables only after the notification.
        let without_team = world.token("mia", "aal1", &json!({})).await;
        while world.read("by_team", &without_team).await.0 == StatusCode::NOT_FOUND {
            tokio::task::yield_now().await;
        }
        world
    }

    async fn text(&self, expression: &str) -> String {
        let row = self
            .database
            .query_one(&format!("select ({expression})::text"), &[])
            .await;
        row.unwrap().get(0)
    }

    /// Returns a token as Auth would issue it now: with the account's app_metadata and the additions of a token hook.
    async fn token(&self, person: &str, aal: &str, hook: &Value) -> String {
        let id: Uuid = self
            .text(&format!("tests.id_of('{person}')"))
            .await
            .parse()
            .unwrap();
        let app_metadata: Value = serde_json::from_str(
            &self
                .text(&format!(
                    "select coalesce(raw_app_meta_data, '{{}}') from auth.users where id = '{id}'"
                ))
                .await,
        )
        .unwrap();
        let mut claims: Map<String, Value> = hook.as_object().unwrap().clone();
        claims.insert("aal".into(), json!(aal));
        claims.insert("app_metadata".into(), app_metadata);
        let token = self.stack.keys().mint_user_token_with(
            id,
            &format!("{person}@tests.example"),
            &claims,
            Duration::from_secs(3600),
        );
        token.expose_secret().to_owned()
    }

    fn request(
        &self,
        method: reqwest::Method,
        path: &str,
        token: &str,
        schema: &str,
    ) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}/rest/v1/{path}", self.stack.url()))
            .header("apikey", self.stack.publishable_key())
            .header("content-profile", schema)
            .header("accept-profile", schema)
            .bearer_auth(token)
    }

    async fn read(&self, table: &str, token: &str) -> (StatusCode, Value) {
        let path = format!("{table}?select=id&order=id");
        let request = self.request(reqwest::Method::GET, &path, token, "public");
        let reply = request.send().await.unwrap();
        (reply.status(), reply.json().await.unwrap())
    }

    async fn insert(&self, table: &str, token: &str, row: &Value) -> bool {
        let request = self.request(reqwest::Method::POST, table, token, "public");
        request
            .json(row)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    }

    async fn rpc(&self, schema: &str, function: &str, token: &str, arguments: &Value) -> Value {
        let path = format!("rpc/{function}");
        let request = self.request(reqwest::Method::POST, &path, token, schema);
        let reply = request.json(arguments).send().await.unwrap();
        let status = reply.status();
        let body = reply.text().await.unwrap();
        assert!(status.is_success(), "{function}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Sends a request with the token, and claims a step of it that may write.
    async fn asker(&self, token: String) -> Asker {
        let workspace = self.text("tests.id_of('acme')").await;
        let arguments = json!({"p_workspace_id": workspace, "p_question": "how many?"});
        let accepted = self
            .rpc("goalpost", "accept_request", &token, &arguments)
            .await;
        let run_id = accepted["run_id"].as_i64().unwrap();
        self.work_at(run_id).await;
        Asker { token, run_id }
    }

    async fn work_at(&self, run_id: i64) {
        let sql = format!(
            "update goalpost.steps set kind = 'tool', input = '{{\"tool\": \"table_write\", \"arguments\": {{}}}}' where run_id = {run_id};
             select tests.start({run_id}, 'assess')"
        );
        self.database.batch_execute(&sql).await.unwrap();
    }

    fn worker(&self) -> String {
        let token = self
            .stack
            .keys()
            .mint_worker_token(Duration::from_secs(600));
        token.expose_secret().to_owned()
    }

    async fn query(&self, asker: &Asker, query: &str) -> Value {
        let arguments = json!({
            "p_run_id": asker.run_id, "p_step_key": "assess", "p_lease_epoch": 1,
            "p_query": query, "p_row_limit": 100, "p_byte_limit": 10_000,
        });
        self.rpc(
            "goalpost_worker",
            "answer_query",
            &self.worker(),
            &arguments,
        )
        .await
    }

    async fn write(&self, asker: &Asker, number: usize, table: &str, row: &Value) -> Value {
        let arguments = json!({
            "p_run_id": asker.run_id, "p_step_key": "assess", "p_lease_epoch": 1, "p_call_number": number,
            "p_table": format!("public.{table}"), "p_rows": [row], "p_mode": "insert",
        });
        self.rpc("goalpost_worker", "write_table", &self.worker(), &arguments)
            .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rest_and_steps_grant_the_same_rights() {
    let world = World::new().await;
    let people = [
        ("mia", "aal1", json!({})),
        ("mia", "aal2", json!({})),
        ("petra", "aal2", json!({"plan": "gold"})),
        ("adam", "aal1", json!({})),
        ("olga", "aal1", json!({"plan": "gold"})),
    ];
    let mut rows_seen = 0;
    let mut rows_written = 0;
    for (person, aal, hook) in &people {
        let token = world.token(person, aal, hook).await;
        let asker = world.asker(token).await;
        for table in TABLES {
            let (status, rest) = world.read(table, &asker.token).await;
            let ours = world
                .query(
                    &asker,
                    &format!("select id from public.{table} order by id"),
                )
                .await;
            if status.is_success() {
                rows_seen += rest.as_array().unwrap().len();
                assert_eq!(ours["rows"], rest, "{person} at {aal} reads {table}");
            } else {
                assert_eq!(
                    ours["refused"], "ZG008",
                    "{person} at {aal} reads {table}: {status} {rest}, {ours}"
                );
            }
        }
        for (number, table) in TABLES.iter().enumerate() {
            let through_rest = world.insert(table, &asker.token, &row(table, 1_000)).await;
            let ours = world.write(&asker, number, table, &row(table, 2_000)).await;
            rows_written += usize::from(through_rest);
            assert_eq!(
                ours.get("row_count").is_some(),
                through_rest,
                "{person} at {aal} writes {table}: {ours}"
            );
        }
        let by_door = |door: i32| {
            format!(
                "select coalesce(jsonb_agg(to_jsonb(l) - 'door' order by l.what), '[]') from public.audit_log l where door = {door}"
            )
        };
        assert_eq!(
            world.text(&by_door(1)).await,
            world.text(&by_door(2)).await,
            "what triggers saw of {person} at {aal}"
        );
        let clean = TABLES.map(|table| format!("delete from public.{table} where id >= 1000;"));
        let clean = format!("{} delete from public.audit_log;", clean.concat());
        world.database.batch_execute(&clean).await.unwrap();
    }
    assert!(
        rows_seen >= 15 && rows_written >= 5,
        "{rows_seen} {rows_written}"
    );
    world.stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn banned_and_removed_people_lose_the_step_too() {
    let world = World::new().await;
    let token = world.token("mia", "aal1", &json!({})).await;
    let asker = world.asker(token).await;
    let read = "select id from public.by_tenant";
    assert_eq!(world.query(&asker, read).await["row_count"], 2);

    let now = "goalpost_private.clock()";
    for (change, undo) in [
        (
            format!(
                "update auth.users set banned_until = {now} + interval '1 day' where id = tests.id_of('mia')"
            ),
            "update auth.users set banned_until = null where id = tests.id_of('mia')",
        ),
        (
            "delete from goalpost.members where user_id = tests.id_of('mia')".to_owned(),
            "insert into goalpost.members (workspace_id, user_id, role) values (tests.id_of('acme'), tests.id_of('mia'), 'member')",
        ),
    ] {
        world.database.batch_execute(&change).await.unwrap();
        let reading = world.query(&asker, read).await;
        assert_eq!(reading["refused"], "ZG002", "{change}: {reading}");
        let writing = world
            .write(&asker, 1, "by_tenant", &row("by_tenant", 9))
            .await;
        assert_eq!(writing["refused"], "ZG002", "{change}: {writing}");
        world.database.batch_execute(undo).await.unwrap();
    }
    assert_eq!(world.query(&asker, read).await["row_count"], 2);

    // The token does not contain the suspension: the account is read again.
    let suspend = "update auth.users set raw_app_meta_data = raw_app_meta_data || '{\"suspended\": true}' where id = tests.id_of('mia')";
    world.database.batch_execute(suspend).await.unwrap();
    assert_eq!(world.query(&asker, read).await["row_count"], 0);
    let fresh = world.token("mia", "aal1", &json!({})).await;
    assert_eq!(world.read("by_tenant", &fresh).await.1, json!([]));
    world.stack.stop().await.unwrap();
}

//! The database as the second line of defence: every statement that the gate of the tool `sql` refuses is sent past it,
//! to the function that runs a person's SQL in the database. Nothing changes, and nothing is returned that the person
//! may not see.

use serde_json::{Value, json};
use system_tests::{Database, Session, set_up_pgtap, sqlstate};

const STATEMENTS: [&str; 2] = [
    include_str!("../../shared/tools/src/builtin/sql/gate/refused.txt"),
    include_str!("../../shared/tools/src/builtin/sql/gate/refused_with_catalog.txt"),
];

/// Word in every row that the person may not see.
const CANARY: &str = "canary-5d1f";

/// Snapshot of the database: rows, sequences, roles, settings, functions, rights, large objects.
const SNAPSHOT: &str = r#"
create function tests.snapshot() returns jsonb language plpgsql as $$
declare
  v_name text;
  v_kind "char";
  v_hash text;
  v_all jsonb := '{}';
begin
  for v_name, v_kind in
    select c.oid::regclass::text, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'S', 'm') and n.nspname !~ '^(pg_|information_schema)' order by 1
  loop
    execute format(case v_kind when 'S' then 'select concat(last_value, is_called) from %s'
                     else 'select md5(coalesce(string_agg(t::text, chr(10) order by t::text), '''')) from %s t' end, v_name) into v_hash;
    v_all := v_all || jsonb_build_object(v_name, v_hash);
  end loop;
  return v_all || jsonb_build_object(
    'roles', (select md5(string_agg(r::text, chr(10) order by r.oid)) from pg_authid r),
    'members', (select md5(string_agg(m::text, chr(10) order by m::text)) from pg_auth_members m),
    'settings', (select md5(string_agg(s::text, chr(10) order by s::text)) from pg_db_role_setting s),
    'relations', (select md5(string_agg(concat_ws(',', c.oid, c.relname, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity), chr(10) order by c.oid))
                    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^pg_(temp|toast)'),
    'functions', (select md5(string_agg(concat_ws(',', p.oid, p.xmin, p.proowner, p.proacl), chr(10) order by p.oid)) from pg_proc p),
    'policies', (select md5(string_agg(p::text, chr(10) order by p.oid)) from pg_policy p),
    'triggers', (select count(*) from pg_trigger), 'types', (select count(*) from pg_type t join pg_namespace n on n.oid = t.typnamespace where n.nspname !~ '^pg_(temp|toast)'),
    'schemas', (select md5(string_agg(n::text, chr(10) order by n.oid)) from pg_namespace n where n.nspname !~ '^pg_(temp|toast)'),
    'extensions', (select count(*) from pg_extension), 'large objects', (select count(*) from pg_largeobject_metadata));
end
$$"#;

/// Creates a person's step at work, in a project with tables of its own and another tenant beside it.
async fn world() -> (Database, Value) {
    let database = Database::fresh().await.unwrap();
    set_up_pgtap(database.server(), database.name())
        .await
        .unwrap();
    let owner = database.owner().await.unwrap();
    owner
        .run(&format!(
            "select tests.world();
             create table public.orders (id integer, name text, state text, total numeric, tags text[], lines jsonb, owner uuid);
             create table public.lines (id integer, order_id integer);
             create sequence public.s;
             create function public.f() returns integer language sql as 'select 1';
             grant all on all tables in schema public to authenticated;
             grant all on all sequences in schema public to authenticated;
             alter table public.orders enable row level security;
             create policy own on public.orders using (owner = (select auth.uid()));
             insert into public.orders values (1, 'hers', 'open', 1, '{{}}', '[]', tests.id_of('mia')), (2, '{CANARY}', 'open', 2, '{{}}', '[]', tests.id_of('sam'));
             insert into auth.users (id, email) values (gen_random_uuid(), '{CANARY}@example.com');
             select vault.create_secret('{CANARY}', 'canary');
             insert into goalpost.requests (workspace_id, user_id, question) values (tests.id_of('elsewhere'), tests.id_of('sam'), '{CANARY}');
             create table public.held (run_id bigint);
             revoke all on public.held from authenticated;
             insert into public.held select tests.planned('a');
             select tests.start((select run_id from public.held), 'a');"
        ))
        .await
        .unwrap();
    owner.run(SNAPSHOT).await.unwrap();
    let run_id = owner.json("select run_id from public.held").await.unwrap();
    (database, run_id)
}

async fn send(worker: &Session, run_id: &Value, statement: &str) -> Result<Value, String> {
    let arguments = json!({
        "p_run_id": run_id, "p_step_key": "a", "p_lease_epoch": 1,
        "p_query": statement, "p_row_limit": 1000, "p_byte_limit": 262_144,
    });
    let answer = worker
        .call("goalpost_worker.answer_query", &arguments)
        .await;
    answer.map_err(|error| sqlstate(&error).unwrap_or_else(|| error.to_string()))
}

#[tokio::test]
async fn statements_past_the_gate_read_and_change_nothing() {
    let (database, run_id) = world().await;
    let owner = database.owner().await.unwrap();
    let worker = database.worker().await.unwrap();
    // Statements that only wait end after this time.
    worker.run("set statement_timeout = '300ms'").await.unwrap();
    let before = owner.json("select tests.snapshot()").await.unwrap();
    let fine = send(&worker, &run_id, "select name from orders")
        .await
        .unwrap();
    assert_eq!(
        fine["rows"],
        json!([{"name": "hers"}]),
        "the function runs what it is sent"
    );

    let statements = STATEMENTS.iter().flat_map(|text| text.lines());
    let statements: Vec<&str> = statements
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect();
    assert!(statements.len() >= 300, "{}", statements.len());
    let mut refused = 0;
    for statement in &statements {
        match send(&worker, &run_id, statement).await {
            Ok(answer) => {
                assert!(
                    !answer.to_string().contains(CANARY),
                    "{statement}: {answer}"
                );
                refused += usize::from(answer.get("refused").is_some());
            }
            // It waited until it was cancelled.
            Err(code) => assert_eq!(code, "57014", "{statement}"),
        }
    }
    println!(
        "{} statements, {refused} of them refused by the database too",
        statements.len()
    );
    let after = owner.json("select tests.snapshot()").await.unwrap();
    assert_eq!(after, before);
    let fine = send(
        &worker,
        &run_id,
        "select auth.uid() as me, current_user as role",
    )
    .await
    .unwrap();
    assert_eq!(fine["rows"][0]["role"], "authenticated", "{fine}");
}

//! `supabase/schemas` and `supabase/runbooks` are the source of the database: the generated migration builds the same one.

use local_stack::postgres::{Server, database, schemas};
use system_tests::{Database, catalog, workspace};

#[test]
fn generated_migration_is_up_to_date() {
    let workspace = workspace();
    let generated = schemas::generate(&workspace).unwrap();
    let committed = std::fs::read_to_string(workspace.join(schemas::BASELINE)).unwrap();
    assert!(
        generated == committed,
        "{} differs from supabase/schemas and supabase/runbooks; run `cargo harness migrations`",
        schemas::BASELINE
    );
}

#[tokio::test]
async fn schemas_and_migrations_build_same_database() {
    let server = Server::shared_by_tests().await.unwrap();
    let name = format!("schemas_{}", uuid::Uuid::new_v4().simple());
    database::create_empty(server, &name).await.unwrap();
    schemas::apply(server, &name).await.unwrap();
    let built = catalog::read(&server.connect("postgres", &name).await.unwrap())
        .await
        .unwrap();
    let migrated = Database::fresh().await.unwrap();
    let migrated = catalog::read(&server.connect("postgres", migrated.name()).await.unwrap())
        .await
        .unwrap();
    database::drop(server, &name).await.unwrap();
    let differences: Vec<&String> = built.symmetric_difference(&migrated).collect();
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
async fn comparison_notices_each_kind_of_change() {
    let test = Database::fresh().await.unwrap();
    let owner = test
        .server()
        .connect("postgres", test.name())
        .await
        .unwrap();
    let before = catalog::read(&owner).await.unwrap();
    for change in [
        "alter table goalpost.steps alter column title drop not null",
        "alter table goalpost.steps drop constraint state_is_known",
        "drop index goalpost.steps_ready",
        "create or replace function goalpost_private.clock() returns timestamptz language sql volatile
           set search_path = '' as $$ select now() $$",
        "drop policy members_ask on goalpost.requests",
        "alter table goalpost.events disable row level security",
        "grant insert on goalpost.goals to authenticated",
        "grant update (title) on goalpost.goals to authenticated",
        "grant execute on function goalpost_private.clock() to authenticated",
        "alter table goalpost.steps disable trigger refuse_illegal_transition",
        "comment on table goalpost.steps is 'changed'",
        "select cron.unschedule('goalpost-sweep'), cron.schedule('other', '1 second', 'select 1')",
        "update goalpost.tools set max_calls_per_step = 7 where name = 'sql'",
    ] {
        owner.batch_execute("begin").await.unwrap();
        owner.batch_execute(change).await.unwrap();
        let after = catalog::read(&owner).await.unwrap();
        owner.batch_execute("rollback").await.unwrap();
        assert!(after != before, "not noticed: {change}");
    }
}

/// Names of RPCs of people and of the functions, of which a file may define one.
const RPC: [&str; 2] = [
    "create function goalpost.",
    "create function goalpost_worker.",
];

#[test]
fn each_rpc_has_a_file_of_its_name() {
    for schemas::Source { path, sql } in schemas::sources(&workspace()).unwrap() {
        let names: Vec<&str> = sql
            .lines()
            .filter_map(|line| RPC.iter().find_map(|prefix| line.strip_prefix(prefix)))
            .filter_map(|rest| rest.split('(').next())
            .collect();
        let stem = path.file_stem().unwrap().to_string_lossy();
        assert!(
            names.is_empty() || names == [stem.as_ref()],
            "{} defines the RPCs {names:?}; each has a file of its own name",
            path.display()
        );
    }
}

#[tokio::test]
async fn each_exposed_table_and_view_has_a_comment() {
    let test = Database::fresh().await.unwrap();
    let missing = test
        .server()
        .connect("postgres", test.name())
        .await
        .unwrap()
        .query(
            "select c.relname::text from pg_class c where c.relnamespace = 'goalpost'::regnamespace
                and c.relkind in ('r', 'v') and obj_description(c.oid, 'pg_class') is null",
            &[],
        )
        .await
        .unwrap();
    let missing: Vec<String> = missing.iter().map(|row| row.get(0)).collect();
    assert_eq!(missing, Vec::<String>::new());
}

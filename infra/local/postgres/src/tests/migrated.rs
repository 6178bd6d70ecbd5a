//! Tests of migrations and the seed: order, record, errors.

use super::databases::write_migration;
use super::*;

/// A workspace for one test, with a database on the server that this process's tests share.
struct Fixture {
    base: tempfile::TempDir,
    server: Server,
    name: String,
}

impl Fixture {
    async fn new() -> Self {
        let (shared, name) = database().await;
        let (base, home) = home_of_its_own();
        Self {
            base,
            server: Server::given(home, shared.address.clone()),
            name,
        }
    }

    fn file(&self, stem: &str, text: &str) {
        write_migration(self.base.path(), stem, text);
    }

    async fn apply(&self) -> anyhow::Result<usize> {
        migrations::apply(&self.server, &self.name).await
    }

    async fn failure(&self) -> String {
        self.apply().await.unwrap_err().to_string()
    }

    async fn client(&self) -> Client {
        self.server.connect("postgres", &self.name).await.unwrap()
    }
}

#[tokio::test]
async fn files_are_applied_in_order_once_and_recorded() {
    let fixture = Fixture::new().await;
    fixture.file("20260102_second", "alter table things add name text;");
    fixture.file(
        "20260101_first",
        "create table things (id int);\ninsert into things values (1);",
    );
    assert_eq!(fixture.apply().await.unwrap(), 2);
    assert_eq!(fixture.apply().await.unwrap(), 0);
    let record = "select string_agg(concat_ws('|', version, name, cardinality(statements)), ' ' order by version)
        from supabase_migrations.schema_migrations";
    let client = fixture.client().await;
    assert_eq!(
        text(&client, record).await.as_deref(),
        Some("20260101|first|2 20260102|second|1")
    );
}

#[tokio::test]
async fn migration_runs_without_superuser_rights() {
    let fixture = Fixture::new().await;
    fixture.file("1_too_much", "create role boss superuser;");
    let error = fixture.failure().await;
    assert!(
        error.contains("1_too_much.sql:1") && error.contains("42501"),
        "{error}"
    );
}

#[tokio::test]
async fn error_names_its_place_and_undoes_the_file() {
    let fixture = Fixture::new().await;
    fixture.file("1_good", "create table good (id int);");
    fixture.file(
        "2_bad",
        "create table bad (id int);\n\n-- a comment\nselect\n  idd\nfrom good;\n",
    );
    let error = fixture.failure().await;
    assert!(error.contains("2_bad.sql:5: "), "{error}");
    assert!(error.contains("hint: Perhaps you meant"), "{error}");
    let client = fixture.client().await;
    assert!(
        is_true(
            &client,
            "to_regclass('good') is not null and to_regclass('bad') is null"
        )
        .await
    );
    fixture.file("2_bad", "create table bad (id int);");
    assert_eq!(fixture.apply().await.unwrap(), 1);
}

#[tokio::test]
async fn error_without_position_is_placed_at_its_statement() {
    let fixture = Fixture::new().await;
    fixture.file(
        "1_twice",
        "create table t (id int);\n-- once more\ncreate table t (id int);",
    );
    let error = fixture.failure().await;
    assert!(error.contains("1_twice.sql:3: "), "{error}");
}

#[tokio::test]
async fn error_in_a_generated_migration_names_its_source() {
    let fixture = Fixture::new().await;
    fixture.file("1_sql", "-- file: a/b.sql\n\nselect 1;\nselect nothing;");
    let error = fixture.failure().await;
    assert!(error.starts_with("a/b.sql:2: "), "{error}");

    let fixture = Fixture::new().await;
    fixture.file("1_runbook", "-- file: c/d.yaml\n\nselect nothing;");
    let error = fixture.failure().await;
    assert!(error.starts_with("c/d.yaml: "), "{error}");
}

#[tokio::test]
async fn settings_of_a_file_end_with_it() {
    let fixture = Fixture::new().await;
    fixture.file(
        "1_sets",
        "set search_path = ''; set role anon; reset role; set role service_role;",
    );
    fixture.file("2_makes", "create table things (id int);");
    fixture.apply().await.unwrap();
    let owner =
        "select tableowner from pg_tables where schemaname = 'public' and tablename = 'things'";
    assert_eq!(
        text(&fixture.client().await, owner).await.as_deref(),
        Some("postgres")
    );
}

#[tokio::test]
async fn changed_file_is_refused_after_it_was_applied() {
    let fixture = Fixture::new().await;
    fixture.file("1_things", "create table things (id int);");
    fixture.apply().await.unwrap();
    fixture.file("1_things", "create table things (id bigint);");
    let error = fixture.failure().await;
    assert!(
        error.contains("1_things.sql") && error.contains("goalpost reset"),
        "{error}"
    );
}

#[tokio::test]
async fn names_without_an_order_are_refused() {
    let fixture = Fixture::new().await;
    fixture.file("1_one", "select 1;");
    fixture.file("1_other", "select 1;");
    assert!(fixture.failure().await.contains("the same version"));
    fixture.file("things", "select 1;");
    assert!(fixture.failure().await.contains("things.sql is not named"));
}

#[tokio::test]
async fn seed_is_applied_whole_or_not_at_all() {
    let fixture = Fixture::new().await;
    let seeded = async || seed::apply(&fixture.server, &fixture.name).await;
    assert_eq!(seeded().await.unwrap(), 0, "there is no folder");
    let folder = fixture.base.path().join("supabase/seeds");
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("10_shop.sql", "create table shop (id int);");
    write(
        "20_rows.sql",
        "insert into shop values (1);\nselect no_such_column;",
    );
    write("notes.md", "no SQL");
    let error = seeded().await.unwrap_err().to_string();
    assert!(error.contains("20_rows.sql:2: "), "{error}");
    write("20_rows.sql", "insert into shop values (1);");
    assert_eq!(seeded().await.unwrap(), 2, "the first file left no table");
}

#[tokio::test]
async fn migrations_and_seed_of_this_project_apply() {
    let server = Server::shared_by_tests().await.unwrap();
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    database::create_from_template(server, &name).await.unwrap();
    seed::apply(server, &name).await.unwrap();
    assert_eq!(migrations::apply(server, &name).await.unwrap(), 0);
}

#[tokio::test]
async fn database_without_storage_accepts_the_migrations() {
    let (server, name) = database().await;
    let superuser = server.connect(SUPERUSER, &name).await.unwrap();
    superuser
        .batch_execute("drop schema storage cascade")
        .await
        .unwrap();
    assert!(migrations::apply(server, &name).await.unwrap() > 0);
}

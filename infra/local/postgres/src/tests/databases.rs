//! Tests of databases: templates, clones, names.

use super::*;

#[tokio::test]
async fn clone_has_the_migrations_and_belongs_to_postgres() {
    let (base, home) = home_of_its_own();
    write_migration(
        base.path(),
        "1_things",
        "create table public.things (id int primary key);",
    );
    let server = server_of(&home, Purpose::Tests).unwrap();
    database::create_from_template(&server, "one")
        .await
        .unwrap();
    database::create_from_template(&server, "two")
        .await
        .unwrap();
    let one = server.connect("postgres", "one").await.unwrap();
    one.batch_execute("insert into things values (1)")
        .await
        .unwrap();
    let two = server.connect("postgres", "two").await.unwrap();
    assert_eq!(
        text(&two, "select count(*) from things").await.as_deref(),
        Some("0")
    );
    let owner = "select pg_get_userbyid(datdba) from pg_database where datname = 'one'";
    assert_eq!(text(&two, owner).await.as_deref(), Some("postgres"));
}

#[tokio::test]
async fn template_is_reused_until_a_migration_changes() {
    let (base, home) = home_of_its_own();
    write_migration(base.path(), "1_things", "create table things (id int);");
    let server = server_of(&home, Purpose::Stack).unwrap();
    let first = database::ensure_template(&server).await.unwrap();
    drop(server);
    let server = server_of(&home, Purpose::Stack).unwrap();
    let admin = server.connect(SUPERUSER, "postgres").await.unwrap();
    let made = format!("select oid from pg_database where datname = '{first}'");
    let before = text(&admin, &made).await;
    assert_eq!(database::ensure_template(&server).await.unwrap(), first);
    assert_eq!(text(&admin, &made).await, before);
    drop(server);

    write_migration(base.path(), "1_things", "create table things (id bigint);");
    let server = server_of(&home, Purpose::Stack).unwrap();
    assert_ne!(database::ensure_template(&server).await.unwrap(), first);
    let admin = server.connect(SUPERUSER, "postgres").await.unwrap();
    assert_eq!(text(&admin, &made).await, None, "the old one is gone");
}

#[tokio::test]
async fn template_with_failed_migration_is_not_used() {
    let (base, home) = home_of_its_own();
    write_migration(base.path(), "1_bad", "select no_such_thing;");
    let server = server_of(&home, Purpose::Tests).unwrap();
    let first = database::create_from_template(&server, "one")
        .await
        .unwrap_err();
    let second = database::create_from_template(&server, "one")
        .await
        .unwrap_err();
    assert_eq!(first.to_string(), second.to_string());
    assert!(first.to_string().contains("1_bad.sql:1"), "{first}");
}

#[tokio::test]
async fn many_clones_are_created_at_once() {
    let (_base, home) = home_of_its_own();
    let server = server_of(&home, Purpose::Tests).unwrap();
    let names: Vec<String> = (0..8).map(|number| format!("clone_{number}")).collect();
    let clones = names
        .iter()
        .map(|name| database::create_from_template(&server, name));
    for made in futures::future::join_all(clones).await {
        made.unwrap();
    }
}

#[tokio::test]
async fn used_or_missing_database_can_be_dropped() {
    let (server, name) = database().await;
    let client = server.connect("postgres", &name).await.unwrap();
    database::drop(server, &name).await.unwrap();
    client.batch_execute("select 1").await.unwrap_err();
    database::drop(server, &name).await.unwrap();
}

#[tokio::test]
async fn names_requiring_quotes_are_refused() {
    let server = Server::shared_by_tests().await.unwrap();
    for name in [
        "",
        "Has Capitals",
        "x; drop database postgres",
        "1st",
        "a\"b",
    ] {
        let error = database::create_empty(server, name).await.unwrap_err();
        assert!(error.to_string().contains("not a database name"), "{error}");
    }
}

pub(super) fn write_migration(workspace: &std::path::Path, stem: &str, text: &str) {
    std::fs::write(
        workspace.join(format!("supabase/migrations/{stem}.sql")),
        text,
    )
    .unwrap();
}

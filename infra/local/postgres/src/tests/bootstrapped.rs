//! Tests of a database before its first migration, compared with a hosted project's.

use super::*;

#[tokio::test]
async fn postgres_is_no_superuser_with_its_hosted_rights() {
    let client = session().await;
    let attributes =
        "select concat_ws(' ', rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls)
        from pg_roles where rolname = current_user";
    assert_eq!(
        text(&client, attributes).await.as_deref(),
        Some("f t t t t")
    );
    client
        .batch_execute("create role worker nologin; grant worker to authenticator")
        .await
        .unwrap();
    client.batch_execute("drop role worker").await.unwrap();
}

#[tokio::test]
async fn authenticator_becomes_only_the_api_roles() {
    let (server, name) = database().await;
    let client = server.connect("authenticator", &name).await.unwrap();
    for role in ["anon", "authenticated", "service_role"] {
        client
            .batch_execute(&format!("set role {role}; reset role"))
            .await
            .unwrap();
    }
    assert_eq!(refusal(&client, "set role postgres").await, "42501");
    assert_eq!(
        text(&client, "current_setting('statement_timeout')")
            .await
            .as_deref(),
        Some("8s")
    );
}

#[tokio::test]
async fn login_requires_the_password() {
    let (server, name) = database().await;
    let url = server.url(SUPERUSER, &name);
    let without = format!(
        "postgres://{SUPERUSER}:wrong{}",
        &url[url.find('@').unwrap()..]
    );
    let refused = tokio_postgres::connect(&without, tokio_postgres::NoTls)
        .await
        .err()
        .unwrap();
    assert_eq!(refused.as_db_error().unwrap().code().code(), "28P01");
}

#[tokio::test]
async fn identity_is_read_from_either_form_of_claims() {
    let client = session().await;
    let id = "11111111-2222-3333-4444-555555555555";
    client
        .batch_execute("set role authenticated")
        .await
        .unwrap();
    assert_eq!(text(&client, "auth.uid()").await, None);
    let claims = format!("{{\"sub\":\"{id}\",\"role\":\"authenticated\",\"email\":\"a@b.c\"}}");
    client
        .batch_execute(&format!("set request.jwt.claims = '{claims}'"))
        .await
        .unwrap();
    assert_eq!(text(&client, "auth.uid()").await.as_deref(), Some(id));
    assert_eq!(
        text(&client, "auth.role() || ' ' || auth.email()")
            .await
            .as_deref(),
        Some("authenticated a@b.c")
    );
    assert_eq!(
        text(&client, "auth.jwt() ->> 'sub'").await.as_deref(),
        Some(id)
    );
    client
        .batch_execute(&format!(
            "reset request.jwt.claims; set request.jwt.claim.sub = '{id}'"
        ))
        .await
        .unwrap();
    assert_eq!(text(&client, "auth.uid()").await.as_deref(), Some(id));
}

#[tokio::test]
async fn only_tables_in_public_are_open_by_default() {
    let client = session().await;
    let tables =
        "create table public.open (id int); create schema ours; create table ours.closed (id int);
        grant usage on schema ours to anon; set role anon";
    client.batch_execute(tables).await.unwrap();
    client
        .batch_execute("insert into public.open values (1)")
        .await
        .unwrap();
    assert_eq!(refusal(&client, "select from ours.closed").await, "42501");
    assert_eq!(refusal(&client, "select from auth.users").await, "42501");
}

#[tokio::test]
async fn postgres_may_add_and_reference_people_and_publish() {
    let client = session().await;
    client
        .batch_execute(
            "insert into auth.users (id, email) values (gen_random_uuid(), 'a@b.c');
             create table public.notes (author_id uuid references auth.users (id));
             alter publication supabase_realtime add table public.notes",
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn api_roles_have_their_hosted_time_limits() {
    let client = session().await;
    let limits = "select string_agg(rolname || ' ' || array_to_string(rolconfig, ','), '; ' order by rolname)
        from pg_roles where rolname in ('anon', 'authenticated')";
    assert_eq!(
        text(&client, limits).await.as_deref(),
        Some("anon statement_timeout=3s; authenticated statement_timeout=8s")
    );
}

#[tokio::test]
async fn repeated_bootstrap_changes_nothing() {
    let (server, name) = database().await;
    let client = server.connect("postgres", &name).await.unwrap();
    let person = "insert into auth.users (id, email) values (gen_random_uuid(), 'a@b.c')";
    client.batch_execute(person).await.unwrap();
    database::bootstrap(server, &name).await.unwrap();
    assert_eq!(
        text(&client, "select email from auth.users")
            .await
            .as_deref(),
        Some("a@b.c")
    );
}

#[tokio::test]
async fn postgres_may_write_policies_but_not_alter_storage() {
    let client = session().await;
    client
        .batch_execute(
            "create policy p on storage.objects for select to anon using (true);
             alter policy p on storage.objects using (false);
             drop policy p on storage.objects;
             insert into storage.buckets (id, name) values ('b', 'b');
             create role putter nologin;
             grant usage on schema storage to putter;
             grant select, insert on storage.objects to putter;
             revoke all on storage.objects from putter; revoke all on schema storage from putter;
             drop role putter",
        )
        .await
        .unwrap();
    for statement in [
        "alter table storage.objects disable row level security",
        "alter table storage.objects add column more text",
        "create index on storage.objects (created_at)",
        "create table storage.mine (id int)",
        "create function storage.mine() returns int language sql as 'select 1'",
        "drop table storage.objects",
        "drop function storage.foldername(text)",
        "set role supabase_storage_admin",
        "delete from storage.buckets",
    ] {
        assert_eq!(refusal(&client, statement).await, "42501", "{statement}");
    }
}

#[tokio::test]
async fn object_names_are_split_as_policies_expect() {
    let client = session().await;
    let parts = "storage.foldername('a/b/c.tar.gz')::text || ' ' || storage.filename('a/b/c.tar.gz') || ' ' || \
                 storage.extension('a/b/c.tar.gz') || ' ' || storage.foldername('c')::text";
    assert_eq!(
        text(&client, parts).await.as_deref(),
        Some("{a,b} c.tar.gz gz {}")
    );
}

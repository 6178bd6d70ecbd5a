//! Tests of the extensions, created as a migration creates them: by plain statements, as `postgres`.

use super::*;

#[tokio::test]
async fn needed_extensions_are_created_by_plain_statements() {
    let client = session().await;
    client
        .batch_execute(
            "create extension if not exists pg_net with schema extensions;
             create extension if not exists pg_cron with schema pg_catalog;
             create extension if not exists pgmq;
             create extension if not exists supabase_vault with schema vault;
             create extension if not exists vector with schema extensions;
             create extension if not exists pgcrypto with schema extensions",
        )
        .await
        .unwrap();
    let count = "select count(*) from pg_extension where extname = any ($1)";
    let count: i64 = client
        .query_one(count, &[&&extensions::NEEDED[..]])
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 6);
}

#[tokio::test]
async fn queues_work_for_postgres() {
    let client = session().await;
    client
        .batch_execute("create extension pgmq; select pgmq.create('inbound')")
        .await
        .unwrap();
    client
        .batch_execute(r#"select pgmq.send('inbound', '{"a": 1}'::jsonb, 0)"#)
        .await
        .unwrap();
    let read = "select string_agg(msg_id || ' ' || read_ct || ' ' || (message ->> 'a'), ',') from pgmq.read('inbound', 30, 5)";
    assert_eq!(text(&client, read).await.as_deref(), Some("1 1 1"));
    assert_eq!(
        text(&client, read).await,
        None,
        "it is out of sight for its visibility timeout"
    );
    assert_eq!(
        text(&client, "pgmq.archive('inbound', 1)").await.as_deref(),
        Some("true")
    );
    assert_eq!(
        text(&client, "select queue_length from pgmq.metrics('inbound')")
            .await
            .as_deref(),
        Some("0")
    );
}

#[tokio::test]
async fn pgmq_objects_belong_to_postgres_as_hosted() {
    let client = session().await;
    client
        .batch_execute("create extension pgmq; select pgmq.create('inbound')")
        .await
        .unwrap();
    client
        .batch_execute("alter table pgmq.q_inbound enable row level security")
        .await
        .unwrap();
    let others = "select count(*) from pg_proc
        where pronamespace = 'pgmq'::regnamespace and proowner <> 'postgres'::regrole";
    assert_eq!(text(&client, others).await.as_deref(), Some("0"));
}

#[tokio::test]
async fn vectors_have_distances_and_an_index() {
    let client = session().await;
    client
        .batch_execute(
            "create table points (place vector(2)); insert into points values ('[0,0]'), ('[3,4]');
             create index on points using hnsw (place vector_l2_ops)",
        )
        .await
        .unwrap();
    let farthest = "select max(place <-> '[0,0]') from points";
    assert_eq!(text(&client, farthest).await.as_deref(), Some("5"));
}

/// Checks test cases 1, 2 and 6 of RFC 4231 (the last has a key longer than a block), and 2 of RFC 2202.
#[tokio::test]
async fn hmac_returns_the_published_values() {
    let client = session().await;
    client
        .batch_execute("create extension pgcrypto with schema extensions")
        .await
        .unwrap();
    for (data, key, algorithm, begins) in [
        (
            "convert_to('Hi There', 'UTF8')",
            r"decode(repeat('0b', 20), 'hex')",
            "sha256",
            "b0344c61d8db38535ca8afceaf0bf12b",
        ),
        (
            "'what do ya want for nothing?'",
            "'Jefe'",
            "sha256",
            "5bdcc146bf60754e6a042426089575c7",
        ),
        (
            "'what do ya want for nothing?'",
            "'Jefe'",
            "sha512",
            "164b7a7bfcf819e2e395fbe73b56e0a3",
        ),
        (
            "'what do ya want for nothing?'",
            "'Jefe'",
            "sha384",
            "af45d2e376484031617f78d2b58a6b1b",
        ),
        (
            "'what do ya want for nothing?'",
            "'Jefe'",
            "md5",
            "750c783e6ab0b503eaa86e310a5db738",
        ),
        (
            "convert_to('Test Using Larger Than Block-Size Key - Hash Key First', 'UTF8')",
            r"decode(repeat('aa', 131), 'hex')",
            "sha256",
            "60e431591ee0b67f0d8a26aacbf5b77f",
        ),
    ] {
        let found = text(
            &client,
            &format!("encode(hmac({data}, {key}, '{algorithm}'), 'hex')"),
        )
        .await
        .unwrap();
        assert!(found.starts_with(begins), "{algorithm}: {found}");
    }
}

#[tokio::test]
async fn digests_match_postgres_and_unknown_ones_are_named() {
    let client = session().await;
    client
        .batch_execute("create extension pgcrypto with schema extensions")
        .await
        .unwrap();
    assert!(is_true(&client, "digest('abc', 'SHA256') = sha256('abc')").await);
    assert!(is_true(&client, "encode(digest('abc', 'md5'), 'hex') = md5('abc')").await);
    assert_eq!(
        refusal(&client, "select digest('abc', 'whirlpool')").await,
        "22023"
    );
}

#[tokio::test]
async fn random_bytes_have_their_length_and_differ() {
    let client = session().await;
    client
        .batch_execute("create extension pgcrypto with schema extensions")
        .await
        .unwrap();
    for length in [1, 13, 32, 1024] {
        assert!(
            is_true(
                &client,
                &format!("length(gen_random_bytes({length})) = {length}")
            )
            .await
        );
    }
    assert!(is_true(&client, "gen_random_bytes(16) <> gen_random_bytes(16)").await);
    assert_eq!(
        refusal(&client, "select gen_random_bytes(0)").await,
        "39000"
    );
    assert_eq!(
        refusal(&client, "select gen_random_bytes(1025)").await,
        "39000"
    );
}

#[tokio::test]
async fn secret_is_readable_only_through_decrypted_view() {
    let client = session().await;
    client
        .batch_execute("create extension supabase_vault with schema vault")
        .await
        .unwrap();
    let id = text(
        &client,
        "vault.create_secret('a secret value', 'wake_secret')",
    )
    .await
    .unwrap();
    let read = "select decrypted_secret from vault.decrypted_secrets where name = 'wake_secret'";
    assert_eq!(text(&client, read).await.as_deref(), Some("a secret value"));
    assert!(
        is_true(
            &client,
            "(select secret not like '%secret value%' from vault.secrets)"
        )
        .await
    );
    client
        .batch_execute(&format!("select vault.update_secret('{id}', 'ünlike')"))
        .await
        .unwrap();
    assert_eq!(text(&client, read).await.as_deref(), Some("ünlike"));
    assert_eq!(
        refusal(
            &client,
            "select vault.create_secret('again', 'wake_secret')"
        )
        .await,
        "23505"
    );
    assert_eq!(
        refusal(&client, "update vault.secrets set secret = 'x'").await,
        "42501"
    );
    client
        .batch_execute("set role authenticated")
        .await
        .unwrap();
    assert_eq!(refusal(&client, read).await, "42501");
    assert_eq!(
        refusal(&client, "select vault.create_secret('mine')").await,
        "42501"
    );
}

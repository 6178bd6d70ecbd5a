//! Tests of pg_net's worker with endpoints that answer, fail, hang and redirect.

use crate::support::{Database, Endpoint};
use local_postgres::SUPERUSER;
use local_supabase::pg_net::{PgNetOptions, PgNetWorker};
use std::time::Duration;

fn eager() -> PgNetOptions {
    PgNetOptions {
        pause: Duration::ZERO,
        ..PgNetOptions::default()
    }
}

async fn stage() -> (Database, Endpoint) {
    (
        Database::with("create extension pg_net with schema extensions").await,
        Endpoint::open().await,
    )
}

async fn worker(database: &Database, options: PgNetOptions) -> PgNetWorker {
    PgNetWorker::start(&database.url(SUPERUSER).await, options).unwrap()
}

async fn post(database: &Database, url: &str, timeout: i32) -> i64 {
    let query = "select net.http_post($1::text, '{\"a\": 1}', timeout_milliseconds => $2::int)";
    database
        .owner
        .query_one(query, &[&url, &timeout])
        .await
        .unwrap()
        .get(0)
}

const RESPONSES: &str = "select count(*) from net._http_response";

#[tokio::test]
async fn committed_request_is_sent_and_response_stored() {
    let (database, endpoint) = stage().await;
    let worker = worker(&database, eager()).await;
    let query = "select net.http_post($1::text, '{\"a\": 1}', '{\"q\": \"x y\"}', '{\"x-one\": \"1\"}', 1000)";
    database
        .owner
        .query_one(query, &[&format!("{}/ok", endpoint.url)])
        .await
        .unwrap();
    database.until(RESPONSES, "1").await;
    let (_, headers, body) = endpoint.hits("ok").remove(0);
    assert_eq!(body, "{\"a\": 1}");
    assert_eq!(headers["x-one"], "1");
    assert_eq!(headers["content-type"], "application/json");
    let row = "select concat_ws('|', status_code, content, content_type, headers ->> 'x-kind', timed_out, error_msg)
                 from net._http_response";
    assert_eq!(
        database.text(row).await,
        "200|{\"ok\":true}|application/json|fine|f"
    );
    assert_eq!(
        database
            .text("select count(*) from net.http_request_queue")
            .await,
        "0"
    );
    worker.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn rolled_back_request_is_never_sent() {
    let (mut database, endpoint) = stage().await;
    let worker = worker(&database, eager()).await;
    let transaction = database.owner.transaction().await.unwrap();
    let query = "select net.http_post($1::text)";
    transaction
        .query_one(query, &[&format!("{}/error", endpoint.url)])
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    post(&database, &format!("{}/ok", endpoint.url), 1000).await;
    database.until(RESPONSES, "1").await;
    assert!(endpoint.hits("error").is_empty());
    worker.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn responses_are_visible_after_the_slowest() {
    let (mut database, endpoint) = stage().await;
    let worker = worker(&database, eager()).await;
    let transaction = database.owner.transaction().await.unwrap();
    for name in ["ok", "slow"] {
        let query = "select net.http_post($1::text, timeout_milliseconds => 60000)";
        transaction
            .query_one(query, &[&format!("{}/{name}", endpoint.url)])
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
    endpoint.until_hits("ok", 1).await;
    endpoint.until_hits("slow", 1).await;
    assert_eq!(database.text(RESPONSES).await, "0");
    endpoint.release_one();
    database.until(RESPONSES, "2").await;
    worker.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn timeout_is_recorded_and_not_retried() {
    let (database, endpoint) = stage().await;
    let worker = worker(&database, eager()).await;
    post(&database, &format!("{}/slow", endpoint.url), 50).await;
    database
        .until(
            "select string_agg(timed_out::text, ',') from net._http_response",
            "true",
        )
        .await;
    let message = database
        .text("select error_msg from net._http_response")
        .await;
    assert!(message.starts_with("Timeout of 50 ms reached"), "{message}");
    // Another request shows that the worker is done with the first.
    post(&database, &format!("{}/ok", endpoint.url), 1000).await;
    database.until(RESPONSES, "2").await;
    assert_eq!(endpoint.hits("slow").len(), 1);
    worker.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn error_status_is_a_response() {
    let (database, endpoint) = stage().await;
    let worker = worker(&database, eager()).await;
    post(&database, &format!("{}/error", endpoint.url), 1000).await;
    database
        .until(
            "select string_agg(status_code || content, ',') from net._http_response",
            "500broken",
        )
        .await;
    post(&database, &format!("{}/ok", endpoint.url), 1000).await;
    database.until(RESPONSES, "2").await;
    assert_eq!(endpoint.hits("error").len(), 1);
    worker.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn missing_endpoint_is_recorded() {
    let (database, _endpoint) = stage().await;
    let worker = worker(&database, eager()).await;
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    post(&database, &format!("http://{unused}/"), 1000).await;
    database
        .until(
            "select string_agg(error_msg, ',') from net._http_response",
            "Couldn't connect to server",
        )
        .await;
    post(&database, "not an address", 1000).await;
    database
        .until(
            "select count(*) from net._http_response where error_msg like 'URL using bad%'",
            "1",
        )
        .await;
    worker.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn redirects_are_followed() {
    let (database, endpoint) = stage().await;
    let worker = worker(&database, eager()).await;
    post(&database, &format!("{}/redirect", endpoint.url), 1000).await;
    database
        .until(
            "select string_agg(status_code::text, ',') from net._http_response",
            "200",
        )
        .await;
    assert_eq!(
        (endpoint.hits("redirect").len(), endpoint.hits("ok").len()),
        (1, 1)
    );
    worker.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn killed_worker_sends_its_batch_again() {
    let (database, endpoint) = stage().await;
    let first = worker(&database, eager()).await;
    post(&database, &format!("{}/slow", endpoint.url), 60_000).await;
    endpoint.until_hits("slow", 1).await;
    first.kill().await;
    database
        .until("select count(*) from net.http_request_queue", "1")
        .await;
    let second = worker(&database, eager()).await;
    endpoint.until_hits("slow", 2).await;
    endpoint.release_one();
    endpoint.release_one();
    database.until(RESPONSES, "1").await;
    second.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn lost_connection_is_reopened() {
    let (database, endpoint) = stage().await;
    let worker = worker(&database, eager()).await;
    post(&database, &format!("{}/ok", endpoint.url), 1000).await;
    database.until(RESPONSES, "1").await;
    database.break_connections("pg_net").await;
    post(&database, &format!("{}/ok", endpoint.url), 1000).await;
    database.until(RESPONSES, "2").await;
    worker.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn earlier_requests_are_sent_at_the_start() {
    let (database, endpoint) = stage().await;
    post(&database, &format!("{}/ok", endpoint.url), 1000).await;
    let worker = worker(&database, eager()).await;
    database.until(RESPONSES, "1").await;
    worker.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn rest_of_full_batch_waits_for_the_pause() {
    let (mut database, endpoint) = stage().await;
    let patient = PgNetOptions {
        batch_size: 2,
        pause: Duration::from_secs(3600),
        ..PgNetOptions::default()
    };
    let transaction = database.owner.transaction().await.unwrap();
    for _ in 0..3 {
        let query = "select net.http_post($1::text, timeout_milliseconds => 1000)";
        transaction
            .query_one(query, &[&format!("{}/ok", endpoint.url)])
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
    let worker = worker(&database, patient).await;
    database.until(RESPONSES, "2").await;
    assert_eq!(
        database
            .text("select count(*) from net.http_request_queue")
            .await,
        "1"
    );
    // A wake ends the pause.
    database
        .owner
        .batch_execute("select net.wake()")
        .await
        .unwrap();
    database.until(RESPONSES, "3").await;
    worker.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn expired_responses_are_purged() {
    let (database, endpoint) = stage().await;
    let old =
        "insert into net._http_response (id, created) values (-1, now() - interval '7 hours')";
    database.superuser.batch_execute(old).await.unwrap();
    let worker = worker(&database, eager()).await;
    post(&database, &format!("{}/ok", endpoint.url), 1000).await;
    database.until("select string_agg(id::text, ',') from net._http_response where id >= 0 or created < now() - interval '1 hour'", "1").await;
    worker.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn extension_may_be_created_after_the_worker() {
    let database = Database::new().await;
    let endpoint = Endpoint::open().await;
    let worker = worker(&database, eager()).await;
    database
        .owner
        .batch_execute("create extension pg_net with schema extensions")
        .await
        .unwrap();
    post(&database, &format!("{}/ok", endpoint.url), 1000).await;
    database.until(RESPONSES, "1").await;
    worker.stop().await;
    database.drop().await;
}

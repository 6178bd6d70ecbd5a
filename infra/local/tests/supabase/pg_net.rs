//! pg_net's worker, tried with endpoints that answer, fail, hang and redirect.

use crate::support::{Database, Endpoint};
use local_stack::{
    pg_net::{PgNetOptions, PgNetWorker},
    postgres::SUPERUSER,
};
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
async fn a_committed_request_is_sent_and_its_response_stored() {
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
async fn a_request_that_is_rolled_back_is_never_sent() {
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
async fn answers_are_seen_only_when_the_slowest_of_the_batch_is_done() {
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
async fn a_timeout_is_recorded_and_not_retried() {
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
async fn an_error_status_is_a_response_like_any_other() {
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
async fn an_endpoint_that_is_not_there_is_recorded() {
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
async fn a_worker_killed_in_a_batch_sends_it_again() {
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
async fn a_lost_connection_is_taken_up_again() {
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
async fn requests_from_before_the_worker_are_sent() {
    let (database, endpoint) = stage().await;
    post(&database, &format!("{}/ok", endpoint.url), 1000).await;
    let worker = worker(&database, eager()).await;
    database.until(RESPONSES, "1").await;
    worker.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn a_full_batch_leaves_the_rest_for_the_next_one_after_the_pause() {
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
async fn responses_are_purged_when_their_time_is_over() {
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
async fn the_extension_may_come_after_the_worker() {
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

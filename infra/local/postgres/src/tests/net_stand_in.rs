//! Tests of pg_net's SQL half: queued requests, and wakes of the worker.

use futures::{StreamExt, stream};
use tokio_postgres::AsyncMessage;

use super::*;

/// Opens a session with pg_net, and one that receives its wakes.
async fn with_listener() -> (Client, Client, impl stream::Stream<Item = String> + Unpin) {
    let (server, name) = database().await;
    let client = server.connect("postgres", &name).await.unwrap();
    client
        .batch_execute("create extension pg_net with schema extensions")
        .await
        .unwrap();
    let url = server.url("postgres", &name);
    let (listener, mut connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
        while let Some(Ok(message)) = messages.next().await {
            if let AsyncMessage::Notification(wake) = message {
                let _ = sender.send(wake.payload().to_owned());
            }
        }
    });
    listener.batch_execute("listen pg_net_wake").await.unwrap();
    let wakes = Box::pin(stream::unfold(receiver, async |mut receiver| {
        Some((receiver.recv().await?, receiver))
    }));
    (client, listener, wakes)
}

/// Returns every wake that has been sent by now: a notification to oneself arrives after them.
async fn received(
    listener: &Client,
    wakes: &mut (impl stream::Stream<Item = String> + Unpin),
) -> usize {
    listener
        .batch_execute("notify pg_net_wake, 'that is all'")
        .await
        .unwrap();
    let mut count = 0;
    while wakes.next().await.unwrap() != "that is all" {
        count += 1;
    }
    count
}

#[tokio::test]
async fn worker_is_woken_once_at_commit() {
    let (mut client, listener, mut wakes) = with_listener().await;
    let transaction = client.transaction().await.unwrap();
    transaction
        .batch_execute("select net.http_get('http://a'), net.http_post('http://b')")
        .await
        .unwrap();
    assert_eq!(received(&listener, &mut wakes).await, 0);
    transaction.commit().await.unwrap();
    assert_eq!(received(&listener, &mut wakes).await, 1);
}

#[tokio::test]
async fn rollback_and_direct_insert_send_no_wake() {
    let (client, listener, mut wakes) = with_listener().await;
    client
        .batch_execute("begin; select net.http_get('http://a'); rollback")
        .await
        .unwrap();
    client
        .batch_execute(
            "insert into net.http_request_queue (method, url, timeout_milliseconds) values ('GET', 'http://a', 1)",
        )
        .await
        .unwrap();
    assert_eq!(received(&listener, &mut wakes).await, 0);
}

#[tokio::test]
async fn post_is_queued_as_documented() {
    let (client, _listener, _wakes) = with_listener().await;
    client
        .batch_execute(
            r#"select net.http_post(url := 'http://a/b', body := '{"n": 1}', params := '{"q": "a b&ü"}',
               headers := '{"x-key": "1"}', timeout_milliseconds := 900)"#,
        )
        .await
        .unwrap();
    let row = "select concat_ws(' ', method, url, headers, convert_from(body, 'UTF8'), timeout_milliseconds)
        from net.http_request_queue";
    assert_eq!(
        text(&client, row).await.as_deref(),
        Some(
            r#"POST http://a/b?q=a%20b%26%C3%BC {"x-key": "1", "Content-Type": "application/json"} {"n": 1} 900"#
        )
    );
}

#[tokio::test]
async fn timeouts_default_to_five_seconds() {
    let (client, _listener, _wakes) = with_listener().await;
    client
        .batch_execute("select net.http_get('http://a'), net.http_post('http://a'), net.http_delete('http://a')")
        .await
        .unwrap();
    let all = "select string_agg(method || ' ' || timeout_milliseconds, ', ' order by id) from net.http_request_queue";
    assert_eq!(
        text(&client, all).await.as_deref(),
        Some("GET 5000, POST 5000, DELETE 5000")
    );
}

#[tokio::test]
async fn post_without_json_is_refused() {
    let (client, _listener, _wakes) = with_listener().await;
    let post = r#"select net.http_post('http://a', headers := '{"content-type": "text/plain"}')"#;
    assert_eq!(refusal(&client, post).await, "P0001");
    let put = "insert into net.http_request_queue (method, url, timeout_milliseconds) values ('PUT', 'http://a', 1)";
    assert_eq!(refusal(&client, put).await, "23514");
}

#[tokio::test]
async fn crash_empties_both_tables() {
    let (_base, home) = home_of_its_own();
    let server = server_of(&home, Purpose::Tests).unwrap();
    database::create_empty(&server, "app").await.unwrap();
    let client = server.connect("postgres", "app").await.unwrap();
    client
        .batch_execute("create extension pg_net; select net.http_get('http://a')")
        .await
        .unwrap();
    client
        .batch_execute("insert into net._http_response (id, status_code) values (1, 200)")
        .await
        .unwrap();
    server.crash().unwrap();
    server.start_again().unwrap();
    let client = server.connect("postgres", "app").await.unwrap();
    let left =
        "(select count(*) from net.http_request_queue) + (select count(*) from net._http_response)";
    assert_eq!(text(&client, left).await.as_deref(), Some("0"));
}

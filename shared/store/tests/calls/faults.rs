//! Servers that fail, and replies that cannot be read.

use std::time::Duration;

use store::{Effect, Error};

use crate::support::{Reply, Server};
use crate::{CLAIM, store_at, store_with};

#[tokio::test]
async fn silent_server_runs_into_time_limit() {
    let server = Server::replying(vec![Reply::Silence]).await;
    let store = store_with(&server.url, Duration::from_millis(50), |_| "t".to_owned());
    let error = store.claim_steps(&CLAIM, None).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unavailable {
                effect: Effect::Unknown,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn absent_server_is_unavailable_without_effect() {
    // Port 1 is reserved and has no listener.
    let error = store_at("http://127.0.0.1:1")
        .claim_steps(&CLAIM, None)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unavailable {
                effect: Effect::None,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn redirect_is_refused_and_receives_no_token() {
    let server = Server::replying(vec![Reply::Text(307, String::new())]).await;
    let store = store_at(&server.url);
    let error = store.claim_steps(&CLAIM, None).await.unwrap_err();
    assert_eq!(error.code(), "database_rejected", "{error}");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn malformed_replies_are_errors_without_quotes() {
    for body in [
        "",
        "<html>secret</html>",
        "{\"secret\":1}",
        "[{\"run_id\":\"secret\"}]",
    ] {
        let server = Server::replying(vec![Reply::Text(200, body.to_owned())]).await;
        let error = store_at(&server.url)
            .claim_steps(&CLAIM, None)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "database_reply_malformed");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn oversized_reply_is_not_read_completely() {
    let long = format!("{{{}}}", " ".repeat(store::MAX_REPLY_BYTES));
    let server = Server::replying(vec![Reply::Text(200, long)]).await;
    let error = store_at(&server.url).sweep().await.unwrap_err();
    assert_eq!(error.code(), "database_reply_malformed");
}

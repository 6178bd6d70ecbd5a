//! Repeated calls and their limits.

use domain::{LeaseEpoch, RunId};
use secrecy::SecretString;
use serde_json::json;
use store::{Claim, Lease};

use crate::support::{Reply, Server};
use crate::{CLAIM, refusal, request, store_at};

#[tokio::test]
async fn repeatable_call_is_repeated_at_most_twice() {
    let busy = Reply::Json(503, refusal("53300"));
    let server = Server::replying(vec![
        busy.clone(),
        Reply::Hangup,
        Reply::Json(200, json!({})),
    ])
    .await;
    assert!(store_at(&server.url).sweep().await.is_ok());
    assert_eq!(server.received().len(), 3);

    let server = Server::replying(vec![busy]).await;
    let error = store_at(&server.url).sweep().await.unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn repeated_claim_sends_held_leases() {
    let held = [Lease {
        run_id: RunId(7),
        step_key: "a".parse().unwrap(),
        lease_epoch: LeaseEpoch(3),
    }];
    let claim = Claim {
        holding: &held,
        ..CLAIM
    };
    for lost in [Reply::Hangup, Reply::Text(502, String::new())] {
        let server = Server::replying(vec![lost, Reply::Json(200, json!([]))]).await;
        let claimed = store_at(&server.url).claim_steps(&claim, None).await;
        assert!(claimed.unwrap().is_empty());
        let received = server.received();
        assert_eq!(received.len(), 2);
        assert_eq!(
            received[0].body["p_holding"],
            json!(null),
            "the first call sends no held leases"
        );
        assert_eq!(received[1].body["p_holding"][0]["step_key"], "a");
    }
}

#[tokio::test]
async fn report_after_lost_reply_sends_held_leases() {
    let reply = json!({"outcomes": [], "claimed": []});
    let server = Server::replying(vec![Reply::Json(200, reply)]).await;
    let claim = Claim {
        reply_was_lost: true,
        ..CLAIM
    };
    store_at(&server.url)
        .finish_steps(&[], &claim)
        .await
        .unwrap();
    assert_eq!(server.received()[0].body["p_holding"], json!([]));
}

#[tokio::test]
async fn timed_out_statement_is_not_repeated() {
    let server = Server::replying(vec![Reply::Json(500, refusal("57014"))]).await;
    assert!(store_at(&server.url).sweep().await.is_err());
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn request_without_idempotency_key_is_not_repeated() {
    let caller = SecretString::from("caller.token");
    for (key, tries) in [(None, 1), (Some("order-66"), 3)] {
        let server = Server::replying(vec![Reply::Hangup]).await;
        let accepted = store_at(&server.url)
            .accept_request(&caller, &request(key))
            .await;
        assert!(accepted.is_err());
        assert_eq!(server.received().len(), tries);
        assert_eq!(
            server.received()[0].header("content-profile"),
            Some("goalpost")
        );
    }
}

//! Tests of `Event` invocations.

use bytes::Bytes;
use local_aws::lambda::{InvocationType, Reply};
use serde_json::json;

use crate::stage::{Prompter, Stage};

async fn send(stage: &Stage, payload: serde_json::Value) {
    let sent = stage
        .host
        .invoke(
            "echo",
            Bytes::from(payload.to_string()),
            InvocationType::Event,
        )
        .await
        .unwrap();
    assert_eq!(sent.reply, Reply::Accepted);
}

#[tokio::test]
async fn failed_event_is_retried_twice_with_its_id() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    send(&stage, json!({"number": 1})).await;
    let mut ids = Vec::new();
    for command in [
        json!({"do": "fail"}),
        json!({"do": "exit", "code": 1}),
        json!({"do": "fail"}),
    ] {
        let mut cue = prompter.cue().await;
        assert_eq!(cue.event, json!({"number": 1}));
        cue.command(command).await;
        ids.push(cue.request_id);
    }
    let stats = stage.until(|stats| stats.events_dropped == 1).await;
    assert_eq!((stats.invocations, stats.errors), (3, 3));
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    stage.host.stop().await;
}

#[tokio::test]
async fn event_succeeding_on_last_attempt_is_kept() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    send(&stage, json!(1)).await;
    prompter.cue().await.command(json!({"do": "fail"})).await;
    prompter.cue().await.reply(json!("done")).await;
    let stats = stage.until(|stats| stats.invocations == 2).await;
    assert_eq!((stats.errors, stats.events_dropped), (1, 0));
    stage.host.stop().await;
}

#[tokio::test]
async fn events_wait_for_capacity_behind_callers() {
    let prompter = Prompter::new().await;
    let mut function = prompter.echo();
    function.max_sandboxes = 1;
    function.max_waiting = 1;
    let stage = Stage::with(function).await;
    send(&stage, json!("event 1")).await;
    let mut first = prompter.cue().await;
    for number in 2..=4 {
        send(&stage, json!(format!("event {number}"))).await;
    }
    stage.until(|stats| stats.waiting_events == 3).await;
    let caller = stage.begin(json!("caller"));
    stage.until(|stats| stats.waiting_callers == 1).await;
    first.reply(json!(null)).await;
    let mut second = prompter.cue().await;
    assert_eq!(second.event, json!("caller"));
    second.reply(json!("served")).await;
    assert_eq!(caller.await.unwrap(), Ok(json!("served")));
    for _ in 2..=4 {
        prompter.cue().await.reply(json!(null)).await;
    }
    let stats = stage.until(|stats| stats.invocations == 5).await;
    assert_eq!(stats.throttles, 0);
    stage.host.stop().await;
}

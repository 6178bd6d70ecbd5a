//! Tests of schedules.

use std::time::Duration;

use local_aws::schedule::{Rate, Schedule, Scheduler, Service};
use serde_json::json;

use crate::stage::{Prompter, Stage, echo};

fn every(period: Duration, function: &str) -> Schedule {
    Schedule {
        name: "sweep".to_owned(),
        function: function.to_owned(),
        rate: Rate::every(period).unwrap(),
        service: Service::Scheduler,
    }
}

#[tokio::test]
async fn schedule_invokes_its_function_until_stopped() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    let scheduler = Scheduler::start(&stage.host, vec![every(Duration::from_millis(20), "echo")])
        .await
        .unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let mut cue = prompter.cue().await;
        assert_eq!(cue.event["detail-type"], "Scheduled Event");
        assert_eq!(
            cue.event["resources"],
            json!(["arn:aws:scheduler:us-east-1:000000000000:schedule/default/sweep"])
        );
        ids.push(cue.event["id"].clone());
        cue.reply(json!(null)).await;
    }
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
    scheduler.stop();
    stage.host.stop().await;
}

#[tokio::test]
async fn failed_tick_is_retried_like_an_event() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    let scheduler = Scheduler::start(&stage.host, vec![every(Duration::from_millis(50), "echo")])
        .await
        .unwrap();
    let mut first = prompter.cue().await;
    scheduler.stop();
    first.command(json!({"do": "fail"})).await;
    let mut again = prompter.cue().await;
    while again.event["id"] != first.event["id"] {
        // A tick that came before the stop.
        again.reply(json!(null)).await;
        again = prompter.cue().await;
    }
    again.reply(json!(null)).await;
    stage.host.stop().await;
}

#[tokio::test]
async fn schedule_without_a_target_is_refused() {
    let stage = Stage::with(echo()).await;
    let refused =
        Scheduler::start(&stage.host, vec![every(Duration::from_secs(1), "missing")]).await;
    let error = format!("{:#}", refused.err().expect("it must not start"));
    assert!(
        error.contains("sweep") && error.contains("missing"),
        "{error}"
    );
    stage.host.stop().await;
}

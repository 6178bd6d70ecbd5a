//! Tests of the distribution of invocations over sandboxes, and of the time between them.

use std::time::Duration;

use local_aws::lambda::Refusal;
use serde_json::{Value, json};

use crate::stage::{Prompter, Stage, echo, process_state, until_process};

#[tokio::test]
async fn function_answers_its_event() {
    let stage = Stage::with(echo()).await;
    assert_eq!(
        stage.stats().sandboxes.len(),
        0,
        "nothing is started before it is needed"
    );
    assert_eq!(
        stage.invoke(json!({"hello": "world"})).await.unwrap(),
        json!({"hello": "world"})
    );
    let stats = stage.stats();
    assert_eq!(
        (stats.invocations, stats.cold_starts, stats.errors),
        (1, 1, 0)
    );
    assert!(stats.last_init > Duration::ZERO);
    stage.host.stop().await;
}

#[tokio::test]
async fn sandboxes_take_one_invocation_up_to_the_cap() {
    let prompter = Prompter::new().await;
    let mut function = prompter.echo();
    function.max_sandboxes = 2;
    function.max_waiting = 1;
    let stage = Stage::with(function).await;
    let first = stage.begin(json!(1));
    let second = stage.begin(json!(2));
    let (mut one, mut two) = (prompter.cue().await, prompter.cue().await);
    assert_ne!(one.process_id, two.process_id);
    let third = stage.begin(json!(3));
    stage.until(|stats| stats.waiting_callers == 1).await;
    assert_eq!(
        stage.invoke(json!(4)).await,
        Err(Refusal::Throttled),
        "cap reached, and the queue is full"
    );
    assert_eq!(stage.stats().sandboxes.len(), 2);
    assert_eq!(stage.stats().throttles, 1);
    one.reply(json!("done")).await;
    let mut three = prompter.cue().await;
    assert_eq!(
        three.process_id, one.process_id,
        "the waiting one runs in the sandbox that is free"
    );
    assert_eq!(three.event, json!(3));
    two.reply(json!("done")).await;
    three.reply(json!("done")).await;
    for invocation in [first, second, third] {
        assert_eq!(invocation.await.unwrap(), Ok(json!("done")));
    }
    assert_eq!(stage.stats().sandboxes.len(), 2);
    stage.host.stop().await;
}

#[tokio::test]
async fn callers_do_not_wait_by_default() {
    let prompter = Prompter::new().await;
    let mut function = prompter.echo();
    function.max_sandboxes = 1;
    let stage = Stage::with(function).await;
    let first = stage.begin(json!(1));
    let mut cue = prompter.cue().await;
    assert_eq!(stage.invoke(json!(2)).await, Err(Refusal::Throttled));
    cue.reply(json!(1)).await;
    first.await.unwrap().unwrap();
    stage.host.stop().await;
}

#[tokio::test]
async fn successive_callers_share_a_sandbox() {
    let stage = Stage::with(echo()).await;
    for number in 0..200 {
        assert_eq!(stage.invoke(json!(number)).await, Ok(json!(number)));
    }
    // On a busy machine a sandbox may now and then be too slow to poll again.
    assert!(stage.stats().cold_starts < 10, "{:?}", stage.stats());
    stage.host.stop().await;
}

#[tokio::test]
async fn sandbox_is_frozen_only_between_invocations() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    for _ in 0..20 {
        let invocation = stage.begin(Value::Null);
        let mut cue = prompter.cue().await;
        let process = i64::try_from(cue.process_id).unwrap();
        assert_ne!(process_state(process), Some('T'));
        assert!(!stage.stats().sandboxes[0].is_frozen);
        cue.reply(json!("thawed")).await;
        assert_eq!(invocation.await.unwrap(), Ok(json!("thawed")));
        stage.until(|stats| stats.idle() == 1).await;
        assert!(
            stage.stats().sandboxes[0].is_frozen,
            "idle and frozen are one change"
        );
        until_process(process, |state| state == Some('T')).await;
    }
    assert_eq!(stage.stats().cold_starts, 1);
    stage.host.stop().await;
}

#[tokio::test]
async fn concurrent_callers_receive_their_own_answers() {
    let mut function = echo();
    function.max_sandboxes = 3;
    function.max_waiting = 1000;
    let stage = Stage::with(function).await;
    let callers: Vec<_> = (0..300)
        .map(|number| stage.begin(json!({"number": number})))
        .collect();
    for (number, caller) in callers.into_iter().enumerate() {
        assert_eq!(caller.await.unwrap(), Ok(json!({"number": number})));
    }
    let stats = stage.stats();
    assert_eq!(stats.invocations, 300);
    assert!(stats.sandboxes.len() <= 3, "{stats:?}");
    stage.host.stop().await;
}

#[tokio::test]
async fn idle_sandbox_is_ended_after_its_time() {
    let prompter = Prompter::new().await;
    let stage = Stage::set(prompter.echo(), |config| {
        config.idle_sandbox_lifetime = Duration::from_millis(50)
    })
    .await;
    let invocation = stage.begin(Value::Null);
    let mut cue = prompter.cue().await;
    cue.command(json!({"do": "hold"})).await;
    invocation.await.unwrap().unwrap();
    cue.end_of_process().await;
    stage.until(|stats| stats.sandboxes.is_empty()).await;
    let again = stage.begin(Value::Null);
    prompter.cue().await.reply(json!("a new one")).await;
    assert_eq!(again.await.unwrap(), Ok(json!("a new one")));
    stage.host.stop().await;
}

#[tokio::test]
async fn managed_instance_runs_concurrently_and_is_never_frozen() {
    let prompter = Prompter::new().await;
    let mut function = prompter.echo();
    function.max_sandboxes = 1;
    function.invocations_per_sandbox = 3;
    let stage = Stage::with(function).await;
    let callers: Vec<_> = (0..3).map(|number| stage.begin(json!(number))).collect();
    let mut cues = Vec::new();
    for _ in 0..3 {
        cues.push(prompter.cue().await);
    }
    assert!(cues.iter().all(|cue| cue.process_id == cues[0].process_id));
    assert_eq!(stage.invoke(json!(4)).await, Err(Refusal::Throttled));
    for cue in &mut cues {
        cue.reply(json!("done")).await;
    }
    for caller in callers {
        assert_eq!(caller.await.unwrap(), Ok(json!("done")));
    }
    stage.until(|stats| stats.idle() == 1).await;
    assert!(!stage.stats().sandboxes[0].is_frozen);
    stage.host.stop().await;
}

#[tokio::test]
async fn changed_environment_reaches_new_sandboxes_only() {
    let (before, after) = (Prompter::new().await, Prompter::new().await);
    let stage = Stage::with(before.echo()).await;
    let (idle, working) = (stage.begin(json!(1)), stage.begin(json!(2)));
    let (mut one, mut two) = (before.cue().await, before.cue().await);
    one.reply(json!("done")).await;
    stage
        .until(|stats| stats.sandboxes.iter().filter(|one| one.is_frozen).count() == 1)
        .await;
    stage
        .host
        .set_environment(&[("ASK".to_owned(), after.address())].into());
    until_gone(one.process_id).await;
    let later = stage.begin(json!(3));
    let mut three = after.cue().await;
    assert_eq!(
        three.event,
        json!(3),
        "it runs in a sandbox with the new value"
    );
    three.reply(json!("done")).await;
    two.reply(json!("done")).await;
    until_gone(two.process_id).await;
    for invocation in [idle, working, later] {
        assert_eq!(
            invocation.await.unwrap(),
            Ok(json!("done")),
            "no invocation fails for the change"
        );
    }
    stage.host.stop().await;
}

/// Waits until a sandbox's process has ended.
async fn until_gone(process_id: u64) {
    let process_id = i64::try_from(process_id).unwrap();
    until_process(process_id, |state| matches!(state, None | Some('Z'))).await;
}

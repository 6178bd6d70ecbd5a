//! Tests of time limits, crashes, and the end of the host.

use std::{
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use local_aws::lambda::Refusal;
use serde_json::{Value, json};

use crate::stage::{Prompter, Stage, echo, example, kill, process_state, raw, until_process};

#[tokio::test]
async fn slow_invocation_is_answered_and_its_sandbox_killed() {
    let prompter = Prompter::new().await;
    let mut function = prompter.echo();
    function.timeout = Duration::from_millis(300);
    function.max_sandboxes = 1;
    let stage = Stage::with(function).await;
    let started = Instant::now();
    let invocation = stage.begin(Value::Null);
    let mut cue = prompter.cue().await;
    cue.command(json!({"do": "hang"})).await;
    let answer = invocation.await.unwrap().unwrap();
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(answer["failed"]["errorType"], "Sandbox.Timedout");
    let message = answer["failed"]["errorMessage"].as_str().unwrap();
    assert_eq!(
        message,
        format!(
            "RequestId: {} Error: Task timed out after 0.30 seconds",
            cue.request_id
        )
    );
    let killed = cue.process_id;
    cue.end_of_process().await;
    let next = stage.begin(Value::Null);
    let mut cue = prompter.cue().await;
    assert_ne!(cue.process_id, killed);
    cue.reply(json!("alive")).await;
    assert_eq!(next.await.unwrap(), Ok(json!("alive")));
    let stats = stage.stats();
    assert_eq!((stats.timeouts, stats.errors, stats.cold_starts), (1, 1, 2));
    stage.host.stop().await;
}

#[tokio::test]
async fn managed_instance_survives_a_timeout() {
    let prompter = Prompter::new().await;
    let mut function = prompter.echo();
    function.timeout = Duration::from_millis(300);
    function.max_sandboxes = 1;
    function.invocations_per_sandbox = 2;
    let stage = Stage::with(function).await;
    let late = stage.begin(Value::Null);
    let mut late_cue = prompter.cue().await;
    assert_eq!(
        late.await.unwrap().unwrap()["failed"]["errorType"],
        "Sandbox.Timedout"
    );
    let next = stage.begin(Value::Null);
    let mut cue = prompter.cue().await;
    assert_eq!(cue.process_id, late_cue.process_id);
    late_cue.reply(json!("too late")).await;
    cue.reply(json!("in time")).await;
    assert_eq!(next.await.unwrap(), Ok(json!("in time")));
    assert_eq!(stage.stats().cold_starts, 1);
    stage.host.stop().await;
}

#[tokio::test]
async fn sandbox_is_killed_when_polling_stops() {
    let mut function = raw("never_comes_back");
    function.timeout = Duration::from_millis(200);
    function.max_sandboxes = 1;
    function.max_waiting = 1;
    let stage = Stage::with(function).await;
    assert_eq!(stage.invoke(Value::Null).await, Ok(json!("done")));
    // Only a second sandbox can answer it, and there is capacity for one.
    assert_eq!(stage.invoke(Value::Null).await, Ok(json!("done")));
    stage
        .until(|stats| stats.timeouts == 2 && stats.sandboxes.is_empty())
        .await;
    assert_eq!(stage.stats().errors, 0);
    stage.host.stop().await;
}

#[tokio::test]
async fn slow_poll_delays_no_other_invocation() {
    let stage = Stage::with(raw("never_comes_back")).await;
    for _ in 0..3 {
        assert_eq!(stage.invoke(Value::Null).await, Ok(json!("done")));
    }
    assert_eq!(stage.stats().sandboxes.len(), 3);
    stage.host.stop().await;
}

#[tokio::test]
async fn crash_is_answered_and_sandbox_replaced() {
    let mut function = echo();
    function.max_sandboxes = 1;
    let stage = Stage::with(function).await;
    for (command, reason) in [
        (
            json!({"do": "exit", "code": 3}),
            "Runtime exited with error: exit status 3",
        ),
        (
            json!({"do": "exit", "code": 0}),
            "Runtime exited without providing a reason",
        ),
        (
            json!({"do": "abort"}),
            "Runtime exited with error: signal: aborted",
        ),
    ] {
        let answer = stage.invoke(command).await.unwrap();
        assert_eq!(answer["failed"]["errorType"], "Runtime.ExitError");
        assert!(
            answer["failed"]["errorMessage"]
                .as_str()
                .unwrap()
                .ends_with(reason),
            "{answer}"
        );
        assert_eq!(stage.invoke(json!("alive")).await, Ok(json!("alive")));
    }
    assert_eq!(stage.stats().cold_starts, 4);
    stage.host.stop().await;
}

#[tokio::test]
async fn killed_idle_sandbox_is_not_counted_as_idle() {
    let mut function = echo();
    function.max_sandboxes = 1;
    let stage = Stage::with(function).await;
    for number in 0..5 {
        assert_eq!(stage.invoke(json!(number)).await, Ok(json!(number)));
        let stats = stage.until(|stats| stats.idle() == 1).await;
        kill(stats.sandboxes[0].process_id.into());
        stage.until(|stats| stats.sandboxes.is_empty()).await;
        assert_eq!(stage.stats().idle(), 0);
    }
    assert_eq!(stage.stats().errors, 0);
    stage.host.stop().await;
}

#[tokio::test]
async fn invocation_after_idle_sandbox_death_is_answered() {
    // A program with one thread has nothing open once it has ended.
    let mut function = raw("plain");
    function.max_sandboxes = 1;
    function.max_waiting = 1;
    let stage = Stage::with(function).await;
    for _ in 0..10 {
        assert_eq!(stage.invoke(Value::Null).await, Ok(json!("done")));
        let process =
            i64::from(stage.until(|stats| stats.idle() == 1).await.sandboxes[0].process_id);
        kill(process);
        // Read without informing the host.
        while !matches!(process_state(process), None | Some('Z')) {}
    }
    assert_eq!(stage.stats().errors, 0);
    stage.host.stop().await;
}

#[tokio::test]
async fn no_sandbox_runs_unguarded() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    let first = stage.begin(Value::Null);
    let mut cue = prompter.cue().await;
    cue.command(json!({"do": "hang"})).await;
    // The guard leads the process group of all sandboxes.
    let process = nix::unistd::Pid::from_raw(i32::try_from(cue.process_id).unwrap());
    let guard = nix::unistd::getpgid(Some(process)).unwrap();
    assert_ne!(
        guard,
        nix::unistd::getpgrp(),
        "sandboxes are not in the host's own group"
    );
    kill(guard.as_raw().into());
    until_process(guard.as_raw().into(), |state| {
        matches!(state, None | Some('Z'))
    })
    .await;
    let second = stage.begin(Value::Null);
    let mut next = prompter.cue().await;
    assert_eq!(
        first.await.unwrap().unwrap()["failed"]["errorType"],
        "Runtime.ExitError"
    );
    cue.end_of_process().await;
    next.reply(json!("guarded")).await;
    assert_eq!(second.await.unwrap(), Ok(json!("guarded")));
    stage.host.stop().await;
}

#[tokio::test]
async fn start_error_is_the_answer_after_second_attempt() {
    let stage = Stage::with(raw("init_error")).await;
    let answer = stage.invoke(Value::Null).await.unwrap();
    let expected = json!({"failed": {"errorType": "Config.Missing", "errorMessage": "SUPABASE_URL is not set"}});
    assert_eq!(answer, expected);
    assert_eq!(stage.stats().cold_starts, 0);
    assert_eq!(stage.stats().errors, 1);
    stage.host.stop().await;
}

#[tokio::test]
async fn program_exit_at_start_is_reported() {
    let stage = Stage::with(raw("exit_at_start")).await;
    let answer = stage.invoke(Value::Null).await.unwrap();
    assert_eq!(answer["failed"]["errorType"], "Runtime.ExitError");
    assert!(
        answer["failed"]["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("exit status 7"),
        "{answer}"
    );
    stage.host.stop().await;
}

#[tokio::test]
async fn program_without_polling_is_killed() {
    let stage = Stage::set(raw("never_asks"), |config| {
        config.init_timeout = Duration::from_millis(100)
    })
    .await;
    let answer = stage.invoke(Value::Null).await.unwrap();
    assert!(
        answer["failed"]["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("signal: killed"),
        "{answer}"
    );
    stage.until(|stats| stats.sandboxes.is_empty()).await;
    stage.host.stop().await;
}

#[tokio::test]
async fn missing_program_is_named() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut function = echo();
    function.program = folder.path().join("vanished");
    std::fs::copy(example("echo"), &function.program).unwrap();
    let stage = Stage::with(function).await;
    drop(folder);
    let answer = stage.invoke(Value::Null).await.unwrap();
    assert_eq!(answer["failed"]["errorType"], "Runtime.InvalidEntrypoint");
    assert!(
        answer["failed"]["errorMessage"]
            .as_str()
            .unwrap()
            .contains("vanished"),
        "{answer}"
    );
    stage.host.stop().await;
}

#[tokio::test]
async fn stopped_host_leaves_nothing_running() {
    let prompter = Prompter::new().await;
    let stage = Stage::with(prompter.echo()).await;
    let frozen = stage.begin(Value::Null);
    let mut frozen_cue = prompter.cue().await;
    let busy = stage.begin(Value::Null);
    let mut busy_cue = prompter.cue().await;
    frozen_cue.command(json!({"do": "hold"})).await;
    frozen.await.unwrap().unwrap();
    busy_cue.command(json!({"do": "hang"})).await;
    stage.host.stop().await;
    assert_eq!(busy.await.unwrap(), Err(Refusal::Stopping));
    assert_eq!(stage.invoke(Value::Null).await, Err(Refusal::Stopping));
    frozen_cue.end_of_process().await;
    busy_cue.end_of_process().await;
}

#[tokio::test]
async fn functions_end_with_a_killed_host() {
    let prompter = Prompter::new().await;
    let folder = tempfile::TempDir::new().unwrap();
    // The kernel sends SIGHUP to the processes of a dead host. These functions ignore it.
    let stubborn = folder.path().join("stubborn");
    std::fs::write(
        &stubborn,
        format!(
            "#!/bin/sh\ntrap '' HUP\nexec {}\n",
            example("echo").display()
        ),
    )
    .unwrap();
    std::fs::set_permissions(&stubborn, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut host = Command::new(example("lone_host"))
        .args([
            stubborn.to_str().unwrap(),
            &prompter.address(),
            folder.path().to_str().unwrap(),
        ])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (mut frozen, mut busy) = (prompter.cue().await, prompter.cue().await);
    frozen.command(json!({"do": "hold"})).await;
    until_process(i64::try_from(frozen.process_id).unwrap(), |state| {
        state == Some('T')
    })
    .await;
    busy.command(json!({"do": "hang"})).await;
    host.kill().unwrap();
    host.wait().unwrap();
    for cue in [frozen, busy] {
        let process = i64::try_from(cue.process_id).unwrap();
        cue.end_of_process().await;
        // The process that inherits orphans may be slow to reap a dead one.
        until_process(process, |state| matches!(state, None | Some('Z'))).await;
    }
}

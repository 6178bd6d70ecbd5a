//! Orders of events that a real sandbox produces only rarely, played through step by step.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use nix::unistd::Pid;
use tokio::sync::oneshot::error::TryRecvError;

use super::{
    answer::Answer,
    config::{FunctionConfig, HostConfig},
    dispatch::Function,
    ids::{RequestId, SandboxId},
    platform::Platform,
    state::{Origin, RETURN_GRACE, Sandbox},
};

/// A function with one sandbox that the test itself plays; it is in no process, and it is a managed
/// instance, so that no signals are sent to it.
fn function_with_sandbox(folder: &tempfile::TempDir) -> (Arc<Function>, SandboxId) {
    let platform = Platform::new(
        &HostConfig::new(folder.path()),
        SocketAddr::from((Ipv4Addr::LOCALHOST, 9)),
    )
    .unwrap();
    let mut config = FunctionConfig::new("played", "/nonexistent");
    config.max_sandboxes = 1;
    config.invocations_per_sandbox = 2;
    let function = Arc::new(Function::new(config, Arc::new(platform)));
    let id = SandboxId::fresh();
    function.look(|state| {
        // No system has a process with this number.
        let mut sandbox = Sandbox::new(Pid::from_raw(i32::MAX));
        sandbox.is_starting = false;
        state.sandboxes.insert(id, sandbox);
    });
    (function, id)
}

fn submit(function: &Arc<Function>) -> (RequestId, tokio::sync::oneshot::Receiver<Answer>) {
    let id = RequestId::fresh();
    (
        id,
        function
            .submit(id, Bytes::from_static(b"{}"), Origin::Caller)
            .unwrap(),
    )
}

#[tokio::test]
async fn an_event_that_was_handed_over_but_not_delivered_goes_to_the_next_request_for_work() {
    let folder = tempfile::TempDir::new().unwrap();
    let (function, sandbox) = function_with_sandbox(&folder);
    let lost = function.open_poll(sandbox).unwrap();
    let (id, mut answer) = submit(&function);
    assert_eq!(function.look(|state| state.running.len()), 1);
    drop(lost);
    assert_eq!(
        function.look(|state| (state.running.len(), state.waiting())),
        (0, 1)
    );
    let mut poll = function.open_poll(sandbox).unwrap();
    let mut handover = poll.work().await.unwrap();
    assert_eq!(handover.request, id);
    handover.delivered();
    drop(handover);
    assert_eq!(
        function.look(|state| (state.running.len(), state.waiting())),
        (1, 0),
        "delivered is delivered"
    );
    assert!(function.complete(sandbox, id, Answer::Payload(Bytes::from_static(b"1"))));
    assert!(matches!(answer.try_recv(), Ok(Answer::Payload(_))));
}

#[tokio::test]
async fn a_sandbox_that_ends_before_its_event_was_delivered_does_not_fail_the_invocation() {
    let folder = tempfile::TempDir::new().unwrap();
    let (function, sandbox) = function_with_sandbox(&folder);
    let _poll = function.open_poll(sandbox).unwrap();
    let (_, mut answer) = submit(&function);
    function.look(|state| {
        let sandbox = state.sandboxes.remove(&sandbox).unwrap();
        // Room for a new one would only start the missing program.
        state
            .sandboxes
            .insert(SandboxId::fresh(), Sandbox::new(Pid::from_raw(i32::MAX)));
        drop(sandbox);
    });
    function.look(|state| function.settle_in_hand(state, sandbox, None));
    assert!(matches!(answer.try_recv(), Err(TryRecvError::Empty)));
    assert_eq!(
        function.look(|state| (state.running.len(), state.waiting())),
        (0, 1)
    );
}

#[tokio::test]
async fn a_closed_request_for_work_is_not_counted_as_idle() {
    let folder = tempfile::TempDir::new().unwrap();
    let (function, sandbox) = function_with_sandbox(&folder);
    let poll = function.open_poll(sandbox).unwrap();
    assert_eq!(function.stats().idle(), 1);
    drop(poll);
    assert_eq!(function.stats().idle(), 0);
    assert!(function.look(|state| state.free_sandbox(1)).is_none());
}

#[tokio::test]
async fn a_watchdog_that_wakes_too_late_harms_nobody() {
    let folder = tempfile::TempDir::new().unwrap();
    let (function, sandbox) = function_with_sandbox(&folder);
    let mut poll = function.open_poll(sandbox).unwrap();
    let (first, _answer) = submit(&function);
    poll.work().await.unwrap().delivered();
    assert!(function.complete(sandbox, first, Answer::Payload(Bytes::new())));
    let _next = function.open_poll(sandbox).unwrap();
    let (_, mut second) = submit(&function);
    function.look(|state| function.time_out(state, sandbox, first, Duration::ZERO));
    assert!(matches!(second.try_recv(), Err(TryRecvError::Empty)));
    assert_eq!(function.stats().timeouts, 0);
}

#[tokio::test]
async fn a_sandbox_cannot_answer_for_another_one() {
    let folder = tempfile::TempDir::new().unwrap();
    let (function, sandbox) = function_with_sandbox(&folder);
    let _poll = function.open_poll(sandbox).unwrap();
    let (id, _answer) = submit(&function);
    assert!(!function.complete(SandboxId::fresh(), id, Answer::Payload(Bytes::new())));
    assert!(function.complete(sandbox, id, Answer::Payload(Bytes::new())));
    assert!(
        !function.complete(sandbox, id, Answer::Payload(Bytes::new())),
        "not twice"
    );
}

#[tokio::test]
async fn a_sandbox_that_has_just_answered_counts_as_about_to_be_free_for_a_moment() {
    let folder = tempfile::TempDir::new().unwrap();
    let (function, sandbox) = function_with_sandbox(&folder);
    let coming = |answered: Instant| {
        function.look(|state| {
            let sandbox = state.sandboxes.get_mut(&sandbox).unwrap();
            sandbox.answered = Some((RequestId::fresh(), answered));
            state.coming(1)
        })
    };
    // In the future, so that a slow machine does not make it the past.
    assert_eq!(coming(Instant::now() + Duration::from_secs(60)), 1);
    assert_eq!(
        coming(Instant::now().checked_sub(RETURN_GRACE * 2).unwrap()),
        0
    );
}

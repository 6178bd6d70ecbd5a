//! Tests of orders of events that a real sandbox rarely produces, step by step.
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

/// Returns a function with one sandbox without a process, whose part the test plays. It is a managed instance, so that
/// no signals are sent to it.
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
    function.read(|state| {
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
async fn undelivered_event_goes_to_the_next_poll() {
    let folder = tempfile::TempDir::new().unwrap();
    let (function, sandbox) = function_with_sandbox(&folder);
    let lost = function.open_poll(sandbox).unwrap();
    let (id, mut answer) = submit(&function);
    assert_eq!(function.read(|state| state.running.len()), 1);
    drop(lost);
    assert_eq!(
        function.read(|state| (state.running.len(), state.waiting())),
        (0, 1)
    );
    let mut poll = function.open_poll(sandbox).unwrap();
    let mut handover = poll.work().await.unwrap();
    assert_eq!(handover.request, id);
    handover.delivered();
    drop(handover);
    assert_eq!(
        function.read(|state| (state.running.len(), state.waiting())),
        (1, 0),
        "delivered is delivered"
    );
    assert!(function.complete(sandbox, id, Answer::Payload(Bytes::from_static(b"1"))));
    assert!(matches!(answer.try_recv(), Ok(Answer::Payload(_))));
}

#[tokio::test]
async fn undelivered_event_survives_the_end_of_its_sandbox() {
    let folder = tempfile::TempDir::new().unwrap();
    let (function, sandbox) = function_with_sandbox(&folder);
    let _poll = function.open_poll(sandbox).unwrap();
    let (_, mut answer) = submit(&function);
    function.read(|state| {
        let sandbox = state.sandboxes.remove(&sandbox).unwrap();
        // Capacity for a new one would only start the missing program.
        state
            .sandboxes
            .insert(SandboxId::fresh(), Sandbox::new(Pid::from_raw(i32::MAX)));
        drop(sandbox);
    });
    function.read(|state| function.finish_in_hand(state, sandbox, None));
    assert!(matches!(answer.try_recv(), Err(TryRecvError::Empty)));
    assert_eq!(
        function.read(|state| (state.running.len(), state.waiting())),
        (0, 1)
    );
}

#[tokio::test]
async fn closed_poll_is_not_counted_as_idle() {
    let folder = tempfile::TempDir::new().unwrap();
    let (function, sandbox) = function_with_sandbox(&folder);
    let poll = function.open_poll(sandbox).unwrap();
    assert_eq!(function.stats().idle(), 1);
    drop(poll);
    assert_eq!(function.stats().idle(), 0);
    assert!(function.read(|state| state.free_sandbox(1)).is_none());
}

#[tokio::test]
async fn late_watchdog_has_no_effect() {
    let folder = tempfile::TempDir::new().unwrap();
    let (function, sandbox) = function_with_sandbox(&folder);
    let mut poll = function.open_poll(sandbox).unwrap();
    let (first, _answer) = submit(&function);
    poll.work().await.unwrap().delivered();
    assert!(function.complete(sandbox, first, Answer::Payload(Bytes::new())));
    let _next = function.open_poll(sandbox).unwrap();
    let (_, mut second) = submit(&function);
    function.read(|state| function.time_out(state, sandbox, first, Duration::ZERO));
    assert!(matches!(second.try_recv(), Err(TryRecvError::Empty)));
    assert_eq!(function.stats().timeouts, 0);
}

#[tokio::test]
async fn sandbox_cannot_answer_for_another() {
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
async fn answered_sandbox_counts_as_coming_for_a_moment() {
    let folder = tempfile::TempDir::new().unwrap();
    let (function, sandbox) = function_with_sandbox(&folder);
    let coming = |answered: Instant| {
        function.read(|state| {
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

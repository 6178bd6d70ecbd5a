//! Assigns invocations to sandboxes.
//!
//! An invocation is in exactly one state: waiting, or running in one sandbox, or answered. Nothing here depends on the
//! caller's connection, so a caller who hangs up changes nothing, as on AWS.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    answer::{Answer, Refusal},
    config::FunctionConfig,
    handover::{Handover, Owner, Poll},
    ids::{PollId, RequestId, SandboxId},
    platform::Platform,
    state::{Invocation, Origin, RETURN_GRACE, Running, Sandbox, State},
};

/// One function with its state.
pub(super) struct Function {
    pub(super) name: Arc<str>,
    pub(super) config: FunctionConfig,
    pub(super) platform: Arc<Platform>,
    state: Mutex<State>,
}

impl Function {
    pub(super) fn new(config: FunctionConfig, platform: Arc<Platform>) -> Self {
        Self {
            name: config.name.as_str().into(),
            config,
            platform,
            state: Mutex::default(),
        }
    }

    /// Reads or changes the state, and notifies those who wait for a change.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = self.read(change);
        self.platform.announce_change();
        result
    }

    /// Reads or changes the state as [`change`](Self::change), without a notification.
    pub(super) fn read<R>(&self, read: impl FnOnce(&mut State) -> R) -> R {
        read(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Accepts an invocation; the answer comes over the channel.
    pub(super) fn submit(
        self: &Arc<Self>,
        id: RequestId,
        payload: Bytes,
        origin: Origin,
    ) -> Result<oneshot::Receiver<Answer>, Refusal> {
        let (answer, receiver) = oneshot::channel();
        self.change(|state| {
            if state.is_stopping {
                return Err(Refusal::Stopping);
            }
            if origin == Origin::Caller
                && state.callers.len() + state.running.len() >= self.config.admitted()
            {
                state.counters.throttles += 1;
                return Err(Refusal::Throttled);
            }
            state.enqueue(Invocation {
                id,
                payload,
                origin,
                answer,
                failed_inits: 0,
            });
            self.dispatch(state);
            Ok(receiver)
        })
    }

    /// Hands waiting invocations to idle sandboxes and starts more of them as needed.
    pub(super) fn dispatch(self: &Arc<Self>, state: &mut State) {
        while let Some(sandbox) = state.free_sandbox(self.config.invocations_per_sandbox) {
            let Some(invocation) = state.take_waiting() else {
                break;
            };
            self.hand_over(state, sandbox, invocation);
        }
        self.scale_out(state);
    }

    fn scale_out(self: &Arc<Self>, state: &mut State) {
        let per_sandbox = self.config.invocations_per_sandbox;
        while !state.is_stopping
            && state.waiting() > state.coming(per_sandbox)
            && state.live_sandboxes() < self.config.max_sandboxes
        {
            self.start_sandbox(state);
        }
        let is_hoping =
            state.waiting() > 0 && state.sandboxes.values().any(|s| s.answered.is_some());
        if is_hoping && !mem::replace(&mut state.is_recheck_due, true) {
            let function = Arc::clone(self);
            tokio::spawn(async move {
                tokio::time::sleep(RETURN_GRACE).await;
                function.change(|state| {
                    state.is_recheck_due = false;
                    function.dispatch(state);
                });
            });
        }
    }

    /// Hands an invocation to a sandbox; the only place that does.
    fn hand_over(self: &Arc<Self>, state: &mut State, to: SandboxId, invocation: Invocation) {
        let Some(sandbox) = state.sandboxes.get_mut(&to) else {
            state.put_back(invocation);
            return;
        };
        sandbox.thaw();
        let mut handover = self.handover(to, &invocation);
        while let Some((_, poll)) = sandbox.polls.pop() {
            match poll.send(handover) {
                Ok(()) => {
                    let watchdog = self.watch_deadline(to, invocation.id);
                    self.platform.logs.write(
                        &self.name,
                        to,
                        &format!("START RequestId: {} Version: $LATEST", invocation.id),
                    );
                    sandbox.running += 1;
                    let started = Instant::now();
                    let id = invocation.id;
                    state.running.insert(
                        id,
                        Running {
                            invocation,
                            sandbox: to,
                            started,
                            watchdog,
                            delivered: false,
                        },
                    );
                    return;
                }
                // The connection of that poll is closed.
                Err(unsent) => handover = unsent,
            }
        }
        handover.is_settled = true;
        state.put_back(invocation);
    }

    fn handover(self: &Arc<Self>, sandbox: SandboxId, invocation: &Invocation) -> Handover {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let owner: Arc<Self> = Arc::clone(self);
        Handover {
            owner,
            sandbox,
            is_settled: false,
            request: invocation.id,
            payload: invocation.payload.clone(),
            deadline_epoch_ms: (now + self.config.timeout).as_millis(),
        }
    }

    /// Registers a sandbox's request for work. `None` if it is unknown or being killed.
    pub(super) fn open_poll(self: &Arc<Self>, id: SandboxId) -> Option<Poll> {
        self.change(|state| {
            let poll = state.next_poll();
            let sandbox = state.sandboxes.get_mut(&id).filter(|s| !s.is_ending)?;
            if mem::replace(&mut sandbox.is_starting, false) {
                state.counters.cold_starts += 1;
                state.counters.last_init = sandbox.spawned.elapsed();
            }
            sandbox.disarm();
            sandbox.answered = None;
            sandbox.idle_since = Instant::now();
            let (sender, handover) = oneshot::channel();
            sandbox.polls.push((poll, sender));
            self.dispatch(state);
            self.rest_if_idle(state, id);
            let owner: Arc<Self> = Arc::clone(self);
            Some(Poll {
                owner,
                sandbox: id,
                id: poll,
                handover,
            })
        })
    }

    /// Freezes a sandbox without work, or ends an outdated one; only with its next poll open has it sent everything.
    fn rest_if_idle(&self, state: &mut State, id: SandboxId) {
        let Some(sandbox) = state.sandboxes.get_mut(&id).filter(|s| s.is_idle()) else {
            return;
        };
        if sandbox.is_outdated {
            sandbox.kill();
        } else if !self.config.is_managed_instance() {
            sandbox.freeze();
        }
    }

    /// Applies a sandbox's answer to one of its invocations. `false` if it has no such invocation.
    pub(super) fn complete(
        self: &Arc<Self>,
        sandbox: SandboxId,
        request: RequestId,
        answer: Answer,
    ) -> bool {
        self.change(|state| {
            if state
                .running
                .get(&request)
                .is_none_or(|running| running.sandbox != sandbox)
            {
                return false;
            }
            let Some(running) = state.running.remove(&request) else {
                return false;
            };
            if let Some(sandbox) = state.sandboxes.get_mut(&sandbox) {
                sandbox.running = sandbox.running.saturating_sub(1);
                sandbox.answered = Some((request, Instant::now()));
                if self.config.is_managed_instance() {
                    running.watchdog.abort();
                } else {
                    // The time limit applies until it requests more work, as on AWS.
                    sandbox.watchdog = Some(running.watchdog.clone());
                }
            }
            self.finish(state, running, answer);
            true
        })
    }

    /// Sends the answer to the caller, the counters and the log.
    pub(super) fn finish(&self, state: &mut State, running: Running, answer: Answer) {
        state.counters.invocations += 1;
        if matches!(answer, Answer::FunctionError(_)) {
            state.counters.errors += 1;
        }
        let id = running.invocation.id;
        let duration = running.started.elapsed().as_secs_f64() * 1000.0;
        let memory = self.config.memory_megabytes;
        self.platform
            .logs
            .write(&self.name, running.sandbox, &format!("END RequestId: {id}"));
        let report =
            format!("REPORT RequestId: {id}\tDuration: {duration:.2} ms\tMemory Size: {memory} MB");
        self.platform
            .logs
            .write(&self.name, running.sandbox, &report);
        // The caller may have hung up; the work was done regardless.
        let _ = running.invocation.answer.send(answer);
    }
}

impl Owner for Function {
    fn record_delivery(&self, request: RequestId) {
        self.read(|state| {
            if let Some(running) = state.running.get_mut(&request) {
                running.delivered = true;
            }
        });
    }

    fn requeue_undelivered(self: Arc<Self>, sandbox: SandboxId, request: RequestId) {
        self.change(|state| {
            let is_lost = state
                .running
                .get(&request)
                .is_some_and(|r| r.sandbox == sandbox && !r.delivered);
            if is_lost && let Some(running) = state.running.remove(&request) {
                running.watchdog.abort();
                if let Some(sandbox) = state.sandboxes.get_mut(&sandbox) {
                    sandbox.running = sandbox.running.saturating_sub(1);
                }
                state.put_back(running.invocation);
            }
            self.dispatch(state);
        });
    }

    fn close_poll(self: Arc<Self>, id: SandboxId, poll: PollId) {
        self.change(|state| {
            if let Some(sandbox) = state.sandboxes.get_mut(&id) {
                sandbox.polls.retain(|(open, _)| *open != poll);
                if sandbox.polls.is_empty() {
                    // Without a poll it must be able to open the next one.
                    Sandbox::thaw(sandbox);
                }
            }
            self.dispatch(state);
        });
    }
}

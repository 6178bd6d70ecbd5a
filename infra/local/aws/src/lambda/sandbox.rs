//! The life of a sandbox: started on demand, watched, and ended by a timeout, a crash or a long rest.
//!
//! Only the end of the process ends its invocations. An invocation that was delivered to it fails; one that never
//! reached it goes to the next sandbox.

use std::{
    collections::BTreeMap,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use nix::unistd::Pid;
use tokio::{
    process::{Child, Command},
    task::AbortHandle,
};

use super::{
    answer::Answer,
    dispatch::Function,
    environment,
    ids::{RequestId, SandboxId},
    state::{Sandbox, State},
};

/// AWS starts a sandbox once more, within the invocation, before it gives up on it.
const INIT_ATTEMPTS: u8 = 2;

impl Function {
    pub(super) fn start_sandbox(self: &Arc<Self>, state: &mut State) {
        let id = SandboxId::fresh();
        match self.spawn(id, &state.environment) {
            Ok((child, pid)) => {
                let mut sandbox = Sandbox::new(pid);
                sandbox.watchdog = Some(self.watch_init(id));
                state.sandboxes.insert(id, sandbox);
                self.watch_exit(id, child);
            }
            Err(error) => {
                let reason = format!(
                    "{} could not be started: {error}",
                    self.config.program.display()
                );
                self.platform.logs.write(&self.name, id, &reason);
                self.charge_failed_init(state, |request| Answer::no_program(request, &reason));
            }
        }
    }

    fn spawn(
        &self,
        id: SandboxId,
        changed: &BTreeMap<String, String>,
    ) -> std::io::Result<(Child, Pid)> {
        let mut command = Command::new(&self.config.program);
        command
            .env_clear()
            .envs(environment::variables(
                &self.config,
                changed,
                &self.platform,
                id,
            ))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(self.platform.sandbox_group()?)
            .kill_on_drop(true);
        if let Some(folder) = self
            .config
            .program
            .parent()
            .filter(|folder| folder.is_dir())
        {
            command.current_dir(folder);
        }
        let mut child = command.spawn()?;
        let pid = child
            .id()
            .ok_or_else(|| std::io::Error::other("it ended at once"))?;
        if let Some(output) = child.stdout.take() {
            tokio::spawn(Arc::clone(&self.platform.logs).follow(
                Arc::clone(&self.name),
                id,
                output,
            ));
        }
        if let Some(output) = child.stderr.take() {
            tokio::spawn(Arc::clone(&self.platform.logs).follow(
                Arc::clone(&self.name),
                id,
                output,
            ));
        }
        Ok((child, Pid::from_raw(pid.cast_signed())))
    }

    fn watch_exit(self: &Arc<Self>, id: SandboxId, mut child: Child) {
        let function = Arc::clone(self);
        tokio::spawn(async move {
            let status = child.wait().await.ok();
            function.change(|state| function.remove_ended(state, id, status));
        });
    }

    /// Ends the invocations of an ended sandbox.
    fn remove_ended(
        self: &Arc<Self>,
        state: &mut State,
        id: SandboxId,
        status: Option<ExitStatus>,
    ) {
        let Some(mut sandbox) = state.sandboxes.remove(&id) else {
            return;
        };
        sandbox.disarm();
        self.finish_in_hand(state, id, status);
        if sandbox.is_starting && !state.is_stopping {
            let init_error = sandbox.init_error.take();
            self.charge_failed_init(state, |request| match init_error {
                Some(body) => Answer::FunctionError(body),
                None => Answer::exited(request, status),
            });
        }
        self.dispatch(state);
    }

    /// Fails the delivered invocations and requeues those that never reached the sandbox.
    pub(super) fn finish_in_hand(
        &self,
        state: &mut State,
        id: SandboxId,
        status: Option<ExitStatus>,
    ) {
        let in_hand: Vec<RequestId> = state
            .running
            .iter()
            .filter(|(_, r)| r.sandbox == id)
            .map(|(request, _)| *request)
            .collect();
        for request in in_hand {
            let Some(running) = state.running.remove(&request) else {
                continue;
            };
            running.watchdog.abort();
            if !running.delivered && !state.is_stopping {
                state.put_back(running.invocation);
            } else if !state.is_stopping {
                self.finish(state, running, Answer::exited(request, status));
            }
        }
    }

    /// Charges the oldest waiting invocation one of its attempts for a sandbox that cannot start.
    fn charge_failed_init(&self, state: &mut State, answer: impl FnOnce(RequestId) -> Answer) {
        let Some(mut invocation) = state.take_waiting() else {
            return;
        };
        invocation.failed_inits += 1;
        if invocation.failed_inits < INIT_ATTEMPTS {
            state.put_back(invocation);
            return;
        }
        state.counters.invocations += 1;
        state.counters.errors += 1;
        let answer = answer(invocation.id);
        let _ = invocation.answer.send(answer);
    }

    /// Records a sandbox's report of its failed start; AWS ends it then.
    pub(super) fn init_failed(&self, id: SandboxId, body: bytes::Bytes) -> bool {
        self.change(|state| {
            let Some(sandbox) = state.sandboxes.get_mut(&id).filter(|s| s.is_starting) else {
                return false;
            };
            sandbox.init_error = Some(body);
            sandbox.kill();
            true
        })
    }

    fn watch_init(self: &Arc<Self>, id: SandboxId) -> AbortHandle {
        let function = Arc::clone(self);
        let limit = function.platform.init_timeout;
        let task = tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            function.change(|state| {
                let Some(sandbox) = state.sandboxes.get_mut(&id).filter(|s| s.is_starting) else {
                    return;
                };
                let line = format!(
                    "INIT_REPORT Init Duration: {:.2} ms Phase: init Status: timeout",
                    limit.as_secs_f64() * 1000.0
                );
                function.platform.logs.write(&function.name, id, &line);
                sandbox.kill();
            });
        });
        task.abort_handle()
    }

    /// Ends a run at its time limit. The time runs until the sandbox requests more work.
    pub(super) fn watch_deadline(
        self: &Arc<Self>,
        sandbox: SandboxId,
        request: RequestId,
    ) -> AbortHandle {
        let function = Arc::clone(self);
        let limit = function.config.timeout;
        let task = tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            function.change(|state| function.time_out(state, sandbox, request, limit));
        });
        task.abort_handle()
    }

    pub(super) fn time_out(
        self: &Arc<Self>,
        state: &mut State,
        id: SandboxId,
        request: RequestId,
        limit: Duration,
    ) {
        // The sandbox may have answered or polled while this waited for the lock.
        let is_running = state
            .running
            .get(&request)
            .is_some_and(|running| running.sandbox == id);
        let has_not_come_back = state
            .sandboxes
            .get(&id)
            .is_some_and(|s| s.answered.is_some_and(|(answered, _)| answered == request));
        if !is_running && !has_not_come_back {
            return;
        }
        let line = format!(
            "{request} Task timed out after {:.2} seconds",
            limit.as_secs_f64()
        );
        self.platform.logs.write(&self.name, id, &line);
        state.counters.timeouts += 1;
        if is_running && let Some(running) = state.running.remove(&request) {
            if let Some(sandbox) = state.sandboxes.get_mut(&id) {
                sandbox.running = sandbox.running.saturating_sub(1);
            }
            self.finish(state, running, Answer::timed_out(request, limit));
        }
        if let Some(sandbox) = state.sandboxes.get_mut(&id)
            && !self.config.is_managed_instance()
        {
            sandbox.kill();
        }
        self.dispatch(state);
    }

    /// Ends sandboxes that have been idle for the lifetime.
    pub(super) fn reap_idle(&self, lifetime: Duration) {
        let reaped = self.read(|state| {
            let tired = |s: &&mut Sandbox| s.is_idle() && s.idle_since.elapsed() >= lifetime;
            state
                .sandboxes
                .values_mut()
                .filter(tired)
                .map(Sandbox::kill)
                .count()
        });
        if reaped > 0 {
            self.platform.announce_change();
        }
    }

    /// Sets variables of the function for the sandboxes that start from now on. Those of before end: an idle one at once,
    /// a working one when it requests more work.
    pub(super) fn set_environment(self: &Arc<Self>, variables: &BTreeMap<String, String>) {
        self.change(|state| {
            state.environment.extend(variables.clone());
            for sandbox in state.sandboxes.values_mut() {
                sandbox.is_outdated = true;
                if sandbox.is_idle() {
                    sandbox.kill();
                }
            }
            self.dispatch(state);
        });
    }

    /// Refuses new invocations and drops waiting ones; the caller kills the sandboxes.
    pub(super) fn begin_stop(&self) {
        let forgotten = self.change(|state| {
            state.is_stopping = true;
            for sandbox in state.sandboxes.values_mut() {
                sandbox.kill();
            }
            (
                std::mem::take(&mut state.callers),
                std::mem::take(&mut state.events),
            )
        });
        drop(forgotten);
    }
}

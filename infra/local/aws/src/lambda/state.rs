//! The state of one function: waiting and running invocations, and sandboxes.
//!
//! All of it is behind one lock per function, and signals are sent while it is held. This makes "freeze when idle, thaw
//! before handing over" free of races.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, Instant},
};

use bytes::Bytes;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{sync::oneshot, task::AbortHandle};

use super::{
    answer::Answer,
    handover::Handover,
    ids::{PollId, RequestId, SandboxId},
};

/// A sandbox that has answered requests more work almost at once; for this long it counts as about to be free, so that
/// successive callers do not each start another sandbox.
pub(super) const RETURN_GRACE: Duration = Duration::from_millis(20);

/// The party that waits for an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A caller who receives 429 if there is no capacity.
    Caller,
    /// The queue of `Event` invocations, which can wait.
    EventQueue,
}

/// One invocation until it is answered.
pub(super) struct Invocation {
    pub(super) id: RequestId,
    pub(super) payload: Bytes,
    pub(super) origin: Origin,
    pub(super) answer: oneshot::Sender<Answer>,
    /// Sandboxes that failed to start while this invocation was the next one.
    pub(super) failed_inits: u8,
}

/// An invocation that a sandbox holds.
pub(super) struct Running {
    pub(super) invocation: Invocation,
    pub(super) sandbox: SandboxId,
    pub(super) started: Instant,
    pub(super) watchdog: AbortHandle,
    /// False until the sandbox's connection has taken the event; until then the invocation has not begun.
    pub(super) delivered: bool,
}

pub(super) struct Sandbox {
    pub(super) pid: Pid,
    pub(super) spawned: Instant,
    pub(super) is_starting: bool,
    pub(super) is_frozen: bool,
    /// It is being killed, so no invocation may be handed to it any more.
    pub(super) is_ending: bool,
    /// Its environment is that of before a change: it receives no further invocation, and ends once it is idle.
    pub(super) is_outdated: bool,
    pub(super) polls: Vec<(PollId, oneshot::Sender<Handover>)>,
    pub(super) running: usize,
    pub(super) idle_since: Instant,
    /// Its last answers with their times, until it requests more work.
    pub(super) answered: Option<(RequestId, Instant)>,
    /// The watchdog that kills it if it takes too long to start, or to poll after it has answered.
    pub(super) watchdog: Option<AbortHandle>,
    /// Its report through init/error.
    pub(super) init_error: Option<Bytes>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) invocations: u64,
    pub(super) errors: u64,
    pub(super) timeouts: u64,
    pub(super) throttles: u64,
    pub(super) cold_starts: u64,
    pub(super) events_dropped: u64,
    pub(super) last_init: Duration,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) callers: VecDeque<Invocation>,
    pub(super) events: VecDeque<Invocation>,
    pub(super) running: HashMap<RequestId, Running>,
    pub(super) sandboxes: HashMap<SandboxId, Sandbox>,
    pub(super) counters: Counters,
    /// Variables that were set after the start; they win over those of the configuration.
    pub(super) environment: BTreeMap<String, String>,
    pub(super) is_stopping: bool,
    pub(super) is_recheck_due: bool,
    polls_opened: u64,
}

impl Sandbox {
    pub(super) fn new(pid: Pid) -> Self {
        let now = Instant::now();
        Self {
            pid,
            spawned: now,
            is_starting: true,
            is_frozen: false,
            is_ending: false,
            is_outdated: false,
            polls: Vec::new(),
            running: 0,
            idle_since: now,
            answered: None,
            watchdog: None,
            init_error: None,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.running == 0 && !self.polls.is_empty() && !self.is_ending
    }

    pub(super) fn freeze(&mut self) {
        if !self.is_frozen {
            self.is_frozen = self.signal(Signal::SIGSTOP);
        }
    }

    pub(super) fn thaw(&mut self) {
        if self.is_frozen {
            self.signal(Signal::SIGCONT);
            self.is_frozen = false;
        }
    }

    /// Kills it; its invocations are ended when its exit is observed.
    pub(super) fn kill(&mut self) {
        self.is_ending = true;
        self.signal(Signal::SIGKILL);
    }

    pub(super) fn disarm(&mut self) {
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.abort();
        }
    }

    pub(super) fn signal(&self, signal: Signal) -> bool {
        // It may have ended a moment ago; its end is handled where it is awaited.
        kill(self.pid, signal).is_ok()
    }

    /// Returns the number of invocations that it can take in a moment, though it has not polled yet.
    fn coming(&self, per_sandbox: usize) -> usize {
        if self.is_ending || self.is_outdated {
            return 0;
        }
        if self.is_starting {
            return per_sandbox;
        }
        usize::from(
            self.answered
                .is_some_and(|(_, at)| at.elapsed() < RETURN_GRACE),
        )
    }
}

impl State {
    pub(super) fn waiting(&self) -> usize {
        self.callers.len() + self.events.len()
    }

    pub(super) fn enqueue(&mut self, invocation: Invocation) {
        match invocation.origin {
            Origin::Caller => self.callers.push_back(invocation),
            Origin::EventQueue => self.events.push_back(invocation),
        }
    }

    /// Returns an invocation to the head of its queue, since it was the oldest when it was taken.
    pub(super) fn put_back(&mut self, invocation: Invocation) {
        match invocation.origin {
            Origin::Caller => self.callers.push_front(invocation),
            Origin::EventQueue => self.events.push_front(invocation),
        }
    }

    /// Takes the next invocation, callers first: events can wait.
    pub(super) fn take_waiting(&mut self) -> Option<Invocation> {
        self.callers.pop_front().or_else(|| self.events.pop_front())
    }

    /// Returns the sandbox used last, so that the others can be reaped.
    pub(super) fn free_sandbox(&self, per_sandbox: usize) -> Option<SandboxId> {
        self.sandboxes
            .iter()
            .filter(|(_, s)| !s.is_ending && !s.is_outdated)
            .filter(|(_, s)| !s.polls.is_empty() && s.running < per_sandbox)
            .max_by_key(|(_, s)| s.idle_since)
            .map(|(id, _)| *id)
    }

    pub(super) fn live_sandboxes(&self) -> usize {
        self.sandboxes.values().filter(|s| !s.is_ending).count()
    }

    pub(super) fn coming(&self, per_sandbox: usize) -> usize {
        self.sandboxes.values().map(|s| s.coming(per_sandbox)).sum()
    }

    pub(super) fn next_poll(&mut self) -> PollId {
        self.polls_opened += 1;
        PollId(self.polls_opened)
    }
}

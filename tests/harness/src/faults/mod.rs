//! Injected faults of a local stack: kind, frequency and order.
//!
//! A [`FaultPlan`] defines the faults. [`Faults`] is the [`FaultHook`] of a stack and decides at each place where a
//! fault is possible: before pg_net's worker sends a wake, before the queue's mapping delivers a message, before and
//! after the gateway executes a function's call, and when the model and effect servers of a test have answered
//! ([`Faults::reached`]). The decision is carried out from outside: a message is lost, a connection closed, a process
//! killed or stopped. Functions take no part in it.
//!
//! A seed reproduces decisions, not schedules. Each place has a name (`wake:executor`, `message:goalpost-executor`,
//! `cut:finish_steps:after`, `blow:after_claim:planner:0` …) and counts its occurrences; the n-th decision at a place
//! depends on the seed, that name and n alone. So the same seed makes the same decision about the n-th wake of the
//! executor in every run. *Which* wake is the n-th, which step a struck sandbox holds, and when, depends on the
//! processes and the scheduler. No decision is drawn while faults are [paused](Faults::pause).

mod counts;
mod gateway;
mod held;
mod hook;
mod place_rngs;
mod plan;
mod state;
mod transit;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use counts::{Carried, FaultCounts};
pub use plan::{Cuts, Delivery, FaultPlan, Point, SandboxFault, SandboxFaultRule};

use local_stack::fault_hook::FaultHook;

use counts::Kind;
use held::Held;
use state::State;
use transit::{Fate, Transit};

/// Faults of one stack. Clones share their state.
#[derive(Clone)]
pub struct Faults(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    is_paused: AtomicBool,
    wakes: Arc<Transit>,
    messages: Arc<Transit>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Faults").field(&self.state().plan).finish()
    }
}

impl Faults {
    /// Creates faults from a plan. An empty plan still installs the fault layer, for a later [`Faults::set_plan`].
    #[must_use]
    pub fn new(plan: FaultPlan) -> Self {
        let mut state = State::default();
        state.begin(plan);
        Self(Arc::new(Inner {
            state: Mutex::new(state),
            is_paused: AtomicBool::new(false),
            wakes: Arc::default(),
            messages: Arc::default(),
        }))
    }

    /// Returns the hook for the options of the stack that these faults are injected into.
    #[must_use]
    pub fn hook(&self) -> Option<Arc<dyn FaultHook>> {
        Some(Arc::new(self.clone()))
    }

    /// Returns the counts of faults injected so far.
    #[must_use]
    pub fn counts(&self) -> FaultCounts {
        self.state().counts.clone()
    }

    /// Pauses all faults; sandboxes that are stopped stay so.
    pub fn pause(&self) {
        self.set_paused(true);
    }

    /// Resumes the faults of the plan.
    pub fn resume(&self) {
        self.set_paused(false);
    }

    /// Replaces the plan. Every place and each rule's `at_most` count from zero; [`Faults::counts`] continue.
    pub fn set_plan(&self, plan: FaultPlan) {
        self.state().begin(plan);
    }

    /// Reports that a sandbox is at a point that the gateway does not see. The model and effect servers of tests call
    /// it before they answer, with the sandbox's id from their own URL. Returns true if a fault was injected.
    #[expect(
        clippy::must_use_candidate,
        reason = "most servers answer all the same: a killed sandbox reads nothing"
    )]
    pub fn reached(&self, point: Point, sandbox: &str) -> bool {
        self.strike(point, sandbox).is_some()
    }

    /// Returns the sandbox that holds a step of this key, as far as claims and outcomes show: for servers that receive
    /// a step's key but not the caller. Keys are unique within a run only, so steps need names that are unique in the
    /// test.
    #[must_use]
    pub fn holder_of(&self, step_key: &str) -> Option<String> {
        self.state().held.holder_of(step_key)
    }

    /// Resumes every sandbox that a fault has stopped, before its time is over.
    pub fn thaw(&self) {
        // The lock is released first, because thawing takes it again.
        let frozen = std::mem::take(&mut self.state().frozen);
        for sandbox in frozen {
            self.0.thaw(&sandbox);
        }
    }

    /// Decides the fate of a wake of that function; `None`: it is delivered as usual.
    fn fate_of_wake(&self, function: &str) -> Option<Fate> {
        let mut state = self.active()?;
        let delivery = state.plan.wakes.clone();
        state.fate(
            Kind::Wake,
            &format!("wake:{function}"),
            &delivery,
            &self.0.wakes,
        )
    }

    /// Decides the fate of a message of that queue; `None`: it is delivered as usual.
    fn fate_of_message(&self, queue: &str) -> Option<Fate> {
        let mut state = self.active()?;
        let delivery = state.plan.messages.clone();
        state.fate(
            Kind::Message,
            &format!("message:{queue}"),
            &delivery,
            &self.0.messages,
        )
    }

    /// Decides whether a fault is injected at a point, and injects it. A fault that would take a step's last attempt is
    /// withheld.
    fn strike(&self, point: Point, sandbox: &str) -> Option<SandboxFault> {
        let mut state = self.active()?;
        let sandboxes = state.sandboxes.clone()?;
        let function = sandboxes.function_of(sandbox)?;
        let fault = state.choose_sandbox_fault(point, &function, sandbox)?;
        match fault {
            SandboxFault::Kill => {
                sandboxes.kill(sandbox);
                state.held.forget(sandbox);
            }
            SandboxFault::Freeze(time) => {
                sandboxes.freeze(sandbox);
                state.frozen.push(sandbox.to_owned());
                let (inner, sandbox) = (Arc::clone(&self.0), sandbox.to_owned());
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    let mut state = inner.state();
                    state.frozen.retain(|frozen| *frozen != sandbox);
                    drop(state);
                    inner.thaw(&sandbox);
                });
            }
        }
        Some(fault)
    }

    /// Decides whether the answer to this call is cut. `handed_out_last` means that the answer hands out a step that
    /// has no other attempt: its loss would make success impossible.
    fn cuts(&self, rpc: &str, is_after: bool, handed_out_last: bool) -> bool {
        self.active()
            .is_some_and(|mut state| state.cuts(rpc, is_after, handed_out_last))
    }

    /// Returns true if a call has to wait because its sandbox is stopped.
    fn is_stopped(&self, sandbox: &str) -> bool {
        self.state().frozen.iter().any(|frozen| frozen == sandbox)
    }

    fn with_held<T>(&self, act: impl FnOnce(&mut Held) -> T) -> T {
        act(&mut self.state().held)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state()
    }

    fn set_paused(&self, is_paused: bool) {
        self.0.is_paused.store(is_paused, Ordering::SeqCst);
    }

    fn active(&self) -> Option<MutexGuard<'_, State>> {
        let is_paused = self.0.is_paused.load(Ordering::SeqCst);
        (!is_paused).then(|| self.state())
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn thaw(&self, sandbox: &str) {
        let sandboxes = self.state().sandboxes.clone();
        if let Some(sandboxes) = sandboxes {
            sandboxes.thaw(sandbox);
        }
    }
}

#[cfg(test)]
mod tests;

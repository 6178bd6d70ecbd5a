//! Injected faults: what goes wrong in a local stack on purpose, how often, and in which order.
//!
//! The story: a [`FaultPlan`] says what may go wrong. [`Faults`] is the [`FaultHook`] of a stack and decides where
//! something could: before pg_net's worker sends a wake, before the queue's mapping delivers a message, before and after
//! the gateway executes a function's call, and when the model and effect servers of a test have answered
//! ([`Faults::reached`]). The decision is carried out from outside: a message is lost, a connection closed, a process
//! killed or stopped. Functions have no part in it.
//!
//! The one thing to know is what a seed reproduces. Each place has a name (`wake:executor`, `message:goalpost-executor`,
//! `cut:finish_steps:after`, `blow:after_claim:planner:0` …) and counts its occurrences; the n-th decision at a place depends on
//! the seed, that name and n, and on nothing else. So the same seed makes the same decision about the n-th wake of the
//! executor whatever else goes on. *Which* wake is the n-th, which step is in a struck sandbox, and when, is up to the
//! processes and the scheduler, and no seed reproduces that. Nor is a decision drawn at all while faults are
//! [paused](Faults::pause).

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
pub use plan::{Blow, BlowRule, Cuts, Delivery, FaultPlan, Point};

use local_stack::fault_hook::FaultHook;

use counts::Kind;
use held::Held;
use state::State;
use transit::{Fate, Transit};

/// The faults of one stack. Clones are the same faults.
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
    /// Faults as planned. A plan without any still puts the fault layer in place, for a plan to come
    /// ([`Faults::set_plan`]).
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

    /// The hook for the options of the stack that these faults are injected into.
    #[must_use]
    pub fn hook(&self) -> Option<Arc<dyn FaultHook>> {
        Some(Arc::new(self.clone()))
    }

    /// What has gone wrong so far.
    #[must_use]
    pub fn counts(&self) -> FaultCounts {
        self.state().counts.clone()
    }

    /// Nothing goes wrong from now on; what is stopped or under way stays so.
    pub fn pause(&self) {
        self.set_paused(true);
    }

    /// Faults go on as planned.
    pub fn resume(&self) {
        self.set_paused(false);
    }

    /// Another plan from now on. Every place begins to count anew, and so does each rule's `at_most`; [`Faults::counts`]
    /// go on.
    pub fn set_plan(&self, plan: FaultPlan) {
        self.state().begin(plan);
    }

    /// A sandbox is at a point that the gateway does not see. Called by the model and effect servers of tests, with the
    /// sandbox's id from their own URL, before they answer. Returns whether it was struck.
    #[expect(
        clippy::must_use_candidate,
        reason = "most servers answer all the same: a killed sandbox reads nothing"
    )]
    pub fn reached(&self, point: Point, sandbox: &str) -> bool {
        self.strike(point, sandbox).is_some()
    }

    /// The sandbox that holds a step of this key, as far as claims and outcomes have told: for servers that are told a
    /// step's key and not who asks. Keys are unique within a run only; so name steps accordingly.
    #[must_use]
    pub fn holder_of(&self, step_key: &str) -> Option<String> {
        self.state().held.holder_of(step_key)
    }

    /// Continues every sandbox that a blow has stopped, before its time is over.
    pub fn thaw(&self) {
        // Its lock is let go first: thawing takes it again.
        let frozen = std::mem::take(&mut self.state().frozen);
        for sandbox in frozen {
            self.0.thaw(&sandbox);
        }
    }

    /// What becomes of a wake of that function; `None`: it travels as ever.
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

    /// What becomes of a message of that queue; `None`: it is delivered as ever.
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

    /// Decides whether a sandbox is struck at a point, and strikes. A blow would be withheld if it took from a step its
    /// last attempt.
    fn strike(&self, point: Point, sandbox: &str) -> Option<Blow> {
        let mut state = self.active()?;
        let grip = state.grip.clone()?;
        let function = grip.function_of(sandbox)?;
        let blow = state.choose_blow(point, &function, sandbox)?;
        match blow {
            Blow::Kill => {
                grip.kill(sandbox);
                state.held.forget(sandbox);
            }
            Blow::Freeze(time) => {
                grip.freeze(sandbox);
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
        Some(blow)
    }

    /// Whether the answer to this call is to be cut now. `handed_out_last` says that the answer hands out a step that
    /// has no other attempt: then its loss would make success impossible.
    fn cuts(&self, rpc: &str, is_after: bool, handed_out_last: bool) -> bool {
        self.active()
            .is_some_and(|mut state| state.cuts(rpc, is_after, handed_out_last))
    }

    /// Whether a stopped sandbox's call has to wait, as its process does.
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
        let grip = self.state().grip.clone();
        if let Some(grip) = grip {
            grip.thaw(sandbox);
        }
    }
}

#[cfg(test)]
mod tests;

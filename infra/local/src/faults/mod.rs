//! Injected faults: what goes wrong in a local stack on purpose, how often, and in which order.
//!
//! The story: a [`FaultPlan`] says what may go wrong. Where something could, the stack asks [`Faults`]: pg_net's worker
//! before it sends a wake, the queue's mapping before it delivers a message, the gateway before and after it executes a
//! function's call, and the model and effect servers of a test when they have answered ([`Faults::reached`]). The answer
//! is carried out from outside: a message is lost, a connection closed, a process killed or stopped. No function knows.
//!
//! The one thing to know is what a seed reproduces. Each place has a name (`wake:executor`, `message:goalpost-executor`,
//! `cut:finish_steps:after`, `blow:after_claim:planner:0` …) and counts its occurrences; the n-th decision at a place depends on
//! the seed, that name and n, and on nothing else. So the same seed makes the same decision about the n-th wake of the
//! executor whatever else goes on. *Which* wake is the n-th, which step is in a struck sandbox, and when, is up to the
//! processes and the scheduler, and no seed reproduces that. Nor is a decision drawn at all while faults are
//! [paused](Faults::pause).
//!
//! Without faults ([`Faults::none`]) none of this is in the way: no layer, no other addresses, no lock.

mod counts;
mod dice;
mod gateway;
mod held;
mod plan;
mod state;
mod transit;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use counts::{Carried, FaultCounts};
pub use plan::{Blow, BlowRule, Cuts, Delivery, FaultPlan, Point};

pub(crate) use gateway::{SANDBOX_PREFIX, in_front_of};
pub(crate) use transit::{Fate, Parcel};

use crate::lambda::{Grip, SANDBOX_PLACEHOLDER};
use counts::Kind;
use held::Held;
use state::State;
use transit::Transit;

/// The faults of one stack. Clones are the same faults. The default is [`Faults::none`].
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<Inner>>);

struct Inner {
    state: Mutex<State>,
    is_paused: AtomicBool,
    wakes: Arc<Transit>,
    messages: Arc<Transit>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.0.as_ref().map(|inner| inner.state().plan.clone());
        f.debug_tuple("Faults").field(&plan).finish()
    }
}

impl Faults {
    /// Nothing goes wrong, and nothing looks whether it should.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Faults as planned. A plan without any still puts the fault layer in place, for a plan to come
    /// ([`Faults::set_plan`]).
    #[must_use]
    pub fn new(plan: FaultPlan) -> Self {
        let mut state = State::default();
        state.begin(plan);
        Self(Some(Arc::new(Inner {
            state: Mutex::new(state),
            is_paused: AtomicBool::new(false),
            wakes: Arc::default(),
            messages: Arc::default(),
        })))
    }

    /// Whether there is a fault layer, even if its plan is empty.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// What has gone wrong so far.
    #[must_use]
    pub fn counts(&self) -> FaultCounts {
        self.0
            .as_ref()
            .map(|inner| inner.state().counts.clone())
            .unwrap_or_default()
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
    /// go on. Without a fault layer ([`Faults::none`]) this does nothing.
    pub fn set_plan(&self, plan: FaultPlan) {
        if let Some(inner) = &self.0 {
            inner.state().begin(plan);
        }
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
        let inner = self.0.as_ref()?;
        inner.state().held.holder_of(step_key)
    }

    /// Continues every sandbox that a blow has stopped, before its time is over.
    pub fn thaw(&self) {
        let Some(inner) = &self.0 else { return };
        // Its lock is let go first: thawing takes it again.
        let frozen = std::mem::take(&mut inner.state().frozen);
        for sandbox in frozen {
            inner.thaw(&sandbox);
        }
    }

    /// Says what in the plan cannot be.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        match &self.0 {
            Some(inner) => inner.state().plan.check(),
            None => Ok(()),
        }
    }

    /// The address that functions are given, so that the gateway knows who calls.
    pub(crate) fn address_for_functions(&self, url: &str) -> String {
        if self.is_on() {
            format!("{url}{SANDBOX_PREFIX}{SANDBOX_PLACEHOLDER}")
        } else {
            url.to_owned()
        }
    }

    /// Learns how to reach the sandboxes.
    pub(crate) fn take_hold(&self, grip: Grip) {
        if let Some(inner) = &self.0 {
            inner.state().grip = Some(grip);
        }
    }

    /// What becomes of a wake of that function; `None`: it travels as ever.
    pub(crate) fn fate_of_wake(&self, function: &str) -> Option<Fate> {
        let (inner, mut state) = self.active()?;
        let delivery = state.plan.wakes.clone();
        state.fate(
            Kind::Wake,
            &format!("wake:{function}"),
            &delivery,
            &inner.wakes,
        )
    }

    /// What becomes of a message of that queue; `None`: it is delivered as ever.
    pub(crate) fn fate_of_message(&self, queue: &str) -> Option<Fate> {
        let (inner, mut state) = self.active()?;
        let delivery = state.plan.messages.clone();
        state.fate(
            Kind::Message,
            &format!("message:{queue}"),
            &delivery,
            &inner.messages,
        )
    }

    /// Decides whether a sandbox is struck at a point, and strikes. A blow would be withheld if it took from a step its
    /// last attempt.
    pub(crate) fn strike(&self, point: Point, sandbox: &str) -> Option<Blow> {
        let (inner, mut state) = self.active()?;
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
                let (inner, sandbox) = (Arc::clone(inner), sandbox.to_owned());
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
    pub(crate) fn cuts(&self, rpc: &str, is_after: bool, handed_out_last: bool) -> bool {
        let Some((_, mut state)) = self.active() else {
            return false;
        };
        state.cuts(rpc, is_after, handed_out_last)
    }

    /// Whether a stopped sandbox's call has to wait, as its process does.
    pub(crate) fn is_stopped(&self, sandbox: &str) -> bool {
        self.0
            .as_ref()
            .is_some_and(|inner| inner.state().frozen.iter().any(|frozen| frozen == sandbox))
    }

    pub(crate) fn with_held<T>(&self, act: impl FnOnce(&mut Held) -> T) -> Option<T> {
        self.0.as_ref().map(|inner| act(&mut inner.state().held))
    }

    fn set_paused(&self, is_paused: bool) {
        if let Some(inner) = &self.0 {
            inner.is_paused.store(is_paused, Ordering::SeqCst);
        }
    }

    fn active(&self) -> Option<(&Arc<Inner>, MutexGuard<'_, State>)> {
        let inner = self.0.as_ref()?;
        if inner.is_paused.load(Ordering::SeqCst) {
            return None;
        }
        Some((inner, inner.state()))
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

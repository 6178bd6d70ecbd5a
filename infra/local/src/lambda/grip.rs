//! A grip on sandboxes from outside of Lambda's API: what a fault does to a process.
//!
//! The one thing to know: it holds no host alive, and it never waits. What becomes of a killed sandbox's invocation is
//! decided where every other death is seen.

use std::sync::{Arc, Weak};

use nix::sys::signal::Signal;

use super::{dispatch::Function, ids::SandboxId, runtime_api::FunctionMap, state::Sandbox};

/// Reaches the sandboxes of one host, as long as there is one.
#[derive(Clone)]
pub struct Grip(Weak<FunctionMap>);

impl Grip {
    pub(super) fn new(functions: &Arc<FunctionMap>) -> Self {
        Self(Arc::downgrade(functions))
    }

    /// The function that a living sandbox runs.
    #[must_use]
    pub fn function_of(&self, sandbox: &str) -> Option<Arc<str>> {
        self.find(sandbox)
            .map(|(function, _)| Arc::clone(&function.name))
    }

    /// Kills it, as the kernel would for want of memory.
    pub fn kill(&self, sandbox: &str) {
        self.act(sandbox, Sandbox::condemn);
    }

    /// Stops it in the middle of its work. Its time limit goes on.
    pub fn freeze(&self, sandbox: &str) {
        self.act(sandbox, |sandbox| {
            sandbox.signal(Signal::SIGSTOP);
        });
    }

    /// Continues it, unless it has nothing to do and is stopped for that.
    pub fn thaw(&self, sandbox: &str) {
        self.act(sandbox, |sandbox| {
            if !sandbox.is_frozen {
                sandbox.signal(Signal::SIGCONT);
            }
        });
    }

    fn act(&self, sandbox: &str, act: impl FnOnce(&mut Sandbox)) {
        if let Some((function, id)) = self.find(sandbox) {
            function.change(|state| state.sandboxes.get_mut(&id).map(act));
        }
    }

    fn find(&self, sandbox: &str) -> Option<(Arc<Function>, SandboxId)> {
        let id: SandboxId = sandbox.parse().ok()?;
        let functions = self.0.upgrade()?;
        let holds = |function: &&Arc<Function>| {
            function.look(|state| {
                let found = state.sandboxes.get(&id);
                found.is_some_and(|sandbox| !sandbox.is_condemned)
            })
        };
        functions
            .values()
            .find(holds)
            .map(|function| (Arc::clone(function), id))
    }
}

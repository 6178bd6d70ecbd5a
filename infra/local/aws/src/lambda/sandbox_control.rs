//! Control of sandboxes from outside of Lambda's API, for faults.
//!
//! It keeps no host alive, and it never waits. The invocations of a killed sandbox are ended where every other exit is
//! observed.

use std::sync::{Arc, Weak};

use local_fault_hook::SandboxControl;
use nix::sys::signal::Signal;

use super::{dispatch::Function, ids::SandboxId, runtime_api::FunctionMap, state::Sandbox};

/// A weak handle to the sandboxes of one host.
pub(super) struct WeakSandboxes(Weak<FunctionMap>);

impl WeakSandboxes {
    pub(super) fn new(functions: &Arc<FunctionMap>) -> Self {
        Self(Arc::downgrade(functions))
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
            function.read(|state| {
                let found = state.sandboxes.get(&id);
                found.is_some_and(|sandbox| !sandbox.is_ending)
            })
        };
        functions
            .values()
            .find(holds)
            .map(|function| (Arc::clone(function), id))
    }
}

impl SandboxControl for WeakSandboxes {
    fn function_of(&self, sandbox: &str) -> Option<Arc<str>> {
        self.find(sandbox)
            .map(|(function, _)| Arc::clone(&function.name))
    }

    fn kill(&self, sandbox: &str) {
        self.act(sandbox, Sandbox::kill);
    }

    fn freeze(&self, sandbox: &str) {
        self.act(sandbox, |sandbox| {
            sandbox.signal(Signal::SIGSTOP);
        });
    }

    fn thaw(&self, sandbox: &str) {
        self.act(sandbox, |sandbox| {
            if !sandbox.is_frozen {
                sandbox.signal(Signal::SIGCONT);
            }
        });
    }
}

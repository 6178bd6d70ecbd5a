//! Faults as the hook that the stack calls.

use std::sync::Arc;

use axum::Router;
use local_stack::fault_hook::{FaultHook, Message, Passage, SandboxControl};
use local_stack::lambda::SANDBOX_PLACEHOLDER;

use super::Faults;
use super::gateway::{self, SANDBOX_PREFIX};
use super::transit::Fate;

impl FaultHook for Faults {
    fn receive_control(&self, sandboxes: Arc<dyn SandboxControl>) -> anyhow::Result<()> {
        let mut state = self.state();
        state.plan.check()?;
        state.sandboxes = Some(sandboxes);
        Ok(())
    }

    /// Returns an address that identifies the calling sandbox to the gateway.
    fn address_for_functions(&self, url: &str) -> String {
        format!("{url}{SANDBOX_PREFIX}{SANDBOX_PLACEHOLDER}")
    }

    fn in_front_of(&self, gateway: Router) -> Router {
        gateway::in_front_of(gateway, self.clone())
    }

    fn wake(&self, function: &str, copy: &mut dyn FnMut() -> Message) -> Passage {
        passage(self.fate_of_wake(function), copy)
    }

    fn message(&self, queue: &str, copy: &mut dyn FnMut() -> Message) -> Passage {
        passage(self.fate_of_message(queue), copy)
    }
}

/// Sends the copies that do not travel at once.
fn passage(fate: Option<Fate>, copy: &mut dyn FnMut() -> Message) -> Passage {
    let Some(fate) = fate else {
        return Passage::Now;
    };
    if fate.is_lost() {
        return Passage::Lost;
    }
    match fate.send_off(copy) {
        true => Passage::Now,
        false => Passage::Later,
    }
}

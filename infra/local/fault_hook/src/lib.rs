//! The places at which faults can be injected into a running stack.
//!
//! A [`FaultHook`] in the options of a stack is called where a network, a machine or a process
//! may fail: before pg_net's worker sends a wake, before a queue's mapping delivers a message, and around every call
//! of a function to the gateway. The stack decides nothing about faults, and without a hook calls nothing.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;

/// The delivery of one copy of a wake or message.
pub type Message = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A source of faults for one stack. The default of each method injects none.
pub trait FaultHook: fmt::Debug + Send + Sync {
    /// Receives control over the sandboxes when the Lambda host has started.
    ///
    /// # Errors
    /// An error keeps the stack from starting.
    fn receive_control(&self, _control: Arc<dyn SandboxControl>) -> anyhow::Result<()> {
        Ok(())
    }

    /// Returns the address that functions call instead of the gateway's. It may contain
    /// the Lambda host's placeholder for the id of the calling sandbox.
    fn address_for_functions(&self, url: &str) -> String {
        url.to_owned()
    }

    /// Returns the router that receives every request in front of the gateway.
    fn in_front_of(&self, gateway: Router) -> Router {
        gateway
    }

    /// Decides how a wake of this function travels. `copy` makes one delivery of it.
    fn wake(&self, _function: &str, _copy: &mut dyn FnMut() -> Message) -> Passage {
        Passage::Now
    }

    /// Decides how a message of this queue travels. `copy` makes one delivery of it.
    fn message(&self, _queue: &str, _copy: &mut dyn FnMut() -> Message) -> Passage {
        Passage::Now
    }
}

/// The caller's handling of a wake or message, as the hook decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// The caller delivers it now. The hook may have sent off further copies.
    Now,
    /// The hook delivers every copy later.
    Later,
    /// No copy arrives.
    Lost,
}

/// Control of the Lambda host's sandboxes from outside of Lambda's API, by their ids. A sandbox that has ended is left
/// alone.
pub trait SandboxControl: Send + Sync {
    /// Returns the function that a living sandbox runs.
    fn function_of(&self, sandbox: &str) -> Option<Arc<str>>;

    /// Kills a sandbox, as the kernel does when memory runs out.
    fn kill(&self, sandbox: &str);

    /// Stops a sandbox in the middle of its work. Its time limit continues.
    fn freeze(&self, sandbox: &str);

    /// Continues a sandbox, unless it is frozen for lack of work.
    fn thaw(&self, sandbox: &str);
}

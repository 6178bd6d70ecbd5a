//! The Lambda host: runs the real function binaries over the real Runtime API, as AWS Lambda does.
//!
//! An invocation is accepted or refused ([`Host::invoke`]), waits in its function's state, is handed to an idle sandbox
//! or to one that is started for it (`dispatch`), and travels through that sandbox's open `next` request
//! (`runtime_api`). The sandbox was frozen and is thawed for it. Its response, its crash or its time limit ends the
//! invocation (`sandbox`), and once it requests more work it is frozen again. The caller's connection plays no part.
//!
//! The host keeps the original's faults: a sandbox that takes too long is killed in the middle of its work, an `Event`
//! may run three times, and nothing runs between invocations. `fidelity/lambda.md` lists what is the same, and what is
//! not.

mod answer;
mod body;
mod config;
mod dispatch;
mod environment;
mod events;
mod function_url;
mod guard;
mod handover;
mod host;
mod ids;
mod invoke_api;
mod logs;
mod peer;
mod platform;
#[cfg(test)]
mod races;
mod runtime_api;
mod sandbox;
mod sandbox_control;
mod state;
mod stats;

use axum::Router;

pub use self::{
    answer::{InvocationType, InvokeResult, Invoked, Refusal, Reply},
    config::{FunctionConfig, HostConfig, MAX_EVENT_BYTES, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES},
    environment::SANDBOX_PLACEHOLDER,
    host::Host,
    ids::{RequestId, SandboxId},
    logs::LogLine,
    stats::{FunctionStats, SandboxStats},
};

impl Host {
    /// Returns the routes for people and for other services: the Invoke API and the function URLs.
    pub fn router(&self) -> Router {
        invoke_api::router(self.clone()).merge(function_url::router(self.clone()))
    }
}

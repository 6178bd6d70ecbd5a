//! Runs a function under Lambda: configuration, secrets, telemetry, deadlines, and the drain loop of every function.
//!
//! A function holds nothing between invocations but connections and cached secrets. Work that an invocation does not
//! finish is a row with a lease, which it releases before its deadline or which the sweep reclaims after it. This is
//! the only crate that uses `lambda_runtime`.

mod config;
mod deadline;
mod drain;
mod error;
mod function;
mod interrupted;
mod invocation;
mod secrets;
mod telemetry;
mod worker;

pub use config::{Config, ConfigError, Environment, SecretsConfig};
pub use deadline::Deadline;
pub use drain::{DrainOptions, DrainReport, StepContext, drain, unstorable};
pub use error::Error;
pub use function::{Function, run, serve, unknown_kind, work_on_steps};
pub use interrupted::Interrupted;
pub use invocation::{Failure, Invocation};
pub use secrets::{SecretError, Secrets};
pub use worker::{Call, OptionalSecret, WAKE_SECRET, Worker, decode};

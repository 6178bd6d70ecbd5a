//! The stand-ins for AWS's services, tried with real function programs.
//!
//! The one thing to know: a test decides itself when an invocation ends (see `stage`), and waits for
//! states, never for time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod events;
mod function_url;
mod invoke_api;
mod life_and_death;
mod limits;
mod queue;
mod runtime_api;
mod sandboxes;
mod schedule;
mod secrets;
mod speed;
mod stage;

//! Tests of the stand-ins for AWS's services with real function programs.
//!
//! A test decides itself when an invocation ends (see `stage`), and waits for states, never for time.
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

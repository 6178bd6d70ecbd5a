//! The providers' clients against a scripted HTTP server on a real socket, which speaks their wire formats and fails in
//! every way there is.
//!
//! The responses have the fields of the public references that `src/anthropic.rs` and `src/openai.rs` name. What was
//! asked is kept byte for byte, so that every field we send is looked at.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    unreachable_pub,
    missing_docs
)]

mod agents;
mod anthropic;
mod conformance;
mod embeddings;
mod faults;
mod fuzz;
mod ids;
mod judge;
mod learning;
mod lenient;
mod openai;
mod plans;
mod protocol;
mod reach;
mod server;
mod tasks;

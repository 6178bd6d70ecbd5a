//! Calls AWS's JSON APIs. Two functions need two operations (`SendMessage`, `PutParameter`), so this is one signed POST
//! and not an SDK: a gateway with `aws-sdk-sqs` is more than twice as large (ARCHITECTURE.md has the figures).

mod client;
mod signature;

pub use client::{Client, Error, Operation, Settings};
pub use signature::Credentials;

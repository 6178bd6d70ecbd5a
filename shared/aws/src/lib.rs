//! Calls AWS's JSON APIs. Two functions need two operations (`SendMessage`, `PutParameter`), so this is one signed POST
//! and not an SDK: `aws-sdk-sqs` adds 3.7 MB to a gateway of 4.2 MB (ARCHITECTURE.md has the figures).

mod client;
mod signature;

pub use client::{Client, Error, Operation, Settings};
pub use signature::Credentials;

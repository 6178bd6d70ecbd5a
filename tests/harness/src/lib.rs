//! What tests Goalpost beyond `cargo test`: goals under injected faults (`chaos`), sessions that race (`races`),
//! measurements (`bench`), what a language model achieves (`eval`), and what they and the system tests share (`faults`, `oracle`, `people`).
//!
//! Everything here stands on the local stack and the real functions. No part of the product depends on it.

pub mod bench;
pub mod chaos;
pub mod cli;
pub mod eval;
pub mod faults;
pub mod mutants;
pub mod oracle;
pub mod people;
pub mod races;
mod random;

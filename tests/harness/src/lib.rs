//! Tests of Goalpost beyond `cargo test`: goals under injected faults (`chaos`), racing sessions (`races`),
//! measurements (`bench`), evaluation of a language model (`eval`), and the parts they share with the system tests
//! (`faults`, `oracle`, `people`).
//!
//! Everything here runs on the local stack and the real functions. No part of the product depends on it.

pub mod bench;
pub mod chaos;
pub mod cli;
pub mod eval;
pub mod faults;
pub mod learning;
pub mod mutants;
pub mod oracle;
pub mod people;
pub mod races;
mod random;

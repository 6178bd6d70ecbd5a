//! Mutation testing: runs mutants of the product, and requires that a test kills each.
//!
//! Mutants of the database are made from Postgres' own catalog: the definitions of functions (`operators` changes their
//! bodies), views, policies, constraints, triggers and grants (`catalog`). Each lives in a transaction of a cloned
//! database (`sandbox`) while pgTAP files run there: the files that call the function according to measurements
//! (`coverage`, `selection`). Mutants of Rust modules are made by cargo-mutants (`cargo_mutants`).
//!
//! A mutant that no test kills is a missing test, or is listed with a reason in `tests/harness/mutants/survivors.toml`
//! ([`Survivors`]).

mod areas;
mod body;
pub mod cargo_mutants;
mod catalog;
mod choice;
mod coverage;
mod files;
mod lexer;
mod mutant;
mod operators;
mod report;
mod run;
mod rust_tests;
mod sample;
mod sandbox;
mod selection;
mod survivors;

pub use choice::Choice;
pub use mutant::{Mutant, Target};
pub use operators::Operator;
pub use report::{Report, Score, Survivor};
pub use run::{Fate, Runner, Tried};
pub use rust_tests::survivors_of as run_rust_tests;
pub use survivors::{Group, Survivors, Why};

#[cfg(test)]
mod tests;

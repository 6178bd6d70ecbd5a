//! Guard ablation: every guard is taken away, one at a time, and a test has to miss it.
//!
//! A guard is whatever keeps something from happening: a compare of epochs, a lock, a constraint, a policy, a cap, a
//! check in Rust. `tests/ablation/guards/*.toml` lists them, each with how to remove it and the tests that go red
//! then. A guard that nothing misses is a missing test or dead code.
//!
//! The one thing to know: nothing is mocked. A SQL guard is removed in a clone of the migrated database and pgTAP
//! files run there (or a Rust test runs on migrations without it); a Rust guard is removed in a copy of the
//! workspace, where its tests are built and run.

mod cargo;
pub mod cover;
mod database;
mod list;
mod text;

pub use cargo::Cargo;
pub use database::Databases;
pub use list::{Change, Guard, Kind, Removal, Test, read_all};
pub use text::{Edit, edit};

use std::path::{Path, PathBuf};

/// What one test said about a database, or a workspace, without the guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The test, as the list names it.
    pub test: String,
    /// Whether it went red, as it should.
    pub is_red: bool,
    /// The first thing that failed; empty when nothing did.
    pub what: String,
}

/// The folder of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap_or_else(|| Path::new("."))
        .to_owned()
}

/// The first line of a text, for a table.
pub(crate) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

//! The definitions that people keep as YAML files: runbooks (also the built-in ones) and agents.

mod agent;
mod runbook;
mod yaml;

pub use agent::AgentFile;
pub use runbook::{RunbookFile, type_of};
pub use yaml::write;

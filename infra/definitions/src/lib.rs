//! The definitions that people keep as YAML files: runbooks (also the built-in ones), agents, and the whole configuration of
//! a workspace.

mod agent;
mod runbook;
mod skill;
mod workspace;
mod yaml;

pub use agent::AgentFile;
pub use runbook::{RunbookFile, type_of};
pub use skill::ImportedSkill;
pub use workspace::{
    LIMITS, McpServer, Policy, RateLimit, SETTINGS, Schedule, WorkspaceFile, WritableTable,
};
pub use yaml::write;

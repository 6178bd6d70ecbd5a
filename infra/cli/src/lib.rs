//! The `goalpost` command line: `commands` has a file per command, `client` speaks to the project's API, `render`
//! makes text of what it answers.

pub mod client;
pub mod commands;
mod render;

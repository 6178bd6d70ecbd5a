//! The `goalpost` command line: `commands` has a file per command, `client` calls the project's API, `render` formats
//! the answers.

pub mod client;
pub mod commands;
mod render;

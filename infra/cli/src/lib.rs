//! The `goalpost` command line: `commands` has a file per command, `render` formats the answers. The crate
//! `client` calls the project's API.

pub mod commands;
mod render;

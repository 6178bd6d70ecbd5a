//! The state of a running `goalpost up` for the other commands: `run/state.json`, readable for its owner alone.
//!
//! A lock that the operating system releases shows whether it runs, never the existence of the file. The file contains
//! the keys that tokens are signed with, because other commands sign tokens.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use local_stack::home::{Home, Lock};
use local_stack::keys::ProjectKeys;

const LOCK: &str = "up";
const KEYS: &str = "project.json";

/// A stack that runs in another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    /// The process.
    pub(super) pid: i32,
    /// The time of its start.
    pub(super) started_at: DateTime<Utc>,
    /// The stack; none until it is up.
    pub(super) stack: Option<Stack>,
}

/// The addresses of a stack.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stack {
    /// The project's address.
    pub(super) url: String,
    /// The database, as `postgres`.
    pub(super) database_url: String,
    /// The server's psql, if there is one.
    pub(super) psql: Option<PathBuf>,
    /// The functions' logs.
    pub(super) logs: PathBuf,
    /// The settings of models that `up` was given.
    #[serde(default)]
    pub(super) models: Models,
    /// The project's keys, as they are stored.
    pub(super) keys: Value,
}

/// The settings of models that a process was given, without the keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Models {
    /// `GOALPOST_MODEL` and the like.
    pub(super) environment: BTreeMap<String, String>,
    /// The names of the variables that held keys.
    pub(super) keys: Vec<String>,
}

/// Takes the lock of the one `up` of a home; `None` if another process holds it.
pub(super) fn claim(home: &Home) -> anyhow::Result<Option<Lock>> {
    home.try_lock(LOCK)
}

/// Writes the state for other commands.
pub(super) fn write(home: &Home, state: &State) -> anyhow::Result<()> {
    let text = serde_json::to_vec_pretty(state).context("writing the state file")?;
    home.write_private(&path(home), &text)
}

/// Removes the state.
pub(super) fn remove(home: &Home) {
    let _ = std::fs::remove_file(path(home));
}

/// Returns the running stack, if there is one.
pub(super) fn running(home: &Home) -> anyhow::Result<Option<State>> {
    if claim(home)?.is_some() {
        return Ok(None);
    }
    let text = std::fs::read(path(home))
        .context("the local stack is just starting or stopping: try again")?;
    let state = serde_json::from_slice(&text);
    Ok(Some(state.context(
        "the state of the running stack cannot be read: run `cargo goalpost down`, then `up`",
    )?))
}

/// Returns the running stack, or an error with advice.
pub(super) fn required(home: &Home) -> anyhow::Result<Stack> {
    let state = running(home)?
        .context("the local stack is not up.\nRun `cargo goalpost up` in another terminal.")?;
    state
        .stack
        .context("the local stack is still starting: try again in a moment.")
}

impl Stack {
    /// Returns the project's keys.
    pub(super) fn keys(&self) -> anyhow::Result<ProjectKeys> {
        ProjectKeys::from_stored(&self.keys)
    }
}

/// Returns the keys of this home's project, generated at the first use. They stay, so that copies of them remain valid.
pub(super) fn keys(home: &Home) -> anyhow::Result<ProjectKeys> {
    let path = home.root().join(KEYS);
    if let Ok(text) = std::fs::read(&path) {
        let mut stored = serde_json::from_slice(&text).unwrap_or_default();
        let is_changed = ProjectKeys::add_missing(&mut stored);
        let keys = ProjectKeys::from_stored(&stored)?;
        if is_changed {
            home.write_private(&path, stored.to_string().as_bytes())?;
        }
        return Ok(keys);
    }
    let keys = ProjectKeys::generate();
    home.write_private(&path, keys.to_stored().to_string().as_bytes())?;
    Ok(keys)
}

/// Deletes the keys; the next `up` generates new ones.
pub(super) fn forget_keys(home: &Home) {
    let _ = std::fs::remove_file(home.root().join(KEYS));
}

fn path(home: &Home) -> PathBuf {
    home.run().join("state.json")
}

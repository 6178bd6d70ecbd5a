//! What a running `goalpost up` leaves for the other commands: `run/state.json`, for its owner alone.
//!
//! The one thing to know: whether it runs is told by a lock that the operating system takes back, never by the
//! file's being there. The file holds the keys that tokens are signed with: other commands make tokens.

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
    /// When it was started.
    pub(super) started_at: DateTime<Utc>,
    /// What is known once it is up.
    pub(super) stack: Option<Stack>,
}

/// Where it is.
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
    /// What `up` was given about models.
    #[serde(default)]
    pub(super) models: Models,
    /// The project's keys, as they are stored.
    pub(super) keys: Value,
}

/// What a process was given about models, without the keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Models {
    /// `GOALPOST_MODEL` and the like.
    pub(super) environment: BTreeMap<String, String>,
    /// The variables that held keys.
    pub(super) keys: Vec<String>,
}

/// The lock of the one `up` of a home; `None`: another process has it.
pub(super) fn claim(home: &Home) -> anyhow::Result<Option<Lock>> {
    home.try_lock(LOCK)
}

/// Leaves the state for other commands.
pub(super) fn write(home: &Home, state: &State) -> anyhow::Result<()> {
    let text = serde_json::to_vec_pretty(state).context("writing the state file")?;
    home.write_private(&path(home), &text)
}

/// Takes it away again.
pub(super) fn remove(home: &Home) {
    let _ = std::fs::remove_file(path(home));
}

/// The stack that runs, if one does.
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

/// The stack that runs, or what to do without one.
pub(super) fn required(home: &Home) -> anyhow::Result<Stack> {
    let state = running(home)?
        .context("the local stack is not up.\nRun `cargo goalpost up` in another terminal.")?;
    state
        .stack
        .context("the local stack is still starting: try again in a moment.")
}

impl Stack {
    /// The project's keys.
    pub(super) fn keys(&self) -> anyhow::Result<ProjectKeys> {
        ProjectKeys::from_stored(&self.keys)
    }
}

/// The keys of this home's project, made at the first use. They stay, so that what people copied stays good.
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

/// Forgets the keys; the next `up` makes new ones.
pub(super) fn forget_keys(home: &Home) {
    let _ = std::fs::remove_file(home.root().join(KEYS));
}

fn path(home: &Home) -> PathBuf {
    home.run().join("state.json")
}

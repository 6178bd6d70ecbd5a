//! Clusters of tests: one per process, removed when the process ends.
//!
//! The watching shell removes the folder when its server has ended. If even the shell is killed, the next test process
//! finds a folder with a free lock, and removes it.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::running;
use crate::home::{self, Home, Lock};

/// Creates a fresh folder for a cluster of this process, and the lock that shows it is in use.
pub(super) fn claim(home: &Home) -> anyhow::Result<(PathBuf, Lock)> {
    // Held while a folder exists that is not locked yet, so that no other process takes it for a leftover.
    let _claiming = home.lock("tests")?;
    let clusters = home.test_clusters();
    home::make_folder(&clusters)?;
    home.account().own(&clusters)?;
    clear_leftovers(&clusters)?;
    let folder = clusters.join(uuid::Uuid::new_v4().simple().to_string());
    home::make_folder(&folder)?;
    home.account().own(&folder)?;
    let lock =
        home::try_lock_file(&folder.join(LOCK))?.context("a new folder is locked already")?;
    Ok((folder, lock))
}

const LOCK: &str = "owner.lock";

fn clear_leftovers(clusters: &Path) -> anyhow::Result<()> {
    let entries =
        std::fs::read_dir(clusters).with_context(|| format!("reading {}", clusters.display()))?;
    for entry in entries {
        let folder = entry?.path();
        // An error means that its watcher removes it at this moment.
        let Ok(Some(_lock)) = home::try_lock_file(&folder.join(LOCK)) else {
            continue;
        };
        running::stop_leftover(&folder.join("data"))?;
        let _ = std::fs::remove_dir_all(&folder);
    }
    Ok(())
}

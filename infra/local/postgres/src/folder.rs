//! Folders, listed in one order.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// Returns the entries of a folder, by name.
pub(super) fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = std::fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .with_context(|| format!("reading {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

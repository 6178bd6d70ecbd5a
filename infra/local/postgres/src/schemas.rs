//! `supabase/schemas`: the SQL that people edit, one file per public RPC, and the migration generated from it.
//!
//! Folders and files apply in the order of their names. The generated migration is their concatenation, each file
//! under a line that names it, so that an error in the migration can be traced to its source.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::source_lines::MARKER;
use super::{Server, migrations, statements};

/// The generated migration, below the workspace.
pub const BASELINE: &str = "supabase/migrations/20261122000000_goalpost.sql";

const HEADER: &str = "-- Generated from supabase/schemas by `cargo harness migrations`. Edit the files there, never this one.\n";

/// Returns the files of `supabase/schemas` in the order in which they apply.
///
/// # Errors
/// A folder cannot be read, or contains none.
pub fn files(workspace: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let root = workspace.join("supabase/schemas");
    let mut files = Vec::new();
    for folder in entries(&root)? {
        if folder.is_dir() {
            files.extend(
                entries(&folder)?
                    .into_iter()
                    .filter(|path| path.extension().is_some_and(|extension| extension == "sql")),
            );
        }
    }
    if files.is_empty() {
        bail!("{} contains no SQL files", root.display());
    }
    Ok(files)
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
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

/// Returns the text of the migration that the files generate.
///
/// # Errors
/// A file cannot be read.
pub fn generate(workspace: &Path) -> anyhow::Result<String> {
    let mut text = HEADER.to_owned();
    for path in files(workspace)? {
        let source = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        let name = path.strip_prefix(workspace).unwrap_or(&path);
        text.push_str(&format!("\n{MARKER}{}\n\n{source}", name.display()));
    }
    Ok(text)
}

/// Applies the source files to an empty database, as `postgres`, in one transaction.
///
/// # Errors
/// The first statement that fails, with file, line and hint.
pub async fn apply(server: &Server, database: &str) -> anyhow::Result<()> {
    let mut client = server.connect("postgres", database).await?;
    let transaction = client.transaction().await?;
    for path in files(server.home().workspace())? {
        let source = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        migrations::run(transaction.client(), &path, &statements::split(&source)).await?;
    }
    transaction.commit().await.context("committing the schemas")
}

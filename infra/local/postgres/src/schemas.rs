//! `supabase/schemas`: the SQL that people edit, one file per public RPC, and the migration generated from it.
//!
//! Folders and files apply in the order of their names, then the built-in runbooks of `supabase/runbooks`. The
//! generated migration is their concatenation, each file under a line that names it, so that an error in the migration
//! can be traced to its source.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::folder::entries;
use super::source_lines::MARKER;
use super::{Server, builtin_runbooks, migrations, statements};

/// The generated migration, below the workspace.
pub const BASELINE: &str = "supabase/migrations/20261122000000_goalpost.sql";

const HEADER: &str = "-- Generated from supabase/schemas and supabase/runbooks by `cargo harness migrations`. Edit the files there, never this one.\n";

/// A file that the database is built from.
#[derive(Debug)]
pub struct Source {
    /// The file that people edit.
    pub path: PathBuf,
    /// Its SQL; of a runbook, the statement that publishes it.
    pub sql: String,
}

/// Returns the sources of the database in the order in which they apply.
///
/// # Errors
/// A file or folder cannot be read, a folder is empty, or a file of `supabase/runbooks` is not a built-in runbook.
pub fn sources(workspace: &Path) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in files(workspace)? {
        let sql = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        sources.push(Source { path, sql });
    }
    // Last: they use functions of the schemas.
    for path in builtin_runbooks::files(workspace)? {
        let sql = builtin_runbooks::publication(&path)?;
        sources.push(Source { path, sql });
    }
    Ok(sources)
}

fn files(workspace: &Path) -> anyhow::Result<Vec<PathBuf>> {
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

/// Returns the text of the migration that the sources generate.
///
/// # Errors
/// As [`sources`].
pub fn generate(workspace: &Path) -> anyhow::Result<String> {
    let mut text = HEADER.to_owned();
    for source in sources(workspace)? {
        let name = source.path.strip_prefix(workspace).unwrap_or(&source.path);
        text.push_str(&format!("\n{MARKER}{}\n\n{}", name.display(), source.sql));
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
    for source in sources(server.home().workspace())? {
        let statements = statements::split(&source.sql);
        migrations::run(transaction.client(), &source.path, &statements).await?;
    }
    transaction.commit().await.context("committing the schemas")
}

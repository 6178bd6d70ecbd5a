//! Applies `supabase/seeds` as the Supabase CLI would (`[db.seed]` of `supabase/config.toml`): in the order of names.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{Server, migrations, statements};

/// Returns the seed files of a workspace, in order; none if it has no such folder.
///
/// # Errors
/// The folder cannot be read.
pub fn files(workspace: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = workspace.join("supabase/seeds");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Returns the text of all seed files, in order.
///
/// # Errors
/// A file cannot be read.
pub fn text(workspace: &Path) -> anyhow::Result<String> {
    let files = files(workspace)?;
    let texts = files.iter().map(|file| migrations::read(file));
    Ok(texts.collect::<anyhow::Result<Vec<_>>>()?.join("\n"))
}

/// Runs the seed files, if there are any, as `postgres` in one transaction; returns their number.
///
/// # Errors
/// The first statement that fails, with file, line and hint; nothing of any file stays then.
pub async fn apply(server: &Server, database: &str) -> anyhow::Result<usize> {
    let files = files(server.home().workspace())?;
    let mut client = server.connect("postgres", database).await?;
    let transaction = client.transaction().await?;
    for path in &files {
        let statements = statements::split(&migrations::read(path)?);
        migrations::run(transaction.client(), path, &statements).await?;
    }
    transaction.commit().await.context("committing the seed")?;
    Ok(files.len())
}

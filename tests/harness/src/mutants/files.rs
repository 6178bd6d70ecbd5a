//! The pgTAP files of `supabase/tests`.

use std::path::Path;

use anyhow::Context as _;

/// Folder with the set-up that all other files require.
const SETUP: &str = "000_setup";

/// A pgTAP file.
#[derive(Debug, Clone)]
pub(super) struct TestFile {
    /// Its folder, named after a SQL function or a subject.
    pub(super) folder: String,
    /// Folder and file, without the extension.
    pub(super) name: String,
    pub(super) source: String,
}

/// Reads the files of the set-up, in the order of their names.
///
/// # Errors
/// A file cannot be read.
pub(super) fn read_setup(workspace: &Path) -> anyhow::Result<Vec<TestFile>> {
    read_where(workspace, |folder| folder == SETUP)
}

/// Reads all files except the set-up, in the order of their names.
///
/// # Errors
/// A file cannot be read.
pub(super) fn read(workspace: &Path) -> anyhow::Result<Vec<TestFile>> {
    read_where(workspace, |folder| folder != SETUP)
}

fn read_where(workspace: &Path, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Vec<TestFile>> {
    let root = workspace.join("supabase/tests");
    let mut files = Vec::new();
    for folder in list(&root)? {
        if !folder.is_dir() {
            continue;
        }
        for path in list(&folder)? {
            let name = path
                .strip_prefix(&root)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            let Some(name) = name.strip_suffix(".test.sql") else {
                continue;
            };
            let folder = name.split('/').next().unwrap_or(name);
            if !wanted(folder) {
                continue;
            }
            let source = std::fs::read_to_string(&path)
                .with_context(|| format!("reading {}", path.display()))?;
            files.push(TestFile {
                folder: folder.to_owned(),
                name: name.to_owned(),
                source,
            });
        }
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
}

fn list(folder: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let read = || {
        std::fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()
    };
    read().with_context(|| format!("reading {}", folder.display()))
}

/// Returns true if a text contains this name as a whole word.
pub(super) fn names(text: &str, name: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text
            .get(at + name.len()..)
            .and_then(|after| after.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

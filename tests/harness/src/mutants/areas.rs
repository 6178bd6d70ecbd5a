//! Areas of the product: the folder of `supabase/schemas` that defines a function.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;

/// Area of every function that the workspace defines.
#[derive(Debug, Default)]
pub(super) struct Areas(BTreeMap<String, String>);

/// Areas that move work, to which the target of 95 % applies.
pub(super) const ENGINE: [&str; 6] = [
    "engine", "journal", "money", "planning", "requests", "wakes",
];

impl Areas {
    /// Reads the folders of `supabase/schemas`.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(super) fn read(workspace: &Path) -> anyhow::Result<Self> {
        let mut areas = Self::default();
        let root = workspace.join("supabase/schemas");
        for folder in entries(&root)? {
            if !folder.is_dir() {
                continue;
            }
            let name = folder
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            areas.read_folder(&folder, without_number(&name))?;
        }
        Ok(areas)
    }

    /// Returns the area of a function, given with its schema.
    pub(super) fn of(&self, function: &str) -> String {
        self.0
            .get(function)
            .cloned()
            .unwrap_or_else(|| "other".to_owned())
    }

    fn read_folder(&mut self, folder: &Path, area: &str) -> anyhow::Result<()> {
        for path in entries(folder)? {
            if path.extension().is_some_and(|extension| extension == "sql") {
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("reading {}", path.display()))?;
                self.0
                    .extend(defined_in(&text).map(|function| (function, area.to_owned())));
            }
        }
        Ok(())
    }
}

fn entries(folder: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let read = || {
        std::fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()
    };
    read().with_context(|| format!("reading {}", folder.display()))
}

/// Returns a name without its sorting number.
fn without_number(name: &str) -> &str {
    name.trim_start_matches(|letter: char| letter.is_ascii_digit())
        .trim_start_matches('_')
}

fn defined_in(text: &str) -> impl Iterator<Item = String> + '_ {
    let starts = ["create function ", "create or replace function "];
    text.lines().filter_map(move |line| {
        let name = starts.iter().find_map(|start| line.strip_prefix(start))?;
        Some(name.split('(').next().unwrap_or(name).trim().to_owned())
    })
}

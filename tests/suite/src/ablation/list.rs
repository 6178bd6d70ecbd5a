//! Reads the list of guards. A file is an area; every entry in it is one guard:
//!
//! ```toml
//! file = "supabase/migrations/20261122000450_engine_claims.sql"  # where the texts of this area are
//!
//! [[guard]]
//! name = "a late outcome is refused by its epoch"
//! after = "function goalpost_private.settle_outcome("   # only if the text occurs more than once
//! replace = "v_step.lease_epoch is distinct from v_epoch"
//! with = "false"
//! red = ["finish_steps/a_late_completion_is_refused"]
//! # also = [{ replace = "…", with = "…" }]             # only if the same is guarded in a second place of the file
//!
//! [[guard]]
//! name = "a question has bounds"
//! without = "alter table goalpost.requests drop constraint question_is_given_and_bounded"
//! red = ["requests/a_question_has_bounds"]
//! ```

use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::text::{self, Edit};

/// One guard of the list.
#[derive(Debug, Clone)]
pub struct Guard {
    /// The file of the list it is in, without its ending.
    pub area: String,
    /// What it keeps from happening, as a sentence.
    pub name: String,
    /// How it is taken away.
    pub removal: Removal,
    /// The tests that go red then, all of them.
    pub red: Vec<Test>,
}

/// How a guard is taken away.
#[derive(Debug, Clone)]
pub enum Removal {
    /// A text of a file of the workspace is replaced.
    Text {
        /// The file, from the workspace's folder.
        file: String,
        /// What is replaced there: once, or in several places that guard the same.
        changes: Vec<Change>,
    },
    /// A statement runs after the migrations, as the database's owner.
    Statement(String),
}

/// One replacement.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What it must come after.
    pub after: Option<String>,
    /// What is replaced.
    pub replace: String,
    /// What stands there instead.
    #[serde(default)]
    pub with: String,
}

/// A test that goes red.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    /// A file of `supabase/tests`, without its ending: `finish_steps/a_late_completion_is_refused`.
    Database(String),
    /// A Rust test: `system-tests suite races::a_name`; for tests beside the code, `trigger lib authenticate::tests::a_name`.
    Cargo {
        /// The package.
        package: String,
        /// `lib`, or the name of an integration test.
        target: String,
        /// The test's path.
        name: String,
    },
}

/// What a guard is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Migrations.
    Sql,
    /// Rust sources.
    Rust,
}

impl Guard {
    /// What it is made of.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.removal {
            Removal::Text { file, .. } if !is_migration(file) => Kind::Rust,
            _ => Kind::Sql,
        }
    }

    /// Where it is removed, in short.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.removal {
            Removal::Text { file, .. } => file
                .strip_prefix("supabase/migrations/")
                .unwrap_or(file)
                .to_owned(),
            Removal::Statement(statement) => statement.clone(),
        }
    }

    /// The text with and without it, and which parts of it are the guard, for a guard that is a text.
    ///
    /// # Errors
    /// The file cannot be read, or the text is not in it (any more).
    pub fn edit(&self, workspace: &Path) -> anyhow::Result<Option<Edit>> {
        let Removal::Text { file, changes } = &self.removal else {
            return Ok(None);
        };
        let original = std::fs::read_to_string(workspace.join(file))
            .with_context(|| format!("reading {file}"))?;
        text::edit(original, changes)
            .context(file.clone())
            .map(Some)
    }
}

impl std::fmt::Display for Test {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Database(file) => f.write_str(file),
            Self::Cargo {
                package,
                target,
                name,
            } => write!(f, "{package} {target} {name}"),
        }
    }
}

pub(super) fn is_migration(file: &str) -> bool {
    file.starts_with("supabase/migrations/")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Area {
    file: Option<String>,
    #[serde(default)]
    guard: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    file: Option<String>,
    after: Option<String>,
    replace: Option<String>,
    with: Option<String>,
    #[serde(default)]
    also: Vec<Change>,
    without: Option<String>,
    red: Vec<String>,
}

/// All guards, area by area, in the order of the files.
///
/// # Errors
/// A file that cannot be read or does not say what it must, with the entry's name.
pub fn read_all(workspace: &Path) -> anyhow::Result<Vec<Guard>> {
    let folder = workspace.join("tests/ablation/guards");
    let mut paths = std::fs::read_dir(&folder)
        .and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .with_context(|| format!("reading {}", folder.display()))?;
    paths.sort();
    let mut guards: Vec<Guard> = Vec::new();
    for path in paths
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
    {
        let source = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let area: Area = toml::from_str(&source).with_context(|| path.display().to_string())?;
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        for entry in area.guard {
            let sentence = entry.name.clone();
            let guard = entry
                .read(&name, area.file.as_deref())
                .with_context(|| format!("{name}: {sentence}"))?;
            if guards.iter().any(|other| other.name == guard.name) {
                bail!("{name}: two guards have the name '{sentence}'");
            }
            guards.push(guard);
        }
    }
    Ok(guards)
}

impl Entry {
    fn read(self, area: &str, area_file: Option<&str>) -> anyhow::Result<Guard> {
        let removal = match (self.replace, self.without) {
            (Some(replace), None) => {
                let first = Change {
                    after: self.after,
                    replace,
                    with: self.with.unwrap_or_default(),
                };
                Removal::Text {
                    file: self
                        .file
                        .or_else(|| area_file.map(str::to_owned))
                        .context("`file` is missing, here and at the top of the area")?,
                    changes: std::iter::once(first).chain(self.also).collect(),
                }
            }
            (None, Some(statement)) if self.with.is_none() && self.after.is_none() => {
                Removal::Statement(statement)
            }
            _ => bail!("a guard has either `replace` (and `with`, `after`) or `without`"),
        };
        if self.red.is_empty() {
            bail!(
                "`red` names no test: run `cargo run --bin ablation -- --search '{}'`",
                self.name
            );
        }
        let red = self
            .red
            .iter()
            .map(|test| Test::read(test))
            .collect::<anyhow::Result<_>>()?;
        Ok(Guard {
            area: area.to_owned(),
            name: self.name,
            removal,
            red,
        })
    }
}

impl Test {
    fn read(text: &str) -> anyhow::Result<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [file] if file.contains('/') => Ok(Self::Database((*file).to_owned())),
            [package, target, name] => Ok(Self::Cargo {
                package: (*package).to_owned(),
                target: (*target).to_owned(),
                name: (*name).to_owned(),
            }),
            _ => bail!(
                "'{text}' is neither `folder/file` of supabase/tests nor `package target test`"
            ),
        }
    }
}

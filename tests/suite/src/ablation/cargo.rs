//! Runs Rust tests without a guard: on changed migrations in the workspace itself, or in a copy of the workspace with
//! a changed source. The copy shares the target folder, so that only the changed crate and what stands on it is built.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use local_stack::postgres::migrations::FOLDER_VARIABLE;
use serde_json::Value;
use tokio::process::Command;

use super::{Guard, Kind, Removal, Said, Test, first_line};

/// A test that takes longer without a guard waits for something that never comes.
const PATIENCE: Duration = Duration::from_secs(90);
/// What is not part of the sources.
const LEFT_OUT: [&str; 4] = ["target", ".git", ".goalpost", ".env"];

/// Builds and runs Rust tests. One at a time: cargo would wait for itself anyway.
pub struct Cargo {
    workspace: PathBuf,
    target: PathBuf,
    scratch: PathBuf,
}

impl Cargo {
    /// Nothing is copied or built yet.
    #[must_use]
    pub fn new(workspace: &Path) -> Self {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| workspace.join("target"), PathBuf::from);
        Self {
            workspace: workspace.to_owned(),
            scratch: target.join("ablation"),
            target,
        }
    }

    /// Runs all Rust tests of these guards with every guard in place; gives back what failed.
    ///
    /// # Errors
    /// They cannot be built, or one of them does not exist.
    pub async fn failures(&self, guards: &[&Guard]) -> anyhow::Result<Vec<Said>> {
        let mut failed = Vec::new();
        for kind in [Kind::Sql, Kind::Rust] {
            let of_kind = guards.iter().filter(|guard| guard.kind() == kind);
            let tests: BTreeSet<Test> = of_kind.flat_map(|guard| guard.red.clone()).collect();
            let folder = self.folder(kind)?;
            let said = self.run(&folder, tests.iter(), None).await?;
            failed.extend(said.into_iter().filter(|said| said.is_red));
        }
        Ok(failed)
    }

    /// Removes the guard and runs its Rust tests.
    ///
    /// # Errors
    /// The text is not there, what is left does not compile, or a test does not exist.
    pub async fn without(&self, guard: &Guard) -> anyhow::Result<Vec<Said>> {
        if !guard
            .red
            .iter()
            .any(|test| matches!(test, Test::Cargo { .. }))
        {
            return Ok(Vec::new());
        }
        let folder = self.folder(guard.kind())?;
        if guard.kind() == Kind::Sql {
            let migrations = self.changed_migrations(guard)?;
            return self.run(&folder, guard.red.iter(), Some(&migrations)).await;
        }
        let Removal::Text { file, .. } = &guard.removal else {
            bail!("a statement removes nothing from Rust");
        };
        let edit = guard.edit(&self.workspace)?.context("not a text")?;
        let path = folder.join(file);
        std::fs::write(&path, edit.changed)?;
        let said = self.run(&folder, guard.red.iter(), None).await;
        std::fs::write(&path, edit.original)?;
        said
    }

    /// The workspace itself for changed migrations; a copy, brought up to date, for changed sources.
    fn folder(&self, kind: Kind) -> anyhow::Result<PathBuf> {
        if kind == Kind::Sql {
            return Ok(self.workspace.clone());
        }
        let copy = self.scratch.join("source");
        copy_folder(&self.workspace, &copy, &LEFT_OUT).context("copying the workspace")?;
        Ok(copy)
    }

    /// The folder of migrations without the guard.
    fn changed_migrations(&self, guard: &Guard) -> anyhow::Result<PathBuf> {
        let folder = self.scratch.join("migrations");
        let _ = std::fs::remove_dir_all(&folder);
        copy_folder(&self.workspace.join("supabase/migrations"), &folder, &[])?;
        match &guard.removal {
            Removal::Statement(statement) => {
                std::fs::write(folder.join("99999999999999_without_a_guard.sql"), statement)?;
            }
            Removal::Text { file, .. } => {
                let edit = guard.edit(&self.workspace)?.context("not a text")?;
                let name = Path::new(file).file_name().context("a file has a name")?;
                std::fs::write(folder.join(name), edit.changed)?;
            }
        }
        Ok(folder)
    }

    async fn run(
        &self,
        folder: &Path,
        tests: impl Iterator<Item = &Test>,
        migrations: Option<&Path>,
    ) -> anyhow::Result<Vec<Said>> {
        let mut by_target: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for test in tests {
            if let Test::Cargo {
                package,
                target,
                name,
            } = test
            {
                by_target.entry((package, target)).or_default().push(name);
            }
        }
        let mut said = Vec::new();
        for ((package, target), names) in by_target {
            let program = self.build(folder, package, target).await?;
            said.extend(
                self.run_program(folder, &program, (package, target), &names, migrations)
                    .await?,
            );
        }
        Ok(said)
    }

    /// Builds a test binary; where it is.
    async fn build(&self, folder: &Path, package: &str, target: &str) -> anyhow::Result<PathBuf> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["test", "--no-run", "--message-format=json", "-p", package]);
        match target {
            "lib" => command.arg("--lib"),
            target => command.args(["--test", target]),
        };
        command
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .kill_on_drop(true);
        let built = command
            .stdin(Stdio::null())
            .output()
            .await
            .context("running cargo")?;
        if !built.status.success() {
            bail!(
                "{package} {target} does not compile:\n{}",
                compiler_errors(&built)
            );
        }
        let messages = String::from_utf8_lossy(&built.stdout).into_owned();
        let artifact = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message["profile"]["test"] == true)
            .find_map(|message| message["executable"].as_str().map(PathBuf::from));
        artifact.with_context(|| format!("cargo built no test for {package} {target}"))
    }

    async fn run_program(
        &self,
        folder: &Path,
        program: &Path,
        (package, target): (&str, &str),
        names: &[&str],
        migrations: Option<&Path>,
    ) -> anyhow::Result<Vec<Said>> {
        let mut command = Command::new(program);
        command
            .arg("--exact")
            .args(names)
            .current_dir(folder)
            .kill_on_drop(true);
        // Postgres is fetched once, for the workspace and its copy.
        if std::env::var_os("GOALPOST_HOME").is_none() {
            command.env("GOALPOST_HOME", self.workspace.join(".goalpost"));
        }
        if let Some(migrations) = migrations {
            command.env(FOLDER_VARIABLE, migrations);
        }
        let running = command.stdin(Stdio::null()).output();
        let (lines, end) = match tokio::time::timeout(PATIENCE, running).await {
            Ok(output) => {
                let output = output?;
                // A test that overflows the stack takes the program with it.
                let died = output.status.code().is_none();
                let lines = String::from_utf8_lossy(&output.stdout).into_owned();
                (lines, died.then(|| "the program died of it".to_owned()))
            }
            Err(_) => {
                let waits = format!("it still waits after {} seconds", PATIENCE.as_secs());
                (String::new(), Some(waits))
            }
        };
        names
            .iter()
            .map(|name| {
                let passed = lines.contains(&format!("test {name} ... ok"));
                let failed = lines.contains(&format!("test {name} ... FAILED"));
                if !passed && !failed && end.is_none() {
                    bail!("{package} has no test {name} in {target}");
                }
                let what = match &end {
                    _ if failed => panic_of(&lines, name),
                    Some(end) => end.clone(),
                    None => String::new(),
                };
                let test = Test::Cargo {
                    package: package.into(),
                    target: target.into(),
                    name: (*name).into(),
                };
                Ok(Said {
                    test: test.to_string(),
                    is_red: failed || end.is_some(),
                    what,
                })
            })
            .collect()
    }
}

/// What a failed test said.
fn panic_of(lines: &str, name: &str) -> String {
    let said = lines
        .split(&format!("---- {name} stdout ----"))
        .nth(1)
        .unwrap_or_default();
    let mut said = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = said.next().unwrap_or("it failed");
    // The panic's place comes first, its words on the line after it.
    let words = if first.contains("panicked at") {
        said.next().unwrap_or(first)
    } else {
        first
    };
    first_line(words)
}

fn compiler_errors(built: &Output) -> String {
    let messages = String::from_utf8_lossy(&built.stdout).into_owned();
    let rendered = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["message"]["level"] == "error")
        .filter_map(|message| message["message"]["rendered"].as_str().map(str::to_owned))
        .next();
    rendered.unwrap_or_else(|| String::from_utf8_lossy(&built.stderr).into_owned())
}

/// Makes `to` hold what `from` holds. Files that are the same are not touched: cargo goes by their time.
fn copy_folder(from: &Path, to: &Path, left_out: &[&str]) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if left_out.iter().any(|left_out| *left_out == name) {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target, &[])?;
        } else if entry.file_type()?.is_file() {
            let wanted = std::fs::read(entry.path())?;
            if std::fs::read(&target).ok().as_ref() != Some(&wanted) {
                std::fs::write(&target, wanted)?;
            }
        }
        names.insert(name);
    }
    for entry in std::fs::read_dir(to)? {
        let entry = entry?;
        if names.contains(&entry.file_name())
            || left_out
                .iter()
                .any(|left_out| *left_out == entry.file_name())
        {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => std::fs::remove_dir_all(entry.path())?,
            false => std::fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

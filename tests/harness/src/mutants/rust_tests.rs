//! Runs the Rust tests that the list names for mutants of the database which only concurrent sessions, or a whole
//! stack, expose.
//!
//! The mutant is the last migration in a copy of the folder that `GOALPOST_MIGRATIONS` names: the test binary migrates
//! its own cluster with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use local_stack::postgres::migrations::FOLDER_VARIABLE;
use serde_json::Value;
use tokio::process::Command;

use super::mutant::Mutant;
use super::survivors::{Survivors, Why};

/// A test that takes longer waits for an event that does not occur.
const PATIENCE: Duration = Duration::from_secs(120);

/// Rust test as the list names it: package, target (`lib` or an integration test) and path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RustTest {
    package: String,
    target: String,
    path: String,
}

/// Runs the named test against each of these mutants that the list maps to one, and calls `on_result` for each with
/// true if the test kills it. Returns the names of those that it does not kill.
///
/// # Errors
/// A test does not build or does not exist, or fails without a mutant.
pub async fn survivors_of(
    workspace: &Path,
    mutants: &[Mutant],
    list: &Survivors,
    on_result: impl Fn(&Mutant, &str, bool),
) -> anyhow::Result<Vec<String>> {
    let by_id: BTreeMap<String, &Mutant> =
        mutants.iter().map(|mutant| (mutant.id(), mutant)).collect();
    let mut wanted: Vec<(&Mutant, RustTest)> = Vec::new();
    for group in list.sql.iter().filter(|group| group.why == Why::Rust) {
        let test = RustTest::parse(group.test.as_deref().unwrap_or_default())?;
        let of_group = group.mutants.iter().filter_map(|id| by_id.get(id));
        wanted.extend(of_group.map(|mutant| (*mutant, test.clone())));
    }
    let tests: BTreeSet<RustTest> = wanted.iter().map(|(_, test)| test.clone()).collect();
    let programs = build(workspace, &tests).await?;
    let program_of = |test: &RustTest| {
        let program = programs.get(&(test.package.clone(), test.target.clone()));
        program.with_context(|| format!("cargo built no {} of {}", test.target, test.package))
    };
    for test in &tests {
        let ended = run(workspace, program_of(test)?, test, None).await?;
        ensure!(
            ended == Ended::Passed,
            "{} fails without a mutant",
            test.path
        );
    }
    let mut alive = Vec::new();
    for (mutant, test) in &wanted {
        let folder = mutated_migrations(workspace, mutant)?;
        let ended = run(workspace, program_of(test)?, test, Some(&folder)).await?;
        on_result(mutant, &test.path, ended == Ended::Failed);
        if ended == Ended::Passed {
            alive.push(format!("{}: {} passes", mutant.id(), test.path));
        }
    }
    Ok(alive)
}

impl RustTest {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [package, target, path] = words.as_slice() else {
            bail!(
                "'{text}' is no test: write package, target and path, as `system-tests suite locks::a_name`"
            );
        };
        Ok(Self {
            package: (*package).to_owned(),
            target: (*target).to_owned(),
            path: (*path).to_owned(),
        })
    }
}

type Programs = BTreeMap<(String, String), PathBuf>;

async fn build(workspace: &Path, tests: &BTreeSet<RustTest>) -> anyhow::Result<Programs> {
    let targets: BTreeSet<(String, String)> = tests
        .iter()
        .map(|test| (test.package.clone(), test.target.clone()))
        .collect();
    let mut programs = Programs::new();
    for (package, target) in targets {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["test", "--no-run", "--message-format=json", "-p", &package]);
        match target.as_str() {
            "lib" => command.arg("--lib"),
            target => command.args(["--test", target]),
        };
        let built = command
            .current_dir(workspace)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .await;
        let built = built.context("running cargo")?;
        ensure!(
            built.status.success(),
            "{package} {target} does not compile"
        );
        let lines = String::from_utf8_lossy(&built.stdout).into_owned();
        let program = lines
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message.pointer("/profile/test") == Some(&Value::Bool(true)))
            .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
            .with_context(|| format!("cargo built no test for {package} {target}"))?;
        programs.insert((package, target), program);
    }
    Ok(programs)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Passed,
    Failed,
}

async fn run(
    workspace: &Path,
    program: &Path,
    test: &RustTest,
    migrations: Option<&Path>,
) -> anyhow::Result<Ended> {
    let mut command = Command::new(program);
    command
        .arg("--exact")
        .arg(&test.path)
        .current_dir(workspace)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(migrations) = migrations {
        command.env(FOLDER_VARIABLE, migrations);
    }
    let Ok(output) = tokio::time::timeout(PATIENCE, command.output()).await else {
        return Ok(Ended::Failed);
    };
    let output = output.with_context(|| format!("running {}", program.display()))?;
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    if lines.contains(&format!("test {} ... ok", test.path)) {
        return Ok(Ended::Passed);
    }
    let has_failed =
        lines.contains(&format!("test {} ... FAILED", test.path)) || output.status.code().is_none();
    ensure!(
        has_failed,
        "{} has no test {} in {}",
        test.package,
        test.path,
        test.target
    );
    Ok(Ended::Failed)
}

/// Creates a folder with the migrations of the workspace and, last, the statement that makes the mutant.
fn mutated_migrations(workspace: &Path, mutant: &Mutant) -> anyhow::Result<PathBuf> {
    let folder = target(workspace).join("mutants/migrations");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let original = workspace.join("supabase/migrations");
    for entry in
        std::fs::read_dir(&original).with_context(|| format!("reading {}", original.display()))?
    {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file()) {
            std::fs::copy(&path, folder.join(name))
                .with_context(|| format!("copying {}", path.display()))?;
        }
    }
    std::fs::write(folder.join("99999999999999_mutant.sql"), &mutant.statement)?;
    Ok(folder)
}

/// Returns cargo's target folder.
pub(super) fn target(workspace: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn test_is_named_by_package_target_and_path() {
        let test = RustTest::parse("system-tests suite locks::a_name").unwrap();
        assert_eq!(
            (
                test.package.as_str(),
                test.target.as_str(),
                test.path.as_str()
            ),
            ("system-tests", "suite", "locks::a_name")
        );
        assert!(RustTest::parse("locks::a_name").is_err());
    }
}

//! Programs of Node that tests compare Goalpost with: pinned in `tests/node`, installed below `target`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::workspace;

/// Installs the pinned packages once and returns the folder of their programs; `None` where Node or npm is missing.
///
/// # Errors
/// npm fails: its output is in the error.
pub fn programs() -> anyhow::Result<Option<PathBuf>> {
    let is_there = |program: &str| {
        Command::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !is_there("node") || !is_there("npm") {
        return Ok(None);
    }
    let source = workspace().join("tests/node");
    let folder = workspace().join("target/node");
    let lock = std::fs::read(source.join("package-lock.json"))?;
    let marker = folder.join("installed.json");
    if std::fs::read(&marker).is_ok_and(|installed| installed == lock) {
        return Ok(Some(folder.join("node_modules/.bin")));
    }
    std::fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(source.join(file), folder.join(file))?;
    }
    // Not `npm ci`: it requires the optional packages of every platform in the lock file.
    run(Command::new("npm")
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&folder))?;
    std::fs::write(&marker, lock)?;
    Ok(Some(folder.join("node_modules/.bin")))
}

/// Runs a command to its end and returns its standard output.
///
/// # Errors
/// It does not start, or fails: both outputs are in the error.
pub fn run(command: &mut Command) -> anyhow::Result<String> {
    let name = Path::new(command.get_program()).display().to_string();
    let output = command
        .output()
        .with_context(|| format!("starting {name}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "{name} failed: {}\n{stdout}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(stdout)
}

/// Prints that a test is skipped, and why, past the test runner's capture of output.
pub fn report_skip(test: &str, reason: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {reason}");
}

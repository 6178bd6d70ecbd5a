//! Programs of Python that tests compare Goalpost with: pinned in `tests/python`, installed below `target`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use crate::{node, workspace};

/// Installs the packages of `tests/python/<name>.txt` once and returns the folder for `PYTHONPATH`.
///
/// # Errors
/// Python or pip is missing, or a package cannot be had: the reason to skip what needs it.
pub fn packages(name: &str) -> anyhow::Result<PathBuf> {
    let requirements = workspace().join(format!("tests/python/{name}.txt"));
    let wanted = std::fs::read(&requirements)
        .with_context(|| format!("reading {}", requirements.display()))?;
    let folder = workspace().join("target/python").join(name);
    let marker = folder.join("installed.txt");
    if std::fs::read(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    node::run(
        Command::new(python())
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(["--no-deps", "--only-binary=:all:", "--upgrade", "--target"])
            .arg(&folder)
            .arg("--requirement")
            .arg(&requirements)
            .env("PIP_ROOT_USER_ACTION", "ignore"),
    )?;
    std::fs::write(&marker, wanted)?;
    Ok(folder)
}

/// Returns the Python to run: `GOALPOST_PYTHON`, or `python3`.
#[must_use]
pub fn python() -> PathBuf {
    std::env::var_os("GOALPOST_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from)
}

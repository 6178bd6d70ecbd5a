//! `goalpost build`: the functions' packages for Lambda, a zip each, and their bill of materials.
//!
//! cargo-lambda builds them, with Zig as the linker for the C library of Lambda's system. pip fetches both, as it does
//! Postgres, so neither Docker nor a toolchain for the other architecture is needed.

mod sbom;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use local_stack::binaries::DEPLOYED;
use local_stack::home::Home;
use local_stack::progress::Progress;

use super::arguments::{Architecture, Build};
use super::print;
use crate::render::{Screen, table};

const REQUIREMENTS: &str = include_str!("build/cargo-lambda-requirements.txt");
/// The folder of the installed packages; it changes with the pinned version.
const TOOLS: &str = "cargo-lambda-1.9.2";
/// Written last: a folder without it is incomplete and filled anew.
const MARKER: &str = "complete";

pub(super) fn run(arguments: &Build) -> anyhow::Result<()> {
    let home = Home::open()?;
    let architecture = arguments.arch;
    check_target(architecture)?;
    let output = match &arguments.output {
        Some(folder) => folder.clone(),
        None => Path::new("target/packages").join(architecture.name()),
    };
    let output = std::path::absolute(&output)?;
    std::fs::create_dir_all(&output).with_context(|| format!("creating {}", output.display()))?;
    let tools = install(&home, &Progress::stderr())?;
    let built = build(home.workspace(), &tools, architecture, &output)?;
    let sbom = sbom::of_functions(home.workspace(), architecture.target())?;
    let sbom_file = output.join("sbom.cdx.json");
    std::fs::write(&sbom_file, format!("{sbom:#}\n"))
        .with_context(|| format!("writing {}", sbom_file.display()))?;
    let rows: Vec<Vec<String>> = built
        .iter()
        .map(|(function, bytes)| {
            let megabytes = format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10);
            vec![(*function).to_owned(), megabytes]
        })
        .collect();
    let screen = Screen::stdout();
    print(&format!(
        "{}\n\n{}: set it as package_folder of infra/aws",
        table::lines(screen, &["FUNCTION", "PACKAGE"], &rows).join("\n"),
        output.display()
    ));
    Ok(())
}

/// Checks that Rust can compile for the architecture. cargo-lambda would add the target, or fail without naming it.
fn check_target(architecture: Architecture) -> anyhow::Result<()> {
    let target = architecture.target();
    let found = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .context("rustc could not be run: install Rust from https://rustup.rs")?;
    let folder = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    if found.status.success() && Path::new(&folder).is_dir() {
        return Ok(());
    }
    bail!(
        "Rust's target {target} is not installed: `rustup target add {target}` adds it. \
         `--arch` selects the other architecture."
    )
}

/// Installs cargo-lambda and Zig once and returns their folder.
fn install(home: &Home, progress: &Progress) -> anyhow::Result<PathBuf> {
    let folder = home.root().join(TOOLS);
    if folder.join(MARKER).is_file() {
        return Ok(folder);
    }
    let _lock = home.lock(TOOLS)?;
    if folder.join(MARKER).is_file() {
        return Ok(folder);
    }
    let phase = progress.phase("Fetching cargo-lambda and Zig (115 MB)");
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let requirements = folder.join("requirements.txt");
    std::fs::write(&requirements, REQUIREMENTS)?;
    let python = python();
    let output = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", "--require-hashes", "--upgrade", "--target"])
        .arg(&folder)
        .arg("--requirement")
        .arg(&requirements)
        .env("PIP_ROOT_USER_ACTION", "ignore")
        .output()
        .with_context(|| {
            format!(
                "{} could not be run: Python 3 with pip fetches cargo-lambda; GOALPOST_PYTHON names another Python",
                python.display()
            )
        })?;
    if !output.status.success() {
        bail!(
            "pip could not fetch cargo-lambda and Zig: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    std::fs::write(folder.join(MARKER), "")?;
    phase.done();
    Ok(folder)
}

fn python() -> PathBuf {
    std::env::var_os("GOALPOST_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from)
}

/// Builds the functions and returns the size of each package.
fn build(
    workspace: &Path,
    tools: &Path,
    architecture: Architecture,
    output: &Path,
) -> anyhow::Result<Vec<(&'static str, u64)>> {
    // Emptied first: a package of an earlier build must not pass for one of this build.
    let made = output.join("cargo-lambda");
    let _ = std::fs::remove_dir_all(&made);
    let mut paths = vec![tools.join("bin")];
    paths.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let mut command = Command::new(tools.join("bin").join("cargo-lambda"));
    command
        .args(["lambda", "build", "--release", "--locked"])
        // Its own optimizations abort at a panic, which would end all invocations of a sandbox instead of one.
        .arg("--disable-optimizations")
        .args(["--skip-target-check", "--target", architecture.target()])
        .args(["--output-format", "zip", "--lambda-dir"])
        .arg(&made)
        .args(DEPLOYED.iter().flat_map(|function| ["--bin", function]))
        .current_dir(workspace)
        .env("PATH", std::env::join_paths(paths)?)
        .env("PYTHONPATH", python_path(tools)?)
        .env("CARGO_ZIGBUILD_PYTHON_PATH", python());
    let status = command.status().context("starting cargo-lambda")?;
    if !status.success() {
        bail!("cargo-lambda did not build the functions; its message is above");
    }
    let mut sizes = Vec::new();
    for function in DEPLOYED {
        let package = output.join(format!("{function}.zip"));
        std::fs::rename(made.join(function).join("bootstrap.zip"), &package)
            .with_context(|| format!("cargo-lambda left no package of {function}"))?;
        sizes.push((function, std::fs::metadata(&package)?.len()));
    }
    let _ = std::fs::remove_dir_all(&made);
    Ok(sizes)
}

fn python_path(tools: &Path) -> anyhow::Result<OsString> {
    let given = std::env::var_os("PYTHONPATH").unwrap_or_default();
    let paths = std::iter::once(tools.to_owned()).chain(std::env::split_paths(&given));
    Ok(std::env::join_paths(paths)?)
}

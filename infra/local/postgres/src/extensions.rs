//! Installs the extensions where the server finds them, so that a plain `create extension` works in migrations.
//!
//! Postgres 18 looks for control files in `<extension_control_path>/extension`. Most of the files there are stand-ins,
//! whose text is part of this binary; pgmq is the real one, from the `pgmq` crate's package, which cargo fetches and
//! checks (see `extensions/pgmq/Cargo.toml`).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow, bail};
use sha2::{Digest, Sha256};

use crate::home::{self, Home};
use crate::progress::Progress;

/// The extensions that migrations may create, and that a server given by `DATABASE_URL` must therefore have.
pub(super) const NEEDED: [&str; 6] = [
    "vector",
    "pgmq",
    "pg_net",
    "pg_cron",
    "supabase_vault",
    "pgcrypto",
];

const STAND_INS: [(&str, &str); 10] = [
    (
        "pg_net.control",
        include_str!("../extensions/pg_net/pg_net.control"),
    ),
    (
        "pg_net--0.20.4.sql",
        include_str!("../extensions/pg_net/pg_net--0.20.4.sql"),
    ),
    (
        "pg_cron.control",
        include_str!("../extensions/pg_cron/pg_cron.control"),
    ),
    (
        "pg_cron--1.6.sql",
        include_str!("../extensions/pg_cron/pg_cron--1.6.sql"),
    ),
    (
        "supabase_vault.control",
        include_str!("../extensions/supabase_vault/supabase_vault.control"),
    ),
    (
        "supabase_vault--0.3.1.sql",
        include_str!("../extensions/supabase_vault/supabase_vault--0.3.1.sql"),
    ),
    (
        "pgcrypto.control",
        include_str!("../extensions/pgcrypto/pgcrypto.control"),
    ),
    (
        "pgcrypto--1.3.sql",
        include_str!("../extensions/pgcrypto/pgcrypto--1.3.sql"),
    ),
    ("pgtap.control", include_str!("../pgtap/pgtap.control")),
    (
        "pgtap--1.2.0.sql",
        include_str!("../pgtap/pgtap--1.2.0.sql"),
    ),
];
const PGMQ_MANIFEST: &str = "infra/local/postgres/extensions/pgmq/Cargo.toml";
const PGMQ_OWNER: &str = include_str!("../extensions/pgmq/owner.sql");
/// Written last: a folder without it is incomplete and created anew.
const MARKER: &str = "complete";

/// Returns the folder for `extension_control_path`, created if it is missing.
///
/// # Errors
/// cargo cannot fetch the pgmq package, or the folder cannot be written.
pub(super) fn ensure(home: &Home, progress: &Progress) -> anyhow::Result<PathBuf> {
    let folder = home.extensions().join(fingerprint(home)?);
    if folder.join(MARKER).is_file() {
        return Ok(folder);
    }
    let _lock = home.lock("extensions")?;
    if folder.join(MARKER).is_file() {
        return Ok(folder);
    }
    let phase = progress.phase("Preparing the extensions");
    let target = folder.join("extension");
    home::make_folder(&target)?;
    for (name, text) in STAND_INS {
        write(&target.join(name), text)?;
    }
    place_pgmq(home, &target)?;
    write(&folder.join(MARKER), "")?;
    phase.done();
    Ok(folder)
}

/// Returns a hash that changes with the content of any extension.
pub(super) fn fingerprint(home: &Home) -> anyhow::Result<String> {
    let lock = home
        .workspace()
        .join(PGMQ_MANIFEST)
        .with_file_name("Cargo.lock");
    let pinned = std::fs::read(&lock).with_context(|| format!("reading {}", lock.display()))?;
    let mut hash = Sha256::new();
    for (name, text) in STAND_INS {
        hash.update(name);
        hash.update(text);
    }
    hash.update(PGMQ_OWNER);
    hash.update(pinned);
    let hash = home::hex(&hash.finalize());
    Ok(hash.get(..16).unwrap_or(&hash).to_owned())
}

fn place_pgmq(home: &Home, target: &Path) -> anyhow::Result<()> {
    let source = pgmq_source(home)?.join("src/install/embedded");
    let read = |path: PathBuf| {
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    };
    let control = read(source.join("pgmq.control"))?;
    let version = control
        .lines()
        .find_map(|line| line.strip_prefix("default_version"))
        .map(|rest| rest.trim_matches([' ', '=', '\'', '\t']))
        .context("pgmq.control names no default_version")?;
    let sql = read(source.join("sql/pgmq.sql"))?;
    // Hosted projects allow `postgres` to create it; `trusted` is how an ordinary server allows that.
    write(
        &target.join("pgmq.control"),
        &format!("{}\ntrusted = true\n", control.trim_end()),
    )?;
    write(
        &target.join(format!("pgmq--{version}.sql")),
        &format!("{sql}\n{PGMQ_OWNER}"),
    )
}

/// Returns the unpacked package of the pinned `pgmq` crate, fetched by cargo if it is not in its cache.
fn pgmq_source(home: &Home) -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = home.workspace().join(PGMQ_MANIFEST);
    let output = Command::new(&cargo)
        .args([
            "metadata",
            "--locked",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(&manifest)
        .output()
        .map_err(|error| {
            anyhow!("cargo could not be run to fetch pgmq ({error}): is it on the PATH?")
        })?;
    if !output.status.success() {
        bail!(
            "cargo could not fetch the pgmq package, whose SQL the queues need. Look at the network or your \
             cargo mirror, then run this again. cargo reported:\n{}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("reading cargo's metadata")?;
    let packages = metadata
        .get("packages")
        .and_then(serde_json::Value::as_array);
    packages
        .into_iter()
        .flatten()
        .find(|package| package.get("name").is_some_and(|name| name == "pgmq"))
        .and_then(|package| package.get("manifest_path")?.as_str())
        .and_then(|path| Path::new(path).parent())
        .map(Path::to_owned)
        .context("cargo's metadata does not contain the path of the pgmq package")
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

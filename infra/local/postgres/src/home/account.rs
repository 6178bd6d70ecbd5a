//! The user of the database server: the present user, or an unprivileged one if that is root.
//!
//! Postgres refuses to run as root. The child changes its user between fork and exec with the standard library; no
//! `su`, `runuser` or `setpriv` is needed.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use nix::unistd::{Gid, Uid, User};

/// Accounts tried in order when the present user is root; the first that exists is taken.
const UNPRIVILEGED: [&str; 3] = ["nobody", "postgres", "daemon"];

/// The account that Postgres runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// The user who runs this program.
    Present,
    /// Another user, since this program runs as root.
    Other {
        /// The user's name, for messages.
        name: String,
        /// The user's number.
        uid: u32,
        /// The number of the user's main group.
        gid: u32,
    },
}

impl Account {
    /// Returns the present user, or an unprivileged one if the present user is root.
    ///
    /// # Errors
    /// Root on a system without any of the usual unprivileged users.
    pub fn choose() -> anyhow::Result<Self> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(Self::Present);
        }
        Self::first_of(&UNPRIVILEGED)
    }

    fn first_of(names: &[&str]) -> anyhow::Result<Self> {
        for name in names {
            let found =
                User::from_name(name).with_context(|| format!("looking up the user {name}"))?;
            if let Some(user) = found.filter(|user| !user.uid.is_root()) {
                return Ok(Self::Other {
                    name: user.name,
                    uid: user.uid.as_raw(),
                    gid: user.gid.as_raw(),
                });
            }
        }
        bail!(
            "Postgres does not run as root, and none of the users {} exists here. \
             Add one (`useradd --system nobody`) or run this as an ordinary user.",
            names.join(", ")
        )
    }

    /// Returns the user's name, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Present => "the present user",
            Self::Other { name, .. } => name,
        }
    }

    /// Builds a command that runs as this account, in `/`, and without the environment variables that configure a
    /// person's own Postgres (`PGDATA`, `PGPORT`, …).
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir("/")
            .env_clear()
            .env("LC_ALL", "C")
            .env("TZ", "UTC");
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Makes this account the owner of a file or folder.
    pub(crate) fn own(&self, path: &Path) -> anyhow::Result<()> {
        let Self::Other { name, uid, gid } = self else {
            return Ok(());
        };
        nix::unistd::chown(path, Some(Uid::from_raw(*uid)), Some(Gid::from_raw(*gid)))
            .with_context(|| format!("giving {} to the user {name}", path.display()))
    }
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
    fn root_is_never_the_account() {
        let account = Account::choose().unwrap();
        let output = account.command("id").arg("-u").output().unwrap();
        assert_ne!(String::from_utf8_lossy(&output.stdout).trim(), "0");
    }

    #[test]
    fn missing_unprivileged_user_gives_advice() {
        let error = Account::first_of(&["no_such_user_at_all", "root"]).unwrap_err();
        assert!(error.to_string().contains("useradd"), "{error}");
    }

    #[test]
    fn own_postgres_settings_are_not_passed_on() {
        let output = Account::Present.command("env").output().unwrap();
        let seen = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!seen.contains("CARGO"), "{seen}");
    }
}

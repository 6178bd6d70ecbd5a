//! The state folder of the local stack: `<workspace>/.goalpost`. Nothing outside it is written.
//!
//! `GOALPOST_HOME` names another folder. Postgres refuses to run as root; started by root, it runs as an unprivileged
//! user ([`Account`]), who must be able to reach this folder. If that user cannot, the state moves to a folder under
//! the system's temporary one, and [`Home::notice`] reports it.

mod account;

use std::fs::{DirBuilder, File, Metadata};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

pub use account::Account;

/// The state folder, and the account that the server runs as.
#[derive(Debug, Clone)]
pub struct Home {
    workspace: PathBuf,
    root: PathBuf,
    account: Account,
    notice: Option<String>,
}

/// Exclusive use of an entry of the home, for the lifetime of this value. The operating system releases the lock when
/// the process ends in any way, so no lock is ever stale.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Home {
    /// Opens the state folder of this workspace and creates it if necessary.
    ///
    /// # Errors
    /// No workspace found, no unprivileged account to use instead of root, or the folder cannot be made.
    pub fn open() -> anyhow::Result<Self> {
        let workspace = find_workspace()?;
        let root = std::env::var_os("GOALPOST_HOME")
            .filter(|value| !value.is_empty())
            .map_or_else(|| workspace.join(".goalpost"), PathBuf::from);
        Self::at(workspace, &root)
    }

    /// Opens a given state folder for a given workspace.
    ///
    /// # Errors
    /// As [`Home::open`].
    pub fn at(workspace: impl Into<PathBuf>, root: &Path) -> anyhow::Result<Self> {
        let account = Account::choose()?;
        let workspace = workspace.into();
        let wanted = std::path::absolute(root)
            .with_context(|| format!("{} is not a usable path", root.display()))?;
        make_folder(&wanted)?;
        let home = match unreachable_part(&wanted, &account)? {
            None => Self {
                workspace,
                root: wanted,
                account,
                notice: None,
            },
            Some(part) => Self::elsewhere(workspace, &wanted, &part, account)?,
        };
        for folder in [home.downloads(), home.run(), home.logs()] {
            make_folder(&folder)?;
        }
        Ok(home)
    }

    fn elsewhere(
        workspace: PathBuf,
        wanted: &Path,
        part: &Path,
        account: Account,
    ) -> anyhow::Result<Self> {
        let name = hex(&Sha256::digest(wanted.as_os_str().as_encoded_bytes()));
        let root =
            std::env::temp_dir().join(format!("goalpost-{}", name.get(..12).unwrap_or(&name)));
        make_folder(&root)?;
        refuse_foreign_folder(&root)?;
        if let Some(also) = unreachable_part(&root, &account)? {
            bail!(
                "{} cannot enter {} nor {}, and Postgres does not run as root. \
                 Set GOALPOST_HOME to a folder that other users may enter.",
                account.name(),
                part.display(),
                also.display()
            );
        }
        let notice = format!(
            "Postgres does not run as root, and the user it runs as ({}) cannot enter {}: \
             the local stack keeps its state in {} instead.",
            account.name(),
            part.display(),
            root.display()
        );
        Ok(Self {
            workspace,
            root,
            account,
            notice: Some(notice),
        })
    }

    /// Returns the workspace of this home: the folder with `supabase/` in it.
    #[must_use]
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Returns the state folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the account that Postgres runs as.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Returns a notice for the person if the state is not in the expected place.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Returns the folder of fetched archives.
    #[must_use]
    pub fn downloads(&self) -> PathBuf {
        self.root.join("downloads")
    }

    /// Returns the folder of unpacked servers, one per version.
    #[must_use]
    pub fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// Returns the folder of extension files for the server, one per content.
    #[must_use]
    pub fn extensions(&self) -> PathBuf {
        self.root.join("extensions")
    }

    /// Returns the folder of the database cluster of `goalpost up`.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Returns the folder of the objects' bytes in Storage, one per database.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    /// Returns the folder of temporary clusters of tests.
    #[must_use]
    pub fn test_clusters(&self) -> PathBuf {
        self.root.join("tests")
    }

    /// Returns the folder of the running stack's locks, ports and state. Files in it are readable for the owner only.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// Returns the folder of logs, one file per part of the stack.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Waits for exclusive use of `name`, as for a set-up that two processes must not run at once.
    ///
    /// # Errors
    /// The lock file cannot be opened.
    pub fn lock(&self, name: &str) -> anyhow::Result<Lock> {
        let file = open_private(&self.run().join(format!("{name}.lock")))?;
        file.lock()
            .with_context(|| format!("waiting for the lock '{name}'"))?;
        Ok(Lock { _file: file })
    }

    /// Takes exclusive use of `name`; `None` if another process holds it.
    ///
    /// # Errors
    /// The lock file cannot be opened.
    pub fn try_lock(&self, name: &str) -> anyhow::Result<Option<Lock>> {
        try_lock_file(&self.run().join(format!("{name}.lock")))
    }

    /// Writes a file under the home that only its owner may read, atomically.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_private(&self, path: &Path, contents: &[u8]) -> anyhow::Result<()> {
        let part = path.with_extension(format!("{}.part", uuid::Uuid::new_v4().simple()));
        let written = open_private(&part).and_then(|mut file| {
            file.set_len(0)?;
            file.write_all(contents)?;
            Ok(())
        });
        written.with_context(|| format!("writing {}", path.display()))?;
        std::fs::rename(&part, path).with_context(|| format!("writing {}", path.display()))
    }
}

/// Takes an exclusive lock on a file; `None` if another process holds it.
pub(crate) fn try_lock_file(path: &Path) -> anyhow::Result<Option<Lock>> {
    let file = open_private(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("locking {}", path.display()))
        }
    }
}

/// Creates a folder that others may enter but not write, with its parents.
pub(crate) fn make_folder(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .with_context(|| {
            format!(
                "making the folder {} (may you write there?)",
                path.display()
            )
        })
}

/// Encodes bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn open_private(path: &Path) -> anyhow::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("opening {}", path.display()))
}

/// Refuses a folder of another user: everyone may write to the temporary folder, so it cannot be trusted.
fn refuse_foreign_folder(path: &Path) -> anyhow::Result<()> {
    let owner = std::fs::symlink_metadata(path)
        .with_context(|| format!("looking at {}", path.display()))?;
    if !owner.is_dir() || owner.uid() != nix::unistd::geteuid().as_raw() {
        bail!(
            "{} belongs to another user. Set GOALPOST_HOME to a folder of your own that other users may enter.",
            path.display()
        );
    }
    Ok(())
}

/// Returns the first folder on the way to `path` that the account cannot enter.
fn unreachable_part(path: &Path, account: &Account) -> anyhow::Result<Option<PathBuf>> {
    let Account::Other { uid, gid, .. } = account else {
        return Ok(None);
    };
    let mut parts: Vec<&Path> = path.ancestors().collect();
    parts.reverse();
    for part in parts {
        let metadata =
            std::fs::metadata(part).with_context(|| format!("looking at {}", part.display()))?;
        if !may_enter(&metadata, *uid, *gid) {
            return Ok(Some(part.to_owned()));
        }
    }
    Ok(None)
}

fn may_enter(folder: &Metadata, uid: u32, gid: u32) -> bool {
    let needed = if folder.uid() == uid {
        0o100
    } else if folder.gid() == gid {
        0o010
    } else {
        0o001
    };
    folder.mode() & needed != 0
}

/// Returns the nearest workspace above the current folder, or else the one that this binary was built in.
fn find_workspace() -> anyhow::Result<PathBuf> {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let here = std::env::current_dir().context("the current folder is gone")?;
    nearest_workspace(&here, &built_in).context(
        "no workspace here: run this inside a clone of Goalpost (it has a folder `supabase`)",
    )
}

/// Returns the workspace of the current folder first: clones may share a target folder, and then the binary may be
/// another clone's.
fn nearest_workspace(here: &Path, built_in: &Path) -> Option<PathBuf> {
    here.ancestors()
        .chain(std::iter::once(built_in))
        .find(|folder| {
            // A project that uses Goalpost may have a folder supabase and a Cargo.toml of its own.
            folder.join("supabase").is_dir() && folder.join("infra/local/Cargo.toml").is_file()
        })
        .and_then(|folder| folder.canonicalize().ok())
}

#[cfg(test)]
mod tests;

//! The bytes of objects: one file per version, named by the version alone.
//!
//! The one thing to know: a version is a number of ours (a UUID), not a caller's text, so no name leads out of the
//! folder. What the table says is parsed as one before it is used: people with the right to may write there.

use std::io::ErrorKind;
use std::path::PathBuf;

use uuid::Uuid;

/// The folder that holds them.
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Stores the bytes of a version, whole or not at all.
    pub(super) async fn write(&self, version: Uuid, bytes: &[u8]) -> std::io::Result<()> {
        tokio::fs::create_dir_all(&self.folder).await?;
        let part = self.folder.join(format!("{version}.part"));
        tokio::fs::write(&part, bytes).await?;
        tokio::fs::rename(&part, self.path(version)).await
    }

    /// The bytes of a version, if it has any.
    pub(super) async fn read(&self, version: Uuid) -> std::io::Result<Option<Vec<u8>>> {
        match tokio::fs::read(self.path(version)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Forgets a version that no row names any more. What cannot be removed is a waste of space and nothing else.
    pub(super) async fn remove(&self, version: Uuid) {
        let removed = tokio::fs::remove_file(self.path(version)).await;
        if let Err(error) = removed
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, "an object's bytes are left over in storage's folder");
        }
    }

    fn path(&self, version: Uuid) -> PathBuf {
        self.folder.join(version.to_string())
    }
}

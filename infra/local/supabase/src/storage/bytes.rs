//! The bytes of objects: one file per version, named by the version alone.
//!
//! A version is generated here (a UUID), not a caller's text, so no name leads out of the folder. The table's value is
//! parsed as one before it is used: people with the right to may write there.

use std::io::ErrorKind;
use std::path::PathBuf;

use uuid::Uuid;

/// The folder of the bytes.
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Stores the bytes of a version atomically.
    pub(super) async fn write(&self, version: Uuid, bytes: &[u8]) -> std::io::Result<()> {
        tokio::fs::create_dir_all(&self.folder).await?;
        let part = self.folder.join(format!("{version}.part"));
        tokio::fs::write(&part, bytes).await?;
        tokio::fs::rename(&part, self.path(version)).await
    }

    /// Returns the bytes of a version, if it has any.
    pub(super) async fn read(&self, version: Uuid) -> std::io::Result<Option<Vec<u8>>> {
        match tokio::fs::read(self.path(version)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes a version that no row names any more. A failure only wastes space.
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

//! The state that all routes share.

use super::bytes::Files;
use super::database::Database;
use crate::keys::ProjectKeys;

pub(super) struct Shared {
    pub(super) keys: ProjectKeys,
    pub(super) file_size_limit: usize,
    pub(super) database: Database,
    pub(super) files: Files,
}

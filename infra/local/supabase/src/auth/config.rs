//! Configuration of the auth surface.

use crate::keys::ProjectKeys;

/// Configuration of the auth surface.
#[derive(Clone)]
pub struct AuthConfig {
    /// The database's address, as a role that may read and write `auth.users`.
    pub database_url: String,
    /// The keys of the project.
    pub keys: ProjectKeys,
}

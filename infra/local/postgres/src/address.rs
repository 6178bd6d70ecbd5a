//! The address of a server and its logins: the parts of a connection string.

use std::fmt;

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::Url;

use crate::home::Home;

/// The superuser of the stack's own cluster.
pub const SUPERUSER: &str = "supabase_admin";

/// A server's address, with the password that its login roles share.
#[derive(Clone)]
pub struct Address {
    base: Url,
    password: SecretString,
}

impl Address {
    /// Creates the address of the stack's own server.
    pub(super) fn local(port: u16, password: String) -> Self {
        let base = format!("postgres://{SUPERUSER}@127.0.0.1:{port}/postgres");
        Self::from_parts(&base, password)
    }

    /// Parses the address of a given server (`DATABASE_URL`).
    pub(super) fn given(url: &str) -> anyhow::Result<Self> {
        let mut base = Url::parse(url).context(
            "DATABASE_URL is not a connection string: it looks like postgres://user:password@host:5432/database",
        )?;
        let password = percent_decoded(base.password().unwrap_or_default());
        let _ = base.set_password(None);
        Ok(Self {
            base,
            password: password.into(),
        })
    }

    fn from_parts(base: &str, password: String) -> Self {
        // The text consists of a number and fixed parts, so it parses.
        let base =
            Url::parse(base).unwrap_or_else(|_| unreachable!("a connection string of our own"));
        Self {
            base,
            password: password.into(),
        }
    }

    /// Returns a connection string for a role and a database; parameters of a given URL (`sslmode`) stay.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        let mut url = self.base.clone();
        let _ = url.set_username(role);
        let password = self.password.expose_secret();
        let _ = url.set_password((!password.is_empty()).then_some(password));
        url.set_path(database);
        url.into()
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.base.port().unwrap_or(5432)
    }

    /// Returns the superuser: the stack's own, or the role of a given URL.
    pub(super) fn superuser(&self) -> &str {
        self.base.username()
    }

    /// Returns the database for sessions that create or drop others.
    pub(super) fn maintenance_database(&self) -> &str {
        let path = self.base.path().trim_start_matches('/');
        if path.is_empty() { "postgres" } else { path }
    }

    pub(super) fn password(&self) -> &str {
        self.password.expose_secret()
    }

    pub(super) async fn connect(
        &self,
        role: &str,
        database: &str,
    ) -> anyhow::Result<tokio_postgres::Client> {
        let (client, connection) =
            tokio_postgres::connect(&self.url(role, database), tokio_postgres::NoTls)
                .await
                .with_context(|| {
                    format!(
                        "connecting to the database {database} as {role} (port {})",
                        self.port()
                    )
                })?;
        // Ends when the client is dropped; its error reaches the client's caller too.
        tokio::spawn(connection);
        Ok(client)
    }

    /// Writes the address for other commands (`psql`, `status`), in a file for the owner only.
    pub(super) fn record(&self, home: &Home) -> anyhow::Result<()> {
        let text = json!({ "port": self.port(), "password": self.password() }).to_string();
        home.write_private(&home.run().join("postgres.json"), text.as_bytes())
    }

    /// Reads the address that the stack's server had at its last start, if there was one.
    ///
    /// # Errors
    /// The file exists and cannot be read.
    pub fn recorded(home: &Home) -> anyhow::Result<Option<Self>> {
        let path = home.run().join("postgres.json");
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        };
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&text) else {
            return Ok(None);
        };
        let port = value
            .get("port")
            .and_then(|port| u16::try_from(port.as_u64()?).ok());
        let password = value.get("password").and_then(|password| password.as_str());
        Ok(port
            .zip(password)
            .map(|(port, password)| Self::local(port, password.to_owned())))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Address")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// Decodes percent escapes as in a URL's user part; an invalid escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let query = format!("p={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
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
    fn given_url_keeps_host_password_and_parameters() {
        let address =
            Address::given("postgres://boss:p%40ss+1@db.example:6543/main?sslmode=disable")
                .unwrap();
        assert_eq!(address.superuser(), "boss");
        assert_eq!(address.maintenance_database(), "main");
        assert_eq!(
            address.url("authenticator", "other"),
            "postgres://authenticator:p%40ss+1@db.example:6543/other?sslmode=disable"
        );
    }

    #[test]
    fn invalid_database_url_is_explained() {
        let error = Address::given("localhost, port 5432")
            .unwrap_err()
            .to_string();
        assert!(error.contains("postgres://"), "{error}");
    }

    #[test]
    fn password_is_not_shown_in_debug_output() {
        let shown = format!("{:?}", Address::local(1, "a-secret-password".into()));
        assert!(!shown.contains("a-secret-password"), "{shown}");
    }
}

//! Checks a server of the user's own (`DATABASE_URL`), so that missing parts are named before a migration fails.

use anyhow::bail;
use tokio_postgres::Client;

use super::address::Address;
use super::extensions::NEEDED;

/// Returns the server's address after a check that it has all that the migrations require.
pub(super) async fn check(url: &str) -> anyhow::Result<Address> {
    let address = Address::given(url)?;
    let client = address
        .connect(address.superuser(), address.maintenance_database())
        .await?;
    let missing = missing_extensions(&client, &NEEDED).await?;
    if !missing.is_empty() {
        bail!(
            "the server of DATABASE_URL does not have the extensions {}. Install them there, or unset \
             DATABASE_URL to use the Postgres that Goalpost brings along.",
            missing.join(", ")
        );
    }
    Ok(address)
}

pub(super) async fn missing_extensions(
    client: &Client,
    needed: &[&str],
) -> anyhow::Result<Vec<String>> {
    let query = "select name from unnest($1::text[]) as name
        where name not in (select name from pg_catalog.pg_available_extensions)";
    let rows = client.query(query, &[&needed]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

//! A server of the user's own (`DATABASE_URL`): looked at, so that what it lacks is named before anything fails.

use anyhow::bail;
use tokio_postgres::Client;

use super::address::Address;
use super::extensions::NEEDED;

/// The server's address, once it is known to have what the migrations need.
pub(super) async fn look_at(url: &str) -> anyhow::Result<Address> {
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

//! Databases of a server: bootstrapped like a hosted project's, migrated, cloned, dropped.
//!
//! A test's database is a clone of a template with every migration. The template's name contains a hash of its sources,
//! so an unchanged one is used again and a changed one is never mistaken for it.

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use super::{Server, extensions, migrations};
use crate::home;

const BOOTSTRAP: &str = include_str!("../bootstrap.sql");
/// Roles that log in with the server's password.
const LOGIN_ROLES: [&str; 3] = ["postgres", "authenticator", "supabase_storage_admin"];
/// The advisory lock under which a template is built; an arbitrary number without other users.
const BUILDING: i64 = 7_305_811_942;

/// Gives a database the state of a hosted project before its first migration. May be repeated.
///
/// # Errors
/// Requires a superuser; a given server (`DATABASE_URL`) that is bootstrapped already is left as it is.
pub async fn bootstrap(server: &Server, database: &str) -> anyhow::Result<()> {
    let client = server.connect(server.address.superuser(), database).await?;
    if !server.is_own() && is_supabase(&client).await? {
        return Ok(());
    }
    let admin = admin(server).await?;
    // Roles belong to the whole server: two databases must not create them at once.
    admin
        .execute("select pg_advisory_lock($1)", &[&BUILDING.wrapping_add(1)])
        .await?;
    client
        .batch_execute(BOOTSTRAP)
        .await
        .with_context(|| format!("preparing the database {database}"))?;
    if server.is_own() {
        for role in LOGIN_ROLES {
            let command = format!("alter role {role} password '{}'", server.address.password());
            client
                .batch_execute(&command)
                .await
                .with_context(|| format!("setting the password of {role}"))?;
        }
    }
    Ok(())
}

async fn is_supabase(client: &Client) -> anyhow::Result<bool> {
    let query = "select to_regclass('auth.users') is not null
        and exists (select from pg_catalog.pg_roles where rolname = 'authenticator')";
    Ok(client.query_one(query, &[]).await?.get(0))
}

/// Creates a database that is bootstrapped and not yet migrated. It belongs to `postgres`, as hosted.
///
/// # Errors
/// The name is taken, or the server refuses.
pub async fn create_empty(server: &Server, name: &str) -> anyhow::Result<()> {
    let name = checked(name)?;
    let admin = admin(server).await?;
    make_owner(&admin).await?;
    let command =
        format!("create database {name} template template0 encoding 'UTF8' owner postgres");
    admin
        .batch_execute(&command)
        .await
        .with_context(|| format!("creating the database {name}"))?;
    bootstrap(server, name).await
}

/// Creates a database with every migration, cloned from the template.
///
/// # Errors
/// The name is taken, or a migration fails while the template is built.
pub async fn create_from_template(server: &Server, name: &str) -> anyhow::Result<()> {
    let name = checked(name)?;
    let template = ensure_template(server).await?;
    let command = format!("create database {name} template {template} owner postgres");
    let admin = admin(server).await?;
    admin
        .batch_execute(&command)
        .await
        .with_context(|| format!("cloning the database {name} from {template}"))
}

/// Drops a database and ends its sessions. A missing one is no error.
///
/// # Errors
/// The server refuses.
pub async fn drop(server: &Server, name: &str) -> anyhow::Result<()> {
    let name = checked(name)?;
    let command = format!("drop database if exists {name} with (force)");
    admin(server)
        .await?
        .batch_execute(&command)
        .await
        .with_context(|| format!("dropping the database {name}"))
}

/// Returns the name of the template for the present content of the workspace, built if it is missing. Template
/// databases accept no sessions, which would keep them from being cloned.
///
/// # Errors
/// A migration fails, with file and line.
pub async fn ensure_template(server: &Server) -> anyhow::Result<String> {
    server
        .template
        .get_or_try_init(|| build_template(server))
        .await
        .cloned()
}

async fn build_template(server: &Server) -> anyhow::Result<String> {
    let name = format!("goalpost_template_{}", fingerprint(server)?);
    let admin = admin(server).await?;
    // Released by the server when this session ends.
    admin
        .execute("select pg_advisory_lock($1)", &[&BUILDING])
        .await?;
    let found = admin
        .query_opt(
            "select 1 from pg_catalog.pg_database where datname = $1",
            &[&name],
        )
        .await?;
    if found.is_some() {
        return Ok(name);
    }
    drop_old_templates(&admin).await?;
    // Under another name until it is complete: an incomplete one is never taken for the template.
    let building = format!("{name}_building");
    create_empty(server, &building).await?;
    migrations::apply(server, &building).await?;
    // One command each: renaming and marking may not run in a transaction with others.
    for command in [
        format!("alter database {building} with is_template true allow_connections false"),
        format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{building}'"
        ),
        format!("alter database {building} rename to {name}"),
    ] {
        admin
            .batch_execute(&command)
            .await
            .with_context(|| format!("finishing the template {name}"))?;
    }
    Ok(name)
}

async fn drop_old_templates(admin: &Client) -> anyhow::Result<()> {
    let query =
        r"select datname from pg_catalog.pg_database where datname like 'goalpost\_template\_%'";
    for row in admin.query(query, &[]).await? {
        let name: String = row.get(0);
        admin
            .batch_execute(&format!("alter database {name} with is_template false"))
            .await?;
        admin
            .batch_execute(&format!("drop database {name} with (force)"))
            .await?;
    }
    Ok(())
}

fn fingerprint(server: &Server) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    hash.update(BOOTSTRAP);
    hash.update(extensions::fingerprint(server.home())?);
    for migration in migrations::list(server.home().workspace())? {
        hash.update(&migration.version);
        hash.update(migration.text()?);
    }
    let hash = home::hex(&hash.finalize());
    Ok(hash.get(..16).unwrap_or(&hash).to_owned())
}

/// Creates the owner of databases: the role must exist before the first database.
async fn make_owner(admin: &Client) -> anyhow::Result<()> {
    let command = "do $$ begin
        create role postgres login createrole createdb replication bypassrls;
      exception when duplicate_object or unique_violation then null; end $$";
    admin
        .batch_execute(command)
        .await
        .context("making the role postgres")
}

async fn admin(server: &Server) -> anyhow::Result<Client> {
    server
        .connect(
            server.address.superuser(),
            server.address.maintenance_database(),
        )
        .await
}

/// Accepts plain names only: names go into commands that take no parameters.
fn checked(name: &str) -> anyhow::Result<&str> {
    let plain = name.len() < 64
        && name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if !plain {
        bail!(
            "'{name}' is not a database name: lower-case letters, digits and _ only, at most 63 of them"
        );
    }
    Ok(name)
}

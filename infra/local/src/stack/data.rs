//! Prepares the stack's database: the database itself, the seed, the secret that wakes are signed with, and the URL of
//! each function.
//!
//! A deployment makes the same calls, as the database's owner.

use std::path::PathBuf;

use anyhow::Context;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use tokio_postgres::Client;
use uuid::Uuid;

use super::gateway::function_url;
use super::limits::limits;
use super::options::{DatabaseChoice, StackOptions, Transport};
use super::shared_secrets::Secrets;
use crate::binaries::{FUNCTIONS, GATEWAY};
use crate::home::Home;
use crate::postgres::{Server, database, migrations, seed};

/// The name of the secret in the database that signs wakes.
const WAKE_SECRET: &str = "goalpost_wake_secret";

/// Prepares the chosen database; returns its name.
pub(super) async fn prepare(server: &Server, choice: &DatabaseChoice) -> anyhow::Result<String> {
    match choice {
        DatabaseChoice::Kept(name) => {
            if exists(server, name).await? {
                migrations::apply(server, name).await?;
            } else {
                make(server, name).await?;
            }
            Ok(name.clone())
        }
        DatabaseChoice::Fresh(name) => {
            make(server, name).await?;
            Ok(name.clone())
        }
        DatabaseChoice::Clone => {
            let name = format!("clone_{}", Uuid::new_v4().simple());
            make(server, &name).await?;
            Ok(name)
        }
    }
}

/// Creates a database anew: migrated and seeded.
///
/// # Errors
/// Postgres refuses, or a migration fails.
pub async fn make(server: &Server, name: &str) -> anyhow::Result<()> {
    let template = seeded_template(server).await?;
    database::drop(server, name).await?;
    // The bytes of the objects of a former database of this name; its rows are gone.
    let _ = std::fs::remove_dir_all(objects_folder(server.home(), name));
    let admin = admin(server).await?;
    let clone = format!("create database {name} template {template}");
    admin
        .batch_execute(&clone)
        .await
        .with_context(|| format!("cloning the database {name} from {template}"))?;
    let own = server.connect("postgres", name).await?;
    own.batch_execute(AFTER_CLONING)
        .await
        .with_context(|| format!("finishing the database {name}"))?;
    log_sequences(server, name).await
}

/// Sets what a clone does not inherit: a job's database, and the statistics that distinguish used indexes from unused
/// ones.
const AFTER_CLONING: &str = "
    select cron.alter_job(job_id := jobid, database := current_database()::text) from cron.job;
    do $$ begin
      if to_regprocedure('shop.exercise_indexes()') is not null then perform shop.exercise_indexes(); end if;
    end $$";

/// Writes the value of every sequence to the log. A clone's sequences have numbers left that they draw without logging
/// them; after a crash they would draw them again, though rows have them.
async fn log_sequences(server: &Server, name: &str) -> anyhow::Result<()> {
    let query = "
        select pg_catalog.setval(format('%I.%I', schemaname, sequencename)::regclass, last_value)
          from pg_catalog.pg_sequences where last_value is not null";
    // The sequences of extensions belong to the superuser.
    let superuser = server.connect("supabase_admin", name).await?;
    superuser
        .batch_execute(query)
        .await
        .with_context(|| format!("logging the sequences of {name}"))
}

/// Returns the name of a template with every migration and the seed: seeding takes seconds, a clone does not. Its name
/// contains a hash of its sources, and it accepts no sessions, which would keep it from being cloned.
async fn seeded_template(server: &Server) -> anyhow::Result<String> {
    static MAKING: Mutex<()> = Mutex::const_new(());
    let _making = MAKING.lock().await;
    let sources = seed::text(server.home().workspace())?;
    let migrated = database::ensure_template(server).await?;
    let hash = format!(
        "{:x}",
        Sha256::digest([migrated.as_bytes(), sources.as_bytes()].concat())
    );
    let name = format!("goalpost_seeded_{}", hash.get(..16).unwrap_or(&hash));
    if exists(server, &name).await? {
        return Ok(name);
    }
    let making = format!("{name}_making");
    database::drop(server, &making).await?;
    database::create_from_template(server, &making).await?;
    seed::apply(server, &making).await?;
    log_sequences(server, &making).await?;
    let admin = admin(server).await?;
    drop_older(server, &admin, &making).await?;
    // One command each: renaming may not run in a transaction with others. A session that has just ended may still be
    // closing.
    for command in [
        format!("alter database {making} with allow_connections false"),
        format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{making}'"
        ),
        format!("alter database {making} rename to {name}"),
    ] {
        admin
            .batch_execute(&command)
            .await
            .with_context(|| format!("finishing the template {name}"))?;
    }
    Ok(name)
}

async fn drop_older(server: &Server, admin: &Client, but: &str) -> anyhow::Result<()> {
    let query = r"select datname::text from pg_catalog.pg_database where datname like 'goalpost\_seeded\_%' and datname <> $1";
    for row in admin
        .query(query, &[&but])
        .await
        .context("looking for older templates")?
    {
        database::drop(server, row.get(0)).await?;
    }
    Ok(())
}

async fn admin(server: &Server) -> anyhow::Result<Client> {
    server.connect("postgres", "postgres").await
}

async fn exists(server: &Server, name: &str) -> anyhow::Result<bool> {
    // A new cluster has no role `postgres` yet, and so no database of the stack either.
    let Ok(client) = admin(server).await else {
        return Ok(false);
    };
    let found = client
        .query_opt(
            "select 1 from pg_catalog.pg_database where datname = $1",
            &[&name],
        )
        .await;
    Ok(found.context("looking for the database")?.is_some())
}

/// Stores the secret that wakes are signed with and the URL at which each function is woken.
pub(super) async fn connect_functions(
    client: &Client,
    url: &str,
    secrets: &Secrets,
    options: &StackOptions,
) -> anyhow::Result<()> {
    let wake = secrets.wake.expose_secret();
    let found = client
        .query_opt(
            "select id::text from vault.secrets where name = $1",
            &[&WAKE_SECRET],
        )
        .await;
    match found.context("looking for the wake secret")? {
        Some(row) => {
            let id: String = row.get(0);
            client
                .execute(
                    "select vault.update_secret($1::text::uuid, $2)",
                    &[&id, &wake],
                )
                .await
        }
        None => {
            client
                .execute("select vault.create_secret($1, $2)", &[&wake, &WAKE_SECRET])
                .await
        }
    }
    .context("storing the wake secret")?;
    for function in FUNCTIONS {
        let limits = limits(function, &options.limits);
        let target = match options.transport {
            Transport::Direct => function,
            Transport::Queue => GATEWAY,
        };
        let set = "select goalpost_private.set_endpoint($1, $2, $3, $4)";
        client
            .execute(
                set,
                &[
                    &function,
                    &function_url(url, target),
                    &limits.batch_size,
                    &limits.max_wakes,
                ],
            )
            .await
            .with_context(|| format!("setting the endpoint of {function}"))?;
    }
    client
        .batch_execute("notify pgrst, 'reload schema'")
        .await
        .context("announcing the schema")
}

/// Returns the folder of the logs of a stack's functions.
pub(super) fn log_folder(home: &Home, choice: &DatabaseChoice, database: &str) -> PathBuf {
    match choice {
        DatabaseChoice::Clone => home.logs().join("tests").join(database),
        DatabaseChoice::Kept(_) => home.logs(),
        DatabaseChoice::Fresh(_) => home.logs().join(database),
    }
}

/// Returns the folder of a database's objects: named by it, so that no two databases share any.
pub(super) fn objects_folder(home: &Home, database: &str) -> PathBuf {
    home.objects().join(database)
}

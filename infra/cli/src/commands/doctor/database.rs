//! Checks of the database: extensions, migrations, endpoints, secrets, cron runs.

use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, Utc};
use llm::Candidate;
use local_stack::binaries::FUNCTIONS;
use local_stack::home::Home;
use local_stack::postgres::migrations;
use tokio_postgres::{Client, NoTls};

use super::check::Check;
use crate::commands::state;
use crate::render::age;

const EXTENSIONS: [&str; 4] = ["pgcrypto", "pg_net", "pg_cron", "supabase_vault"];
/// A job with a period in seconds counts as stopped after so long without a run.
const TICK_PATIENCE_SECONDS: i64 = 90;
const WAKE_PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn check(home: &Home, stack: &state::Stack) -> Vec<Check> {
    let client = match connect(stack).await {
        Ok(client) => client,
        Err(error) => {
            return vec![Check::bad(
                "postgres",
                format!("{error:#}"),
                "cargo goalpost logs postgres\ncargo goalpost down, then up",
            )];
        }
    };
    let mut checks = Vec::new();
    for (name, check) in [
        ("postgres", postgres(&client).await),
        ("extensions", extensions(&client).await),
        ("migrations", migrations(home, &client).await),
        ("endpoints", endpoints(&client, &stack.url).await),
        ("secrets", secrets(&client).await),
        ("cron", cron(&client).await),
        ("memories", memories(&client).await),
        (
            "prices",
            prices(&client, &super::models::paid(&stack.models)).await,
        ),
    ] {
        checks.push(check.unwrap_or_else(|error| {
            Check::bad(
                name,
                format!("{error:#}"),
                "cargo goalpost reset makes the database anew",
            )
        }));
    }
    checks
}

async fn connect(stack: &state::Stack) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(&stack.database_url, NoTls)
        .await
        .context("the database does not answer")?;
    tokio::spawn(connection);
    Ok(client)
}

/// Returns the price of each configured model, and advice on how to set one where the ceiling applies.
pub(super) async fn prices(client: &Client, models: &[Candidate]) -> anyhow::Result<Check> {
    let query = "
        select p.valid_from is null, goalpost_private.price_in_words(p)
          from goalpost_private.price_of($1, $2, goalpost_private.clock()) p";
    let mut seen = Vec::new();
    let mut is_unpriced = false;
    for Candidate { provider, model } in models {
        let row = client.query_one(query, &[provider, model]).await?;
        is_unpriced |= row.get::<_, bool>(0);
        seen.push(row.get::<_, String>(1));
    }
    Ok(match (seen.is_empty(), is_unpriced) {
        (true, _) => Check::good("prices", "no model is paid for"),
        (false, false) => Check::good("prices", seen.join("; ")),
        (false, true) => Check::note(
            "prices",
            seen.join("; "),
            "Caps are reached early at the ceiling. Set the price as a project admin, in micro-dollars for a million tokens: goalpost.set_model_price",
        ),
    })
}

/// Counts memories by the space of their embeddings.
async fn memories(client: &Client) -> anyhow::Result<Check> {
    let query = "select coalesce(space, 'no space') || ' ' || count(*) from goalpost.memories group by space order by count(*) desc";
    let rows = client.query(query, &[]).await?;
    let spaces: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let seen = format!("by space: {}", spaces.join(", "));
    Ok(match spaces.len() {
        0 => Check::good("memories", "none yet"),
        1 => Check::good("memories", seen),
        _ => Check::note(
            "memories",
            seen,
            "Those that are not in the space of `embeddings` are found by their words alone. Move them: cargo goalpost memories reembed",
        ),
    })
}

async fn postgres(client: &Client) -> anyhow::Result<Check> {
    let row = client
        .query_one(
            "select current_setting('server_version'), current_database()",
            &[],
        )
        .await?;
    let (version, database): (String, String) = (row.get(0), row.get(1));
    Ok(Check::good(
        "postgres",
        format!("{version}, database {database}"),
    ))
}

async fn extensions(client: &Client) -> anyhow::Result<Check> {
    let query = "select extname::text, extversion from pg_catalog.pg_extension order by extname";
    let rows = client.query(query, &[]).await?;
    let found: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let missing: Vec<&str> = EXTENSIONS
        .into_iter()
        .filter(|wanted| !found.iter().any(|(name, _)| name == wanted))
        .collect();
    if !missing.is_empty() {
        return Ok(Check::bad(
            "extensions",
            format!("missing: {}", missing.join(", ")),
            "cargo goalpost reset",
        ));
    }
    let shown: Vec<String> = found
        .iter()
        .filter(|(name, _)| name != "plpgsql")
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    Ok(Check::good("extensions", shown.join(", ")))
}

async fn migrations(home: &Home, client: &Client) -> anyhow::Result<Check> {
    let rows = client
        .query(
            "select version from supabase_migrations.schema_migrations",
            &[],
        )
        .await?;
    let applied: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let files = migrations::list(home.workspace())?;
    let waiting: Vec<String> = files
        .iter()
        .filter(|file| !applied.contains(&file.version))
        .map(|file| format!("{}_{}", file.version, file.name))
        .collect();
    if waiting.is_empty() {
        return Ok(Check::good(
            "migrations",
            format!("all {} applied", files.len()),
        ));
    }
    Ok(Check::bad(
        "migrations",
        format!("not applied: {}", waiting.join(", ")),
        "cargo goalpost down, then up",
    ))
}

async fn endpoints(client: &Client, url: &str) -> anyhow::Result<Check> {
    let rows = client
        .query("select function, url from goalpost_private.endpoints", &[])
        .await?;
    let found: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let is_wrong = |function: &&str| {
        !found
            .iter()
            .any(|(name, endpoint)| name == function && endpoint.starts_with(url))
    };
    let wrong: Vec<&str> = FUNCTIONS.into_iter().filter(is_wrong).collect();
    if wrong.is_empty() {
        return Ok(Check::good(
            "endpoints",
            format!("all {} functions can be woken at {url}", FUNCTIONS.len()),
        ));
    }
    Ok(Check::bad(
        "endpoints",
        format!("not set, or of another stack: {}", wrong.join(", ")),
        "cargo goalpost down, then up",
    ))
}

async fn secrets(client: &Client) -> anyhow::Result<Check> {
    let query = "select count(*) from vault.decrypted_secrets
        where name = 'goalpost_wake_secret' and decrypted_secret like 'whsec\\_%'";
    match client.query_one(query, &[]).await?.get::<_, i64>(0) {
        1 => Ok(Check::good(
            "secrets",
            "wakes are signed (goalpost_wake_secret in Vault)",
        )),
        _ => Ok(Check::bad(
            "secrets",
            "there is no goalpost_wake_secret in Vault",
            "cargo goalpost down, then up",
        )),
    }
}

async fn cron(client: &Client) -> anyhow::Result<Check> {
    let query = "select j.jobname, d.start_time, d.status, d.return_message
        from cron.job j
        left join lateral (
          select start_time, status, return_message from cron.job_run_details d
           where d.jobid = j.jobid and d.end_time is not null order by runid desc limit 1) d on true
        order by j.jobname";
    let mut seen = Vec::new();
    let mut is_bad = false;
    for row in client.query(query, &[]).await? {
        let name: Option<String> = row.get(0);
        let name = name.unwrap_or_default();
        let ran_at: Option<DateTime<Utc>> = row.get(1);
        let state: Option<String> = row.get(2);
        let Some(ran_at) = ran_at else {
            seen.push(format!("{name} has not run yet"));
            continue;
        };
        is_bad |= (Utc::now() - ran_at).num_seconds() > TICK_PATIENCE_SECONDS
            || state.as_deref() == Some("failed");
        let message: Option<String> = row.get(3);
        let message = message
            .filter(|_| state.as_deref() == Some("failed"))
            .map(|message| format!(": {message}"))
            .unwrap_or_default();
        seen.push(format!(
            "{name} {} {}{message}",
            state.unwrap_or_default(),
            age(ran_at, Utc::now())
        ));
    }
    let seen = if seen.is_empty() {
        "there are no jobs".to_owned()
    } else {
        seen.join(", ")
    };
    match is_bad {
        true => Ok(Check::bad(
            "cron",
            seen,
            "Sweeps from outside still find the work; cargo goalpost down, then up.",
        )),
        false => Ok(Check::good("cron", seen)),
    }
}

/// Sends a wake to a function as the engine does, and waits until the function has checked for work.
pub(super) async fn wake_round_trip(stack: &state::Stack) -> Check {
    match send_wake(stack).await {
        Ok(Some(took)) => Check::good(
            "wake",
            format!(
                "Postgres → pg_net → executor → Postgres in {} ms",
                took.as_millis()
            ),
        ),
        Ok(None) => Check::bad(
            "wake",
            format!(
                "a wake was not answered within {} s",
                WAKE_PATIENCE.as_secs()
            ),
            "cargo goalpost logs executor\nWork still gets done by the sweeps, only later.",
        ),
        Err(error) => Check::bad("wake", format!("{error:#}"), ""),
    }
}

async fn send_wake(stack: &state::Stack) -> anyhow::Result<Option<Duration>> {
    let client = connect(stack).await?;
    let insert = "insert into goalpost.wakes (function, ready_count, sent_at) values ('executor', 1, now()) returning id";
    let id: i64 = client.query_one(insert, &[]).await?.get(0);
    let began = Instant::now();
    client
        .execute(
            "select goalpost_private.post_wake(w) from goalpost.wakes w where id = $1",
            &[&id],
        )
        .await?;
    while began.elapsed() < WAKE_PATIENCE {
        let query = "select acknowledged_at is not null from goalpost.wakes where id = $1";
        if client.query_one(query, &[&id]).await?.get(0) {
            return Ok(Some(began.elapsed()));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(None)
}

//! One run of one job: a session as the job's user, and a row with the result.

use super::job::Job;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

const BEGIN: &str = "
insert into cron.job_run_details (jobid, database, username, command, status)
values ($1, $2, $3, $4, 'starting') returning runid";

const RUNNING: &str = "
update cron.job_run_details set status = 'running', job_pid = $2, start_time = clock_timestamp()
 where runid = $1";

const END: &str = "
update cron.job_run_details
   set status = $2::text, return_message = $3::text, end_time = clock_timestamp()
     , start_time = coalesce(start_time, clock_timestamp())
 where runid = $1";

/// Runs that were in progress when the clock or the server ended count as failed.
const ORPHANED: &str = "
update cron.job_run_details set status = 'failed', return_message = 'server restarted'
 where status in ('starting', 'running')";

pub(super) async fn fail_orphans(records: &Client) -> Result<(), tokio_postgres::Error> {
    records.batch_execute(ORPHANED).await
}

/// Runs the job once and records it. An error means that it could not be recorded.
pub(super) async fn run(
    records: &Client,
    session: Config,
    job: &Job,
) -> Result<(), tokio_postgres::Error> {
    let row = records
        .query_one(
            BEGIN,
            &[&job.id, &job.database, &job.username, &job.command],
        )
        .await?;
    let run_id: i64 = row.try_get(0)?;
    let (status, message) = match attempt(records, session, job, run_id).await {
        Ok(message) => ("succeeded", message),
        Err(error) => ("failed", error_message(&error)),
    };
    records.execute(END, &[&run_id, &status, &message]).await?;
    Ok(())
}

async fn attempt(
    records: &Client,
    session: Config,
    job: &Job,
    run_id: i64,
) -> Result<String, tokio_postgres::Error> {
    let (client, connection) = session.connect(NoTls).await?;
    let connection = tokio::spawn(connection);
    let pid: i32 = client
        .query_one("select pg_catalog.pg_backend_pid()", &[])
        .await?
        .try_get(0)?;
    records.execute(RUNNING, &[&run_id, &pid]).await?;
    let messages = client.simple_query(&job.command).await;
    drop(client);
    // The session has ended when its connection has, so nothing of the job is left running.
    let _ = connection.await;
    Ok(return_message(&messages?, &job.command))
}

/// Returns the number of rows of the last statement that returned any, otherwise the command itself.
fn return_message(messages: &[SimpleQueryMessage], command: &str) -> String {
    let described =
        |message: &SimpleQueryMessage| matches!(message, SimpleQueryMessage::RowDescription(_));
    let last = messages.iter().rposition(described);
    let Some(last) = last else {
        return command
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_uppercase();
    };
    let rows = messages
        .iter()
        .skip(last)
        .filter(|message| matches!(message, SimpleQueryMessage::Row(_)));
    match rows.count() {
        1 => "1 row".to_owned(),
        count => format!("{count} rows"),
    }
}

fn error_message(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("ERROR: {}", error.message()),
        None => format!("connection failed: {error}"),
    }
}

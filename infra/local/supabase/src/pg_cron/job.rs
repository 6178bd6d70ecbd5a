//! The jobs of `cron.job`.

use super::schedule::Schedule;
use tokio_postgres::Client;

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: i64,
    pub(super) schedule: Schedule,
    pub(super) command: String,
    pub(super) database: String,
    pub(super) username: String,
}

pub(super) async fn read_jobs(records: &Client) -> Result<Vec<Job>, tokio_postgres::Error> {
    let query = "select jobid, schedule, command, database, username from cron.job where active order by jobid";
    let mut jobs = Vec::new();
    for row in records.query(query, &[]).await? {
        let (id, text): (i64, String) = (row.try_get("jobid")?, row.try_get("schedule")?);
        let Some(schedule) = Schedule::read(&text) else {
            tracing::warn!(
                job_id = id,
                schedule = text,
                "a job has a schedule that cannot be read and is not run"
            );
            continue;
        };
        jobs.push(Job {
            id,
            schedule,
            command: row.try_get("command")?,
            database: row.try_get("database")?,
            username: row.try_get("username")?,
        });
    }
    Ok(jobs)
}

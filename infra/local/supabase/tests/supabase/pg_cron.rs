//! Tests of pg_cron's clock with jobs in seconds.

use crate::support::Database;
use local_postgres::SUPERUSER;
use local_supabase::pg_cron::{CronClock, CronOptions, JobDatabase};

async fn stage() -> Database {
    let schema = "create extension pg_cron with schema pg_catalog;
        create table ran (job text, who text default current_user, at timestamptz default clock_timestamp());";
    Database::with(schema).await
}

async fn clock(database: &Database) -> CronClock {
    CronClock::start(&database.url(SUPERUSER).await, CronOptions::default()).unwrap()
}

async fn schedule(database: &Database, name: &str, command: &str) {
    let query = "select cron.schedule($1::text, '1 seconds', $2::text)";
    database
        .owner
        .query_one(query, &[&name, &command])
        .await
        .unwrap();
}

const FINISHED: &str =
    "select string_agg(distinct status || ': ' || return_message, ',') from cron.job_run_details
    where status in ('succeeded', 'failed')";

#[tokio::test]
async fn job_runs_as_its_user_and_is_recorded() {
    let database = stage().await;
    schedule(
        &database,
        "note",
        "insert into ran (job) values ('note') returning job",
    )
    .await;
    let clock = clock(&database).await;
    database.until(FINISHED, "succeeded: 1 row").await;
    clock.stop().await;
    assert_eq!(
        database.text("select distinct who from ran").await,
        "postgres"
    );
    let complete =
        "select bool_and(job_pid is not null and start_time <= end_time and username = 'postgres'
        and database = current_database() and command like 'insert%') from cron.job_run_details";
    assert_eq!(database.text(complete).await, "true");
    database.drop().await;
}

#[tokio::test]
async fn failed_job_is_recorded_and_runs_again() {
    let database = stage().await;
    schedule(&database, "broken", "select 1/0").await;
    let clock = clock(&database).await;
    database
        .until(
            "select count(*) >= 2 from cron.job_run_details where status = 'failed'",
            "true",
        )
        .await;
    assert_eq!(
        database.text(FINISHED).await,
        "failed: ERROR: division by zero"
    );
    clock.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn job_has_one_run_and_delays_no_other() {
    let database = stage().await;
    database
        .superuser
        .batch_execute("select pg_advisory_lock(3)")
        .await
        .unwrap();
    schedule(&database, "stuck", "select pg_advisory_xact_lock(3)").await;
    schedule(&database, "brisk", "insert into ran (job) values ('brisk')").await;
    let clock = clock(&database).await;
    database
        .until("select count(*) >= 3 from ran where job = 'brisk'", "true")
        .await;
    let stuck = "select string_agg(status, ',') from cron.job_run_details where command like '%pg_advisory%'";
    assert_eq!(database.text(stuck).await, "running");
    database
        .superuser
        .batch_execute("select pg_advisory_unlock(3)")
        .await
        .unwrap();
    database.until("select count(*) >= 2 from cron.job_run_details where command like '%pg_advisory%' and status = 'succeeded'", "true").await;
    clock.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn inactive_job_does_not_run() {
    let database = stage().await;
    schedule(
        &database,
        "asleep",
        "insert into ran (job) values ('asleep')",
    )
    .await;
    database
        .owner
        .batch_execute("select cron.alter_job((select jobid from cron.job), active => false)")
        .await
        .unwrap();
    schedule(&database, "brisk", "insert into ran (job) values ('brisk')").await;
    let clock = clock(&database).await;
    database
        .until("select count(*) >= 2 from ran", "true")
        .await;
    assert_eq!(
        database
            .text("select string_agg(distinct job, ',') from ran")
            .await,
        "brisk"
    );
    clock.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn later_job_is_noticed_at_the_next_reading() {
    let database = stage().await;
    let clock = clock(&database).await;
    database
        .until(
            "select count(*) from pg_stat_activity where datname = current_database()
        and application_name = 'pg_cron scheduler'",
            "1",
        )
        .await;
    schedule(&database, "late", "insert into ran (job) values ('late')").await;
    clock.read_jobs_now();
    database
        .until("select count(*) >= 1 from ran", "true")
        .await;
    clock.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn lost_connection_is_reopened() {
    let database = stage().await;
    schedule(&database, "brisk", "insert into ran (job) values ('brisk')").await;
    let clock = clock(&database).await;
    database
        .until("select count(*) >= 1 from ran", "true")
        .await;
    database.break_connections("pg_cron scheduler").await;
    let before = database.text("select count(*) from ran").await;
    database
        .until(&format!("select count(*) > {before} + 1 from ran"), "true")
        .await;
    clock.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn orphaned_runs_are_failed_at_the_start() {
    let database = stage().await;
    let left_over = "insert into cron.job_run_details (jobid, status) values (77, 'running'), (77, 'starting'), (77, 'succeeded')";
    database.superuser.batch_execute(left_over).await.unwrap();
    let clock = clock(&database).await;
    let states = "select string_agg(status || coalesce(' ' || return_message, ''), ',' order by runid) from cron.job_run_details";
    database
        .until(
            states,
            "failed server restarted,failed server restarted,succeeded",
        )
        .await;
    clock.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn stopped_clock_holds_no_session() {
    let database = stage().await;
    schedule(&database, "brisk", "insert into ran (job) values ('brisk')").await;
    let clock = clock(&database).await;
    database
        .until("select count(*) >= 1 from ran", "true")
        .await;
    clock.stop().await;
    let theirs = "select count(*) from pg_stat_activity where datname = current_database() and application_name like 'pg_cron%'";
    database.until(theirs, "0").await;
    assert_eq!(
        database
            .text(
                "select count(*) from cron.job_run_details where status in ('starting', 'running')"
            )
            .await,
        "0"
    );
    database.drop().await;
}

#[tokio::test]
async fn jobs_of_a_clone_run_in_the_clone() {
    let database = stage().await;
    schedule(
        &database,
        "cloned",
        "insert into ran (job) values ('cloned')",
    )
    .await;
    database
        .superuser
        .batch_execute("update cron.job set database = 'the_template'")
        .await
        .unwrap();
    let options = CronOptions {
        job_database: JobDatabase::Own,
    };
    let clock = CronClock::start(&database.url(SUPERUSER).await, options).unwrap();
    database
        .until("select count(*) >= 1 from ran", "true")
        .await;
    clock.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn job_with_missing_database_fails_with_the_reason() {
    let database = stage().await;
    schedule(&database, "lost", "select 1").await;
    database
        .superuser
        .batch_execute("update cron.job set database = 'the_template'")
        .await
        .unwrap();
    let clock = clock(&database).await;
    database
        .until(
            FINISHED,
            "failed: ERROR: database \"the_template\" does not exist",
        )
        .await;
    clock.stop().await;
    database.drop().await;
}

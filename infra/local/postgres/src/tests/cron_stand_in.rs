//! Tests of pg_cron's SQL half: schedules, and the owners of jobs.

use super::*;

async fn cron() -> Client {
    let client = session().await;
    client
        .batch_execute("create extension pg_cron with schema pg_catalog")
        .await
        .unwrap();
    client
}

async fn jobs(client: &Client) -> Option<String> {
    text(
        client,
        "select string_agg(concat_ws('|', jobname, schedule, command, username, active), ' ' order by jobid)
         from cron.job",
    )
    .await
}

#[tokio::test]
async fn named_job_is_replaced_and_keeps_its_number() {
    let client = cron().await;
    let first = text(&client, "cron.schedule('sweep', '10 seconds', 'select 1')").await;
    let second = text(&client, "cron.schedule('sweep', '*/5 * * * *', 'select 2')").await;
    assert_eq!(first, second);
    assert_eq!(
        jobs(&client).await.as_deref(),
        Some("sweep|*/5 * * * *|select 2|postgres|t")
    );
    let database = "select database = current_database() from cron.job";
    assert_eq!(text(&client, database).await.as_deref(), Some("true"));
}

#[tokio::test]
async fn jobs_without_a_name_are_all_kept() {
    let client = cron().await;
    for _ in 0..2 {
        client
            .batch_execute("select cron.schedule('1 seconds', 'select 1')")
            .await
            .unwrap();
    }
    assert_eq!(
        text(&client, "select count(*) from cron.job")
            .await
            .as_deref(),
        Some("2")
    );
}

#[tokio::test]
async fn documented_schedules_are_accepted() {
    let client = cron().await;
    for schedule in [
        "1 seconds",
        "59 seconds",
        "1 second",
        "* * * * *",
        "*/15 0-6,22 1 jan-mar mon-fri",
        "0 0 $ * *",
        "30 3 * * 7",
        "0 0 * DEC SUN",
        "@hourly",
        "5 4 1,15 * *",
    ] {
        let statement = format!("select cron.schedule('job', '{schedule}', 'select 1')");
        client
            .batch_execute(&statement)
            .await
            .unwrap_or_else(|error| panic!("{schedule}: {error}"));
    }
}

#[tokio::test]
async fn other_schedules_are_refused() {
    let client = cron().await;
    for schedule in [
        "",
        "0 seconds",
        "60 seconds",
        "90 seconds",
        "10 minutes",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "a * * * *",
        "1- * * * *",
        "every day",
        "99999999999 * * * *",
    ] {
        let statement = format!("select cron.schedule('job', '{schedule}', 'select 1')");
        assert_eq!(refusal(&client, &statement).await, "22023", "{schedule}");
    }
    assert_eq!(jobs(&client).await, None);
}

#[tokio::test]
async fn job_is_altered_paused_and_removed() {
    let client = cron().await;
    let id = text(&client, "cron.schedule('sweep', '10 seconds', 'select 1')")
        .await
        .unwrap();
    client
        .batch_execute(&format!(
            "select cron.alter_job({id}, schedule := '20 seconds', active := false)"
        ))
        .await
        .unwrap();
    assert_eq!(
        jobs(&client).await.as_deref(),
        Some("sweep|20 seconds|select 1|postgres|f")
    );
    assert_eq!(
        text(&client, "cron.unschedule('sweep')").await.as_deref(),
        Some("true")
    );
    assert_eq!(
        refusal(&client, "select cron.unschedule('sweep')").await,
        "XX000"
    );
    assert_eq!(
        refusal(&client, &format!("select cron.unschedule({id})")).await,
        "XX000"
    );
    assert_eq!(
        refusal(
            &client,
            &format!("select cron.alter_job({id}, active := true)")
        )
        .await,
        "XX000"
    );
}

#[tokio::test]
async fn jobs_change_through_the_functions_alone() {
    let client = cron().await;
    client
        .batch_execute("select cron.schedule('sweep', '10 seconds', 'select 1')")
        .await
        .unwrap();
    assert_eq!(
        refusal(
            &client,
            "insert into cron.job (schedule, command) values ('x', 'y')"
        )
        .await,
        "42501"
    );
    assert_eq!(
        refusal(&client, "update cron.job set command = 'y'").await,
        "42501"
    );
    client
        .batch_execute("delete from cron.job_run_details")
        .await
        .unwrap();
}

#[tokio::test]
async fn role_reads_and_ends_only_its_own_jobs() {
    let client = cron().await;
    client
        .batch_execute("select cron.schedule('of postgres', '10 seconds', 'select 1')")
        .await
        .unwrap();
    client
        .batch_execute(
            "grant usage on schema cron to service_role; grant select on cron.job to service_role;
             grant execute on all functions in schema cron to service_role; set role authenticated",
        )
        .await
        .unwrap();
    assert_eq!(
        refusal(&client, "select cron.schedule('1 seconds', 'select 1')").await,
        "42501"
    );
    client.batch_execute("set role service_role").await.unwrap();
    client
        .batch_execute("select cron.schedule('its own', '10 seconds', 'select 1')")
        .await
        .unwrap();
    assert_eq!(
        refusal(&client, "select cron.unschedule('of postgres')").await,
        "XX000"
    );
    assert_eq!(
        text(&client, "cron.unschedule('its own')").await.as_deref(),
        Some("true")
    );
}

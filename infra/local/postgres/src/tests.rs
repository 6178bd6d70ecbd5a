//! Tests of the local database on real servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use super::*;

mod bootstrapped;
mod clusters;
mod cron_stand_in;
mod databases;
mod extensions_by_name;
mod given_server;
mod migrated;
mod net_stand_in;
mod pgtap_stand_in;

use tokio_postgres::Client;

/// Creates a bootstrapped database for one test, on the server that this process's tests share.
async fn database() -> (&'static Server, String) {
    let server = Server::shared_by_tests().await.unwrap();
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    database::create_empty(server, &name).await.unwrap();
    (server, name)
}

/// Opens a session as `postgres` in such a database.
async fn session() -> Client {
    let (server, name) = database().await;
    server.connect("postgres", &name).await.unwrap()
}

/// Returns the SQLSTATE with which a statement is refused.
async fn refusal(client: &Client, statement: &str) -> String {
    match client.batch_execute(statement).await {
        Ok(()) => panic!("not refused: {statement}"),
        Err(error) => error
            .as_db_error()
            .expect("an error of the database")
            .code()
            .code()
            .to_owned(),
    }
}

async fn text(client: &Client, expression: &str) -> Option<String> {
    client
        .query_one(&format!("select ({expression})::text"), &[])
        .await
        .unwrap()
        .get(0)
}

async fn is_true(client: &Client, expression: &str) -> bool {
    client
        .query_one(&format!("select {expression}"), &[])
        .await
        .unwrap()
        .get(0)
}

/// Creates a home that shares the real one's downloads, so that nothing is fetched again.
fn home_of_its_own() -> (tempfile::TempDir, Home) {
    use std::os::unix::fs::PermissionsExt;
    let real = Home::open().unwrap();
    let _ = wheel::ensure(&real, &Progress::quiet()).unwrap();
    let base = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap();
    std::fs::create_dir_all(base.path().join("supabase/migrations")).unwrap();
    std::os::unix::fs::symlink(real.workspace().join("infra"), base.path().join("infra")).unwrap();
    let home = Home::at(base.path(), &base.path().join("home")).unwrap();
    std::os::unix::fs::symlink(real.postgres(), home.postgres()).unwrap();
    (base, home)
}

fn server_of(home: &Home, purpose: Purpose) -> anyhow::Result<Server> {
    Server::start_own(home, purpose, Vec::new(), &Progress::quiet())
}

/// Waits for an effect of another process (ends, removes a folder); fails after ten seconds.
fn eventually(description: &str, mut is_so: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(
            began.elapsed().as_secs() < 10,
            "did not happen: {description}"
        );
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
}

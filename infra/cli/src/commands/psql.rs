//! `goalpost psql`: replaces this process with the server's own psql, as `postgres`.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, anyhow};
use local_stack::home::Home;

use super::{arguments, state};

pub(super) fn run(arguments: &arguments::Psql) -> anyhow::Result<()> {
    let stack = state::required(&Home::open()?)?;
    let url =
        url::Url::parse(&stack.database_url).context("the state file holds no database address")?;
    let mut command = Command::new(
        stack
            .psql
            .as_deref()
            .unwrap_or(std::path::Path::new("psql")),
    );
    // In the environment, so that `-d` may name another database, and because every user of the machine can read a
    // process's arguments.
    command
        .env("PGHOST", url.host_str().unwrap_or("127.0.0.1"))
        .env("PGPORT", url.port().unwrap_or(5432).to_string())
        .env("PGUSER", url.username())
        .env("PGPASSWORD", url.password().unwrap_or_default())
        .env("PGDATABASE", url.path().trim_start_matches('/'))
        .args(&arguments.arguments);
    let error = command.exec();
    Err(anyhow!(error).context("psql could not be run; install Postgres' client programs"))
}

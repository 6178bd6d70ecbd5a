//! Database in which each mutant lives for one test file at a time.
//!
//! The statement that makes the mutant and the test file run in one transaction, which is rolled back: Postgres
//! restores the original, and nothing is written out. Sequences advance, on which no test depends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use local_stack::postgres::{Server, database, pgtap};
use tokio_postgres::Client;

use super::files::TestFile;

/// Time limit of a statement without a mutant, on any busy machine. The slowest takes 1 s on an idle one.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);
/// Time limit of a whole file as a multiple of a statement's, for files that catch their cancellation.
const FILE_FACTOR: u32 = 6;

/// Result of one test file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The file passes: it does not detect the mutant.
    Passed,
    /// The file fails; its first failure.
    Failed(String),
    /// Postgres refuses the statement that makes the mutant.
    NotViable(String),
}

/// Number of files after which a database is replaced: rolled-back rows stay in tables and indexes as dead rows, and
/// each file takes longer than the one before.
const MOST_RUNS: usize = 250;

/// Clone of the migrated database, with the set-up of the tests, and a session in it.
pub(super) struct Sandbox {
    server: &'static Server,
    setup: Arc<Vec<TestFile>>,
    name: String,
    client: Client,
    runs: usize,
    /// Files that have failed here. Each must pass without a mutant before the database is dropped, which proves that
    /// the mutant caused the failure and not a left-over of earlier files.
    failed: BTreeMap<String, TestFile>,
}

impl Sandbox {
    /// Clones the template and runs the set-up. Calls of functions are counted from the start.
    ///
    /// # Errors
    /// Postgres refuses, or the set-up does not pass.
    pub(super) async fn create(
        server: &'static Server,
        setup: Arc<Vec<TestFile>>,
    ) -> anyhow::Result<Self> {
        let name = format!("mutants_{}", uuid::Uuid::new_v4().simple());
        database::create_from_template(server, &name).await?;
        let admin = server.connect(server.superuser(), &name).await?;
        admin
            .batch_execute(&format!(
                "alter database {name} set track_functions = 'all'"
            ))
            .await
            .context("counting the calls of functions: a superuser has to switch that on")?;
        let client = server.connect("postgres", &name).await?;
        client
            .batch_execute("create extension if not exists pgtap with schema extensions")
            .await
            .context("creating the extension pgtap")?;
        for file in setup.iter() {
            let report = pgtap::run_text(&client, &file.source).await?;
            ensure!(
                report.passed(),
                "the set-up {} does not pass: {}",
                file.name,
                report.failures.join("; ")
            );
        }
        Ok(Self {
            server,
            setup,
            name,
            client,
            runs: 0,
            failed: BTreeMap::new(),
        })
    }

    /// Replaces the database by a fresh clone if enough files have been run in it.
    ///
    /// # Errors
    /// As [`Sandbox::create`]; or the old database has changed, so a mutant has stayed in it.
    pub(super) async fn renew_if_used(&mut self, expected: &str) -> anyhow::Result<()> {
        if self.runs < MOST_RUNS {
            return Ok(());
        }
        self.require_sound(expected).await?;
        let fresh = Self::create(self.server, Arc::clone(&self.setup)).await?;
        std::mem::replace(self, fresh).remove().await
    }

    /// Compares the database with its earlier [`Sandbox::fingerprint`], and repeats the files that have failed in it
    /// without a mutant.
    ///
    /// # Errors
    /// A mutant has stayed, or a file fails for another reason than a mutant.
    pub(super) async fn require_sound(&mut self, expected: &str) -> anyhow::Result<()> {
        let found = self.fingerprint().await?;
        ensure!(
            found == expected,
            "a mutant has stayed in the database {}",
            self.name
        );
        for file in std::mem::take(&mut self.failed).into_values() {
            if let Verdict::Failed(failure) = self.run("", &file, PATIENCE).await? {
                bail!(
                    "{} failed for a mutant and fails without one too: {failure}",
                    file.name
                );
            }
        }
        Ok(())
    }

    /// Returns the session. No transaction is open in it between two files.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a file against the mutant that this statement makes; with an empty statement, against the original. A
    /// statement that takes longer than `patience` counts as a failure: it loops, or waits for ever.
    ///
    /// # Errors
    /// Postgres cannot be reached.
    pub(super) async fn run(
        &mut self,
        statement: &str,
        file: &TestFile,
        patience: Duration,
    ) -> anyhow::Result<Verdict> {
        self.runs += 1;
        let limit = patience * FILE_FACTOR;
        let ended = tokio::time::timeout(limit, self.try_run(statement, file, patience)).await;
        let is_idle = matches!(ended, Ok(Ok(_)));
        let verdict = match ended {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(error)) => Verdict::Failed(format!("the session ended: {error:#}")),
            Err(_) => Verdict::Failed(format!("it still runs after {} s", limit.as_secs())),
        };
        if let Verdict::Failed(_) = &verdict {
            self.failed.insert(file.name.clone(), file.clone());
        }
        if !is_idle || self.clean().await.is_err() {
            self.reconnect().await?;
        }
        Ok(verdict)
    }

    /// Returns the number of calls of each function so far, by its OID.
    ///
    /// # Errors
    /// The query fails.
    pub(super) async fn calls(&self) -> anyhow::Result<BTreeMap<u32, i64>> {
        self.client
            .batch_execute("select pg_stat_force_next_flush()")
            .await?;
        let rows = self
            .client
            .query("select funcid, calls from pg_stat_user_functions", &[])
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Returns a hash of everything that mutants change. It differs after a run only if a mutant has stayed.
    ///
    /// # Errors
    /// The query fails.
    pub(super) async fn fingerprint(&self) -> anyhow::Result<String> {
        let row = self
            .client
            .query_one(FINGERPRINT, &[])
            .await
            .context("reading the catalog")?;
        Ok(row.get(0))
    }

    /// Drops the database.
    ///
    /// # Errors
    /// Postgres refuses.
    pub(super) async fn remove(self) -> anyhow::Result<()> {
        let Self {
            server,
            name,
            client,
            ..
        } = self;
        drop(client);
        database::drop(server, &name).await
    }

    async fn try_run(
        &self,
        statement: &str,
        file: &TestFile,
        patience: Duration,
    ) -> anyhow::Result<Verdict> {
        let milliseconds = patience.as_millis();
        let begin = format!(
            "begin; set local statement_timeout = {milliseconds}; set local lock_timeout = {milliseconds}"
        );
        self.client.batch_execute(&begin).await?;
        if let Err(error) = self.client.batch_execute(statement).await {
            let refused = error
                .as_db_error()
                .map(|refusal| refusal.message().to_owned());
            return match refused {
                Some(refusal) => Ok(Verdict::NotViable(refusal)),
                None => Err(error.into()),
            };
        }
        // The file's own `begin` is only a warning here; its `rollback` ends this transaction, including the mutant.
        let report = pgtap::run_text(&self.client, &file.source).await?;
        Ok(match report.failures.into_iter().next() {
            None => Verdict::Passed,
            Some(failure) => Verdict::Failed(failure),
        })
    }

    async fn clean(&self) -> anyhow::Result<()> {
        self.client.batch_execute("rollback").await?;
        self.client.batch_execute("discard all").await?;
        Ok(())
    }

    async fn reconnect(&mut self) -> anyhow::Result<()> {
        let admin = self
            .server
            .connect(self.server.superuser(), "postgres")
            .await?;
        admin
            .execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
                &[&self.name],
            )
            .await?;
        self.client = self.server.connect("postgres", &self.name).await?;
        Ok(())
    }
}

const FINGERPRINT: &str = "
  with ours as (
    select n.oid from pg_catalog.pg_namespace n where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private')
  ),
  line (text) as (
    select pg_catalog.pg_get_functiondef(p.oid) || p.proowner || coalesce(p.proacl::text, '')
      from pg_catalog.pg_proc p where p.pronamespace in (table ours) and p.prokind in ('f', 'p')
    union all
    select c.relname || c.relrowsecurity || coalesce(c.relacl::text, '') || coalesce(c.reloptions::text, '')
           || coalesce(case when c.relkind = 'v' then pg_catalog.pg_get_viewdef(c.oid) end, '')
      from pg_catalog.pg_class c where c.relnamespace in (table ours)
    union all
    select k.conname || pg_catalog.pg_get_constraintdef(k.oid)
      from pg_catalog.pg_constraint k where k.connamespace in (table ours)
    union all
    select t.tgname || pg_catalog.pg_get_triggerdef(t.oid)
      from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid where c.relnamespace in (table ours)
    union all
    select p.polname || coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), '')
           || coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '')
      from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid where c.relnamespace in (table ours)
    union all
    select n.nspname || coalesce(n.nspacl::text, '') from pg_catalog.pg_namespace n where n.oid in (table ours)
  )
  select md5(string_agg(text, E'\\n' order by text)) from line";

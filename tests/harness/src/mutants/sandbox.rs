//! A database in which mutants live for one test file at a time.
//!
//! The statement that makes the mutant and the test file run in one transaction, which is rolled back: Postgres itself
//! restores the original, and nothing is written out. Sequences go on, which no test depends on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use local_stack::postgres::{Server, database, pgtap};
use tokio_postgres::Client;

use super::files::TestFile;

/// The time that a statement may take without a mutant, on however busy a machine. The slowest takes 1 s on an idle one.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);
/// How many times as long as one statement may a whole file take, in case it catches their cancellation.
const FILE_FACTOR: u32 = 6;

/// What a test file shows of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The file passes: it does not notice the mutant.
    Passed,
    /// It fails; the first failure.
    Failed(String),
    /// Postgres refuses the statement that makes the mutant.
    NotViable(String),
}

/// After so many files a database is replaced: what is rolled back stays in tables and indexes as dead rows, and each
/// file takes longer than the one before it.
const MOST_RUNS: usize = 250;

/// A clone of the migrated database, with the set-up of the tests, and a session in it.
pub(super) struct Sandbox {
    server: &'static Server,
    setup: Arc<TestFile>,
    name: String,
    client: Client,
    runs: usize,
    /// The files that have failed here. Before the database is given up each must pass without a mutant: what it showed
    /// was the mutant, and not what earlier files had left.
    failed: BTreeMap<String, TestFile>,
}

impl Sandbox {
    /// Clones the template and runs the set-up. Calls of functions are counted there from the start.
    ///
    /// # Errors
    /// Postgres refuses, or the set-up does not pass.
    pub(super) async fn create(
        server: &'static Server,
        setup: Arc<TestFile>,
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
        let report = pgtap::run_text(&client, &setup.source).await?;
        ensure!(
            report.passed(),
            "the set-up does not pass: {}",
            report.failures.join("; ")
        );
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
    /// As [`Sandbox::create`]; or the old database is not as it was, so a mutant has stayed in it.
    pub(super) async fn renew_if_used(&mut self, expected: &str) -> anyhow::Result<()> {
        if self.runs < MOST_RUNS {
            return Ok(());
        }
        self.require_sound(expected).await?;
        let fresh = Self::create(self.server, Arc::clone(&self.setup)).await?;
        std::mem::replace(self, fresh).remove().await
    }

    /// Compares the database with its [`Sandbox::fingerprint`] from before, and runs the files that have failed in it
    /// once more, without a mutant.
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

    /// The session. Between two files nothing is open in it.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a file against the mutant that this statement makes; with an empty statement, against the original. A
    /// statement that takes longer than `patience` fails: it loops, or waits for something that never comes.
    ///
    /// # Errors
    /// Postgres cannot be reached any more.
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

    /// The number of calls of each function so far, by its OID.
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

    /// A hash of all that mutants change. It is the same before and after, or a mutant has stayed.
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
        // The file's own `begin` is a warning here; its `rollback` ends this transaction, mutant included.
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

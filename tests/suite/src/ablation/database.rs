//! Removes a SQL guard in a clone of the migrated database and runs pgTAP files there. A function is replaced, which
//! takes milliseconds; everything else is removed by a statement that runs after the migrations.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use local_stack::postgres::{Server, database, pgtap, statements};

use super::{Guard, Removal, Said, Test, first_line};

/// Where clones come from: a migrated database with the set-up of the tests.
pub struct Databases {
    server: &'static Server,
    workspace: PathBuf,
    base: String,
}

impl Databases {
    /// Migrates a database and runs the tests' set-up file in it.
    ///
    /// # Errors
    /// Postgres cannot be started, or the set-up does not pass.
    pub async fn prepare(workspace: &Path) -> anyhow::Result<Self> {
        let server = Server::shared_by_tests().await?;
        let base = fresh_name();
        database::create_from_template(server, &base).await?;
        let databases = Self {
            server,
            workspace: workspace.to_owned(),
            base,
        };
        let report = pgtap::run_file(server, &databases.base, &databases.path("000_setup")).await?;
        if !report.passed() {
            bail!("the set-up does not pass: {}", report.failures.join("; "));
        }
        Ok(databases)
    }

    /// Runs these files with every guard in place; gives back what failed.
    ///
    /// # Errors
    /// A file is not there, or the database is not.
    pub async fn failures(&self, files: &BTreeSet<String>) -> anyhow::Result<Vec<Said>> {
        let clone = self.clone_base().await?;
        let mut said = Vec::new();
        for file in files {
            said.push(self.run(&clone, file).await?);
        }
        database::drop(self.server, &clone).await?;
        Ok(said.into_iter().filter(|said| said.is_red).collect())
    }

    /// Removes the guard and runs its pgTAP files.
    ///
    /// # Errors
    /// The text is not there, what is left is not SQL that Postgres takes, or a file is missing.
    pub async fn without(&self, guard: &Guard) -> anyhow::Result<Vec<Said>> {
        let files = guard.red.iter().filter_map(|test| match test {
            Test::Database(file) => Some(file.clone()),
            Test::Cargo { .. } => None,
        });
        let files: Vec<String> = files.collect();
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let clone = self.remove(guard).await?;
        let mut said = Vec::new();
        for file in &files {
            said.push(self.run(&clone, file).await?);
        }
        database::drop(self.server, &clone).await?;
        Ok(said)
    }

    /// Removes the guard and runs every pgTAP file until so many went red: for whoever writes an entry.
    ///
    /// # Errors
    /// As [`Databases::without`].
    pub async fn search(&self, guard: &Guard, enough: usize) -> anyhow::Result<Vec<Said>> {
        let clone = self.remove(guard).await?;
        let mut red = Vec::new();
        for file in all_files(&self.workspace)? {
            let said = self.run(&clone, &file).await?;
            if said.is_red {
                red.push(said);
            }
            if red.len() >= enough {
                break;
            }
        }
        database::drop(self.server, &clone).await?;
        Ok(red)
    }

    /// A clone without the guard.
    async fn remove(&self, guard: &Guard) -> anyhow::Result<String> {
        let statement = self.statement(guard)?;
        let clone = self.clone_base().await?;
        let owner = self.server.connect("postgres", &clone).await?;
        owner.batch_execute(&statement).await.with_context(|| {
            format!("without the guard Postgres does not take it:\n{statement}")
        })?;
        Ok(clone)
    }

    fn statement(&self, guard: &Guard) -> anyhow::Result<String> {
        if let Removal::Statement(statement) = &guard.removal {
            return Ok(statement.clone());
        }
        let edit = guard.edit(&self.workspace)?.context("not a text")?;
        let before = statements::split(&edit.original);
        let after = statements::split(&edit.changed);
        if before.len() != after.len() {
            bail!("the replacement changes the number of statements; use `without`");
        }
        let changed = before
            .iter()
            .zip(&after)
            .filter(|(one, other)| one.text != other.text);
        let replaced = changed.map(|(_, changed)| replaced(&changed.text));
        Ok(replaced.collect::<anyhow::Result<Vec<_>>>()?.join(";\n"))
    }

    async fn clone_base(&self) -> anyhow::Result<String> {
        let name = fresh_name();
        let admin = self.server.connect("postgres", "postgres").await?;
        admin
            .batch_execute(&format!("create database {name} template {}", self.base))
            .await
            .with_context(|| format!("cloning {}", self.base))?;
        Ok(name)
    }

    async fn run(&self, clone: &str, file: &str) -> anyhow::Result<Said> {
        let report = pgtap::run_file(self.server, clone, &self.path(file)).await?;
        let what = report
            .failures
            .first()
            .map(|failure| first_line(failure))
            .unwrap_or_default();
        Ok(Said {
            test: file.to_owned(),
            is_red: !report.passed(),
            what,
        })
    }

    fn path(&self, file: &str) -> PathBuf {
        self.workspace
            .join(format!("supabase/tests/{file}.test.sql"))
    }
}

fn fresh_name() -> String {
    format!("ablation_{}", uuid::Uuid::new_v4().simple())
}

/// The statement that puts a changed function or view in the place of the present one.
fn replaced(statement: &str) -> anyhow::Result<String> {
    let (comments, code) = split_comments(statement);
    for kind in ["function", "view"] {
        if let Some(rest) = code.strip_prefix(&format!("create {kind} ")) {
            return Ok(format!("{comments}create or replace {kind} {rest}"));
        }
    }
    bail!("only functions and views can be replaced in place; use `without` for anything else")
}

fn split_comments(text: &str) -> (&str, &str) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() && !line.trim_start().starts_with("--") {
            break;
        }
        at += line.len();
    }
    text.split_at(at)
}

fn all_files(workspace: &Path) -> anyhow::Result<Vec<String>> {
    let mut files = Vec::new();
    let root = workspace.join("supabase/tests");
    for folder in std::fs::read_dir(&root)? {
        let folder = folder?.path();
        if !folder.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&folder)? {
            let file = file?.path();
            let name = file.strip_prefix(&root)?.to_string_lossy().into_owned();
            files.extend(name.strip_suffix(".test.sql").map(str::to_owned));
        }
    }
    files.sort();
    Ok(files)
}

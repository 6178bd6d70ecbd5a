//! Applies `supabase/migrations` as a hosted project's `db push` would: in order, as `postgres`, each once.
//!
//! A file is one transaction, recorded where the Supabase CLI records it, so either may continue after the other. An
//! error names the file and the line.
//!
//! `GOALPOST_MIGRATIONS` names another folder of migrations, for tests of changed ones.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use tokio_postgres::Client;
use tokio_postgres::error::ErrorPosition;

use super::statements::{self, Statement};
use super::{Server, source_lines};

const RECORD: &str = "
    create schema if not exists supabase_migrations;
    create table if not exists supabase_migrations.schema_migrations (
      version text not null primary key, statements text[], name text)";

/// One file of the migrations folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The digits before the first underscore; the order of migrations.
    pub version: String,
    /// The rest of the file's name.
    pub name: String,
    path: PathBuf,
}

impl Migration {
    /// Reads the file's content.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn text(&self) -> anyhow::Result<String> {
        read(&self.path)
    }
}

/// The variable that names another folder than `supabase/migrations`.
pub const FOLDER_VARIABLE: &str = "GOALPOST_MIGRATIONS";

/// Returns the migrations of a workspace, in order.
///
/// # Errors
/// The folder cannot be read, or holds a SQL file that is not named `<digits>_<name>.sql`.
pub fn list(workspace: &Path) -> anyhow::Result<Vec<Migration>> {
    let folder = std::env::var_os(FOLDER_VARIABLE)
        .filter(|folder| !folder.is_empty())
        .map_or_else(|| workspace.join("supabase/migrations"), PathBuf::from);
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut migrations = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let Some((version, name)) = stem
            .split_once('_')
            .filter(|(version, _)| is_version(version))
        else {
            bail!(
                "{} is not named <version>_<name>.sql, as the Supabase CLI wants it",
                path.display()
            );
        };
        let (version, name) = (version.to_owned(), name.to_owned());
        migrations.push(Migration {
            version,
            name,
            path,
        });
    }
    migrations.sort_by(|one, other| one.version.cmp(&other.version));
    for (one, other) in migrations.iter().zip(migrations.iter().skip(1)) {
        if one.version == other.version {
            bail!(
                "{} and {} have the same version",
                one.path.display(),
                other.path.display()
            );
        }
    }
    Ok(migrations)
}

fn is_version(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit())
}

/// Applies the migrations that this database does not have yet; returns their number.
///
/// # Errors
/// The first statement that fails, with file, line and hint (its whole file is undone), or a file that was changed
/// after it was applied here.
pub async fn apply(server: &Server, database: &str) -> anyhow::Result<usize> {
    let migrations = list(server.home().workspace())?;
    let mut client = server.connect("postgres", database).await?;
    client
        .batch_execute(RECORD)
        .await
        .context("preparing the record of migrations")?;
    let applied = recorded(&client).await?;
    let mut count = 0;
    for migration in &migrations {
        let statements = statements::split(&migration.text()?);
        match applied
            .iter()
            .find(|(version, _)| *version == migration.version)
        {
            Some((_, before)) => refuse_changed(migration, &statements, before.as_deref())?,
            None => {
                apply_one(&mut client, migration, &statements).await?;
                count += 1;
            }
        }
    }
    Ok(count)
}

async fn recorded(client: &Client) -> anyhow::Result<Vec<(String, Option<Vec<String>>)>> {
    let rows = client
        .query(
            "select version, statements from supabase_migrations.schema_migrations",
            &[],
        )
        .await
        .context("reading which migrations were applied")?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Refuses a changed file that was applied: a hosted project would never receive the change.
fn refuse_changed(
    migration: &Migration,
    statements: &[Statement],
    before: Option<&[String]>,
) -> anyhow::Result<()> {
    let same = before.is_none_or(|before| {
        before
            .iter()
            .eq(statements.iter().map(|statement| &statement.text))
    });
    if same {
        return Ok(());
    }
    bail!(
        "{} was changed after it had been applied to this database. Put the change into a new migration, or, \
         while it has been applied nowhere else, run `cargo goalpost reset`.",
        migration.path.display()
    )
}

async fn apply_one(
    client: &mut Client,
    migration: &Migration,
    statements: &[Statement],
) -> anyhow::Result<()> {
    let transaction = client.transaction().await?;
    run(transaction.client(), &migration.path, statements).await?;
    transaction
        .batch_execute("reset role")
        .await
        .context("going back to the role postgres")?;
    let texts: Vec<&str> = statements
        .iter()
        .map(|statement| statement.text.as_str())
        .collect();
    transaction
        .execute(
            "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)",
            &[&migration.version, &migration.name, &texts],
        )
        .await
        .with_context(|| format!("recording {}", migration.path.display()))?;
    transaction
        .commit()
        .await
        .with_context(|| format!("committing {}", migration.path.display()))?;
    // Session settings of a file must not reach the next one, which on a hosted project has its own session.
    client
        .batch_execute("reset all")
        .await
        .context("resetting the session")
}

/// Runs statements of a file one by one, so that an error has a position.
pub(super) async fn run(
    client: &Client,
    path: &Path,
    statements: &[Statement],
) -> anyhow::Result<()> {
    for statement in statements {
        if let Err(error) = client.batch_execute(&statement.text).await {
            return Err(place(&error, path, statement));
        }
    }
    Ok(())
}

/// Formats an error for a person: position, message, and Postgres' details.
fn place(error: &tokio_postgres::Error, path: &Path, statement: &Statement) -> anyhow::Error {
    let Some(reported) = error.as_db_error() else {
        return anyhow!("{}: {error}", position(path, statement.line));
    };
    let line = match reported.position() {
        Some(ErrorPosition::Original(position)) => line_of(statement, *position),
        _ => first_code_line(statement),
    };
    let mut text = format!(
        "{}: {} ({})",
        position(path, line),
        reported.message(),
        reported.code().code()
    );
    for (label, addition) in [
        ("detail", reported.detail()),
        ("hint", reported.hint()),
        ("where", reported.where_()),
    ] {
        if let Some(addition) = addition {
            text.push_str(&format!("\n  {label}: {addition}"));
        }
    }
    anyhow!(text)
}

/// Returns `file:line` where a person edits it: for a generated migration, its source. A runbook has no line: its SQL is
/// not in its file.
fn position(path: &Path, line: usize) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let has_lines = |file: &str| !file.ends_with(".yaml");
    match source_lines::source_of(&text, line) {
        Some((source, _)) if !has_lines(source) => source.to_owned(),
        Some((source, line)) => format!("{source}:{line}"),
        None if has_lines(&path.to_string_lossy()) => format!("{}:{line}", path.display()),
        None => path.display().to_string(),
    }
}

/// Returns the file's line of a position in the statement, which Postgres counts in characters from 1.
fn line_of(statement: &Statement, position: u32) -> usize {
    let before = (position as usize).saturating_sub(1);
    statement.line
        + statement
            .text
            .chars()
            .take(before)
            .filter(|letter| *letter == '\n')
            .count()
}

/// Returns the line where the statement itself begins, after the comments above it.
fn first_code_line(statement: &Statement) -> usize {
    let comments = statement.text.lines().take_while(|line| {
        let line = line.trim_start();
        line.is_empty() || line.starts_with("--")
    });
    statement.line + comments.count()
}

pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

//! Calls of earlier releases, and the parts of replies that they read: recorded once per release, replayed for ever.
//!
//! A recording holds every call to the REST surface that functions and people made while several goals were worked on:
//! arguments in full, replies as shapes (names and types, and the few values that decide the next call). Ids and lease
//! epochs are the recording's own; [`replay`] learns the present ones from the present replies.

pub mod ids;
pub mod recorder;
pub mod replay;
pub mod shape;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Recorded calls of a release.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recording {
    /// Name of the release.
    pub version: String,
    /// Functions that it could call.
    pub functions: Vec<Function>,
    /// Events, in the order of the database.
    pub calls: Vec<Entry>,
}

/// Function of an exposed schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Name with its schema.
    pub name: String,
    /// Names of all arguments.
    pub arguments: Vec<String>,
    /// Optional arguments.
    pub optional: Vec<String>,
}

/// One event.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entry {
    /// Advance of the database's clock, instead of waiting.
    Time {
        /// Seconds of the advance.
        seconds_pass: u32,
    },
    /// Call with its reply.
    Call(Call),
}

/// Call with its reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// `worker`, or a demonstration person.
    #[serde(rename = "as")]
    pub caller: String,
    /// Schema.
    pub schema: String,
    /// `rpc/<function>`, or a table with its query.
    pub path: String,
    /// Arguments; none for a read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// HTTP status.
    pub status: u16,
    /// Shape of the reply.
    pub reply: Value,
}

/// Returns the folder of all recordings.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contract")
}

/// Returns every recording with its file.
///
/// # Errors
/// A file cannot be read.
pub fn recordings() -> anyhow::Result<Vec<(PathBuf, Recording)>> {
    let mut found = Vec::new();
    for release in std::fs::read_dir(folder())? {
        let release = release?.path();
        if !release.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&release)? {
            let file = file?.path();
            let text = std::fs::read_to_string(&file)?;
            let recording =
                serde_json::from_str(&text).with_context(|| file.display().to_string())?;
            found.push((file, recording));
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

/// Returns the functions that callers can reach now.
///
/// # Errors
/// The database does not answer.
pub async fn functions(database: &tokio_postgres::Client) -> anyhow::Result<Vec<Function>> {
    let query = "
        select n.nspname || '.' || p.proname, coalesce(p.proargnames, '{}')::text[], p.pronargs::integer, p.pronargdefaults::integer
          from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where n.nspname in ('goalpost', 'goalpost_worker')
         order by 1, 2";
    let rows = database.query(query, &[]).await?;
    let function = |row: &tokio_postgres::Row| {
        let mut arguments: Vec<String> = row.get(1);
        arguments.truncate(usize::try_from(row.get::<_, i32>(2)).unwrap_or_default());
        let required = arguments.len() - usize::try_from(row.get::<_, i32>(3)).unwrap_or_default();
        Function {
            name: row.get(0),
            optional: arguments.split_at(required).1.to_vec(),
            arguments,
        }
    };
    Ok(rows.iter().map(function).collect())
}

impl Function {
    /// Returns true if a call that was made for `earlier` reaches this function: it accepts every argument, and
    /// requires no more than `earlier` required.
    #[must_use]
    pub fn accepts_calls_of(&self, earlier: &Self) -> bool {
        let given =
            |name: &String| earlier.arguments.contains(name) && !earlier.optional.contains(name);
        self.name == earlier.name
            && earlier
                .arguments
                .iter()
                .all(|name| self.arguments.contains(name))
            && self
                .arguments
                .iter()
                .all(|name| self.optional.contains(name) || given(name))
    }
}

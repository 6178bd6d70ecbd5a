//! Runs pgTAP files, as `supabase test db` does, and parses their output.
//!
//! A file is sent whole, in a session of its own as `postgres`; each begins and rolls back its own transaction. A file
//! passes only if its output is complete: a plan, exactly as many tests, all of them ok, and no error.

use std::path::{Path, PathBuf};

use anyhow::Context;
use futures::{StreamExt, pin_mut};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::Server;

/// The report of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapReport {
    /// Tests that the file announced, if it announced any.
    pub planned: Option<usize>,
    /// Tests that ran.
    pub run: usize,
    /// The reasons why the file does not pass, in words.
    pub failures: Vec<String>,
    /// All lines of output, in order.
    pub lines: Vec<String>,
}

impl TapReport {
    /// Returns true if the file passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Returns the files of a workspace that all its other pgTAP files require, in the order in which they run.
///
/// # Errors
/// The folder cannot be read.
pub fn setup_files(workspace: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = workspace.join("supabase/tests/000_setup");
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.sort();
    Ok(files)
}

/// Runs one file in a database, which should be a clone: accidental commits of a file stay there.
///
/// # Errors
/// The file cannot be read, or the database not reached. A failed test is no error: see the report.
pub async fn run_file(server: &Server, database: &str, path: &Path) -> anyhow::Result<TapReport> {
    let source =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let client = server.connect("postgres", database).await?;
    client
        .batch_execute("create extension if not exists pgtap with schema extensions")
        .await
        .context("creating the extension pgtap")?;
    run_text(&client, &source).await
}

/// Runs the text of a file in a session that has the extension. Its open transaction and settings stay.
///
/// # Errors
/// The session is closed. A failed test is no error: see the report.
pub async fn run_text(client: &Client, source: &str) -> anyhow::Result<TapReport> {
    let (lines, error) = output_of(client, source).await?;
    Ok(judge(lines, error))
}

/// Returns the text of all result rows, line by line, up to the end or the first error.
async fn output_of(client: &Client, source: &str) -> anyhow::Result<(Vec<String>, Option<String>)> {
    let mut lines = Vec::new();
    let messages = client
        .simple_query_raw(source)
        .await
        .context("sending the test file")?;
    pin_mut!(messages);
    while let Some(message) = messages.next().await {
        match message {
            Ok(SimpleQueryMessage::Row(row)) => {
                lines.extend(row.get(0).unwrap_or_default().lines().map(str::to_owned));
            }
            Ok(_) => {}
            Err(error) => return Ok((lines, Some(error_message(&error, source)))),
        }
    }
    Ok((lines, None))
}

fn error_message(error: &tokio_postgres::Error, source: &str) -> String {
    let Some(reported) = error.as_db_error() else {
        return error.to_string();
    };
    let mut text = format!("{} ({})", reported.message(), reported.code().code());
    if let Some(tokio_postgres::error::ErrorPosition::Original(position)) = reported.position() {
        let before = source.chars().take(*position as usize);
        text.push_str(&format!(
            ", line {}",
            before.filter(|letter| *letter == '\n').count() + 1
        ));
    }
    if let Some(place) = reported.where_() {
        text.push_str(&format!("\n  where: {place}"));
    }
    text
}

/// Parses TAP into the plan, the tests that ran, and the reasons why it does not pass.
fn judge(lines: Vec<String>, error: Option<String>) -> TapReport {
    let mut planned = None;
    let mut run = 0;
    let mut failures = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if let Some(count) = line
            .strip_prefix("1..")
            .and_then(|rest| rest.trim().parse().ok())
        {
            planned = Some(count);
        } else if begins_with_word(line, "ok") {
            run += 1;
        } else if begins_with_word(line, "not ok") {
            run += 1;
            failures.push(with_reasons(lines.get(number..).unwrap_or_default()));
        }
    }
    if let Some(error) = error {
        failures.push(format!("the file ended with an error: {error}"));
    }
    match planned {
        None => failures.push("no plan: the file contains neither plan(n) nor finish()".to_owned()),
        Some(planned) if planned != run => {
            failures.push(format!("{planned} tests were planned, {run} ran"))
        }
        Some(0) => failures.push("the file has no test".to_owned()),
        Some(_) => {}
    }
    TapReport {
        planned,
        run,
        failures,
        lines,
    }
}

fn begins_with_word(line: &str, words: &str) -> bool {
    line.strip_prefix(words)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Returns a failed test's line and the comments that follow it.
fn with_reasons(lines: &[String]) -> String {
    let reasons = lines
        .iter()
        .skip(1)
        .take_while(|line| line.starts_with('#'));
    lines
        .iter()
        .take(1)
        .chain(reasons)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use super::*;

    fn judged(text: &str) -> TapReport {
        judge(text.lines().map(str::to_owned).collect(), None)
    }

    #[test]
    fn file_with_planned_test_count_passes() {
        let report = judged("1..2\nok 1 - a\nok 2\n# a remark");
        assert!(report.passed(), "{report:?}");
        assert_eq!((report.planned, report.run), (Some(2), 2));
        assert!(judged("ok 1\n1..1").passed(), "the plan may come last");
    }

    #[test]
    fn failed_test_fails_the_file_with_reasons() {
        let report = judged("1..2\nnot ok 1 - a\n# have: 1\n# want: 2\nok 2");
        assert_eq!(report.failures, ["not ok 1 - a\n# have: 1\n# want: 2"]);
    }

    #[test]
    fn missing_extra_or_no_tests_fail_the_file() {
        for text in ["1..2\nok 1", "1..1\nok 1\nok 2", "1..0", "ok 1", ""] {
            assert!(!judged(text).passed(), "{text:?}");
        }
    }

    #[test]
    fn error_fails_a_file_whose_tests_passed() {
        let lines = vec!["1..1".to_owned(), "ok 1".to_owned()];
        let report = judge(lines, Some("syntax error".into()));
        assert!(
            !report.passed() && report.failures[0].contains("syntax error"),
            "{report:?}"
        );
    }
}

//! `supabase/runbooks`: the built-in runbooks, as the YAML files that `goalpost runbooks export` prints.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use definitions::RunbookFile;

/// The folder, below the workspace.
const FOLDER: &str = "supabase/runbooks";
/// Encloses the JSON in the generated statement.
const QUOTE: &str = "$runbook$";

/// Returns the files of built-in runbooks, by name.
///
/// # Errors
/// The folder cannot be read, or contains none.
pub fn files(workspace: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = workspace.join(FOLDER);
    let mut files = super::folder::entries(&folder)?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    if files.is_empty() {
        bail!("{} contains no YAML files", folder.display());
    }
    Ok(files)
}

/// Returns the SQL that publishes the runbook of a file.
///
/// # Errors
/// The file cannot be read, or is not a built-in runbook of the file's name.
pub(super) fn publication(path: &Path) -> anyhow::Result<String> {
    let file = RunbookFile::read(path)?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy());
    ensure!(
        stem.as_deref() == Some(&file.name),
        "{}: the file of the runbook {} is {}.yaml",
        path.display(),
        file.name,
        file.name
    );
    statement(&file).with_context(|| path.display().to_string())
}

/// Returns the statement that publishes a runbook. The file's content is a literal of it, so that no value of the file
/// is ever read as SQL.
fn statement(file: &RunbookFile) -> anyhow::Result<String> {
    ensure!(
        file.version.is_some_and(|version| version >= 1),
        "a built-in runbook has a version, from 1"
    );
    ensure!(
        file.budget.is_empty(),
        "a built-in runbook has no budget: the workspace's applies"
    );
    let json = serde_json::to_string_pretty(&file.with_defaults())?;
    ensure!(
        !json.contains(QUOTE),
        "a runbook cannot contain {QUOTE}, which encloses it in the migration"
    );
    Ok(format!(
        "\
select goalpost_private.publish_builtin_runbook(
  p_name => r ->> 'name',
  p_version => (r ->> 'version')::integer,
  p_title => r ->> 'title',
  p_description => r ->> 'description',
  p_goal_type => r ->> 'goal_type',
  p_examples => array(select jsonb_array_elements_text(r -> 'examples')),
  p_requires_project_admin => coalesce((r -> 'requires_project_admin')::boolean, false),
  p_plan => r -> 'plan',
  p_parameters => coalesce(r -> 'parameters', '{{}}'))
from (select {QUOTE}{json}{QUOTE}::jsonb) as runbook (r);
"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FILE: &str = "\
name: stale-orders
version: 2
title: Stale orders
description: Lists open orders without a change.
plan: {steps: []}
";

    #[track_caller]
    fn refused(text: &str, reason: &str) {
        let file = RunbookFile::parse(text).unwrap();
        let error = statement(&file).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn file_without_version_is_no_built_in_runbook() {
        refused(&FILE.replace("version: 2\n", ""), "has a version");
        refused(&FILE.replace("version: 2", "version: 0"), "has a version");
    }

    #[test]
    fn file_with_a_budget_is_no_built_in_runbook() {
        refused(
            &format!("{FILE}budget: {{max_tokens: 5}}\n"),
            "has no budget",
        );
    }

    #[test]
    fn text_that_would_end_the_literal_is_refused() {
        refused(
            &FILE.replace("Stale orders", "'x $runbook$; drop table a'"),
            "cannot contain $runbook$",
        );
    }

    #[test]
    fn file_has_the_name_of_its_runbook() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.yaml");
        std::fs::write(&path, FILE).unwrap();
        let error = publication(&path).unwrap_err().to_string();
        assert!(error.contains("stale-orders.yaml"), "{error}");
    }
}

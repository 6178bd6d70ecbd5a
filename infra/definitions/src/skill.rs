//! Agent Skills as runbooks: a folder with a `SKILL.md` of YAML front matter (`name`, `description`) and instructions,
//! as the specification at agentskills.io describes it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use crate::RunbookFile;
use crate::yaml;

/// The file of a skill's folder that has its instructions.
const SKILL: &str = "SKILL.md";
/// Front matter stands between two such lines.
const FENCE: &str = "---";

/// A skill as a runbook: one step of an agent, with the skill's instructions.
#[derive(Debug)]
pub struct ImportedSkill {
    /// The runbook.
    pub runbook: RunbookFile,
    /// Other files of the folder, which a runbook cannot hold, in order.
    pub left_out: Vec<PathBuf>,
}

impl ImportedSkill {
    /// Reads a skill's folder. `agent` is the name of the agent that follows the instructions.
    ///
    /// # Errors
    /// There is no `SKILL.md`, it has no front matter, or `name`, `description` or the instructions are missing.
    pub fn read(folder: &Path, agent: &str) -> anyhow::Result<Self> {
        let path = folder.join(SKILL);
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!(
                "reading {}; a skill is a folder with {SKILL}",
                path.display()
            )
        })?;
        let runbook = parse(&text, agent).with_context(|| format!("reading {}", path.display()))?;
        let mut left_out = Vec::new();
        files(folder, &mut left_out).with_context(|| format!("listing {}", folder.display()))?;
        left_out.retain(|file| *file != path);
        left_out.sort();
        Ok(Self { runbook, left_out })
    }
}

/// Returns the runbook of a `SKILL.md`.
fn parse(text: &str, agent: &str) -> anyhow::Result<RunbookFile> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let begun = text
        .strip_prefix(FENCE)
        .and_then(|rest| rest.trim_start_matches(' ').strip_prefix('\n'));
    let Some((front, instructions)) = begun.and_then(|rest| rest.split_once("\n---\n")) else {
        bail!(
            "it does not begin with front matter: a line {FENCE}, name and description as YAML, a line {FENCE}"
        );
    };
    let front = yaml::json(front).context("the front matter is no YAML")?;
    let field = |name: &str| -> anyhow::Result<String> {
        match front.get(name).and_then(Value::as_str).map(str::trim) {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => bail!("the front matter has no {name}"),
        }
    };
    let (name, description) = (field("name")?, field("description")?);
    let instructions = instructions.trim();
    if instructions.is_empty() {
        bail!("there are no instructions below the front matter");
    }
    let title = name.replace(['-', '_'], " ");
    Ok(RunbookFile {
        name,
        version: None,
        title: capitalized(&title),
        description,
        goal_type: None,
        examples: Vec::new(),
        requires_project_admin: false,
        parameters: Map::new(),
        budget: Map::new(),
        plan: json!({
            "summary": "An agent follows the instructions of the skill.",
            "criteria": [{"description": "The instructions were followed, and their result is given."}],
            "steps": [{
                "key": "follow", "kind": "agent", "title": capitalized(&title), "agent": agent,
                "input": {"instructions": instructions},
            }],
            "report": {"title": capitalized(&title), "body": "{{ steps.follow.text }}"},
        }),
    })
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Lists the files below a folder. Links are not followed.
fn files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files(&entry.path(), found)?;
        } else {
            found.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    const TEXT: &str = "---\nname: release-notes\ndescription: 'Writes release notes. Use when a version is released.'\nlicense: MIT\n---\n\n# Steps\n\n1. List the changes {{ as they are }}.\n---\n2. Group them.\n";

    #[test]
    fn skill_becomes_one_step_with_its_instructions() {
        let runbook = parse(TEXT, "analyst").unwrap();
        assert_eq!(
            (runbook.name.as_str(), runbook.title.as_str()),
            ("release-notes", "Release notes")
        );
        assert_eq!(
            runbook.description,
            "Writes release notes. Use when a version is released."
        );
        let step = &runbook.plan["steps"][0];
        assert_eq!(step["agent"], "analyst");
        assert_eq!(
            step["input"]["instructions"],
            "# Steps\n\n1. List the changes {{ as they are }}.\n---\n2. Group them."
        );
        let windows = format!("\u{feff}{}", TEXT.replace('\n', "\r\n"));
        assert_eq!(parse(&windows, "analyst").unwrap(), runbook);
    }

    #[test]
    fn other_files_of_the_folder_are_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("scripts")).unwrap();
        std::fs::write(folder.path().join(SKILL), TEXT).unwrap();
        std::fs::write(folder.path().join("scripts/run.py"), "").unwrap();
        let skill = ImportedSkill::read(folder.path(), "analyst").unwrap();
        assert_eq!(skill.left_out, [folder.path().join("scripts/run.py")]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let reason = |text: &str| format!("{:#}", parse(text, "analyst").unwrap_err());
        assert!(reason("# Steps").contains("does not begin with front matter"));
        assert!(
            reason("---\nname: a\ndescription: b\n").contains("does not begin with front matter")
        );
        assert!(reason("---\nname: a\n---\ntext").contains("no description"));
        assert!(reason("---\nname: ' '\ndescription: b\n---\ntext").contains("no name"));
        assert!(reason("---\nname: [a]\ndescription: b\n---\ntext").contains("no name"));
        assert!(reason("---\nname: {\n---\ntext").contains("no YAML"));
        assert!(reason("---\nname: a\ndescription: b\n---\n \n").contains("no instructions"));
        let none = ImportedSkill::read(Path::new("/nowhere"), "analyst").unwrap_err();
        assert!(format!("{none:#}").contains("a skill is a folder with SKILL.md"));
    }
}

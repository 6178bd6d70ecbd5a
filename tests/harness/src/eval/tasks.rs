//! Tasks as `tests/harness/eval/tasks.toml` lists them; its head names the fields.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use regex_lite::Regex;
use serde::{Deserialize, Serialize};

/// What a task is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One value of one row.
    Lookup,
    /// A count, a sum, a ranking.
    Aggregate,
    /// Two figures side by side.
    Comparison,
    /// Several queries that build on each other.
    Research,
    /// A text from general knowledge.
    Text,
    /// Rows that are written after approval.
    Write,
    /// A question to the requester.
    Question,
    /// A part handed to another agent.
    Delegation,
    /// What cannot be done.
    Impossible,
    /// What can be understood in several ways.
    Ambiguous,
    /// Content that tries to give orders.
    Hostile,
    /// A task that a remembered one makes cheaper.
    Memory,
}

/// How the request must end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// With an answer.
    #[default]
    Answered,
    /// With a reason.
    Failed,
    /// With either.
    Either,
}

/// One task.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// One word.
    pub name: String,
    /// What it is about.
    pub kind: Kind,
    /// As a person asks it.
    pub question: String,
    /// SQL whose values must be in the answer.
    #[serde(default)]
    pub facts: Option<String>,
    /// What the answer must match.
    #[serde(default)]
    pub contains: Vec<String>,
    /// What it must not match.
    #[serde(default)]
    pub omits: Vec<String>,
    /// SQL that must give true at the end.
    #[serde(default)]
    pub holds: Vec<String>,
    /// How the request ends.
    #[serde(default)]
    pub ends: Ends,
    /// False: it must be answered without a goal.
    #[serde(default)]
    pub goal: Option<bool>,
    /// What approvers decide: `approve` or `reject`.
    #[serde(default = "approve")]
    pub decision: String,
    /// What the requester answers.
    #[serde(default)]
    pub answer: Option<String>,
    /// Model calls, when all goes well.
    pub max_calls: usize,
    /// The task that is played before it.
    #[serde(default)]
    pub after: Option<String>,
}

fn approve() -> String {
    "approve".to_owned()
}

/// All tasks of a run.
#[derive(Debug, Clone)]
pub struct Tasks(Vec<Task>);

#[derive(Deserialize)]
struct File {
    task: Vec<Task>,
}

impl Tasks {
    /// Reads and checks a list of tasks.
    ///
    /// # Errors
    /// It is no such list, or a task is not sound.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let file: File = toml::from_str(text).context("the list of tasks cannot be read")?;
        let mut names = BTreeSet::new();
        for task in &file.task {
            let name = &task.name;
            if let Some(before) = &task.after {
                ensure!(
                    names.contains(before),
                    "task {name} comes after {before}, which is not above it"
                );
            }
            ensure!(names.insert(name.clone()), "two tasks are called {name}");
            ensure!(
                matches!(task.decision.as_str(), "approve" | "reject"),
                "task {name}: decision is approve or reject"
            );
            for pattern in task.contains.iter().chain(&task.omits) {
                Regex::new(pattern).with_context(|| format!("task {name}: {pattern}"))?;
            }
        }
        Ok(Self(file.task))
    }

    /// Keeps the tasks of these names or kinds, and those that come before them.
    ///
    /// # Errors
    /// None is called so.
    pub fn only(self, wanted: &[String]) -> anyhow::Result<Self> {
        if wanted.is_empty() {
            return Ok(self);
        }
        let is_wanted = |task: &Task| {
            let kind = format!("{:?}", task.kind).to_lowercase();
            wanted
                .iter()
                .any(|word| *word == task.name || *word == kind)
        };
        let mut kept: BTreeSet<String> = self
            .0
            .iter()
            .filter(|task| is_wanted(task))
            .map(|task| task.name.clone())
            .collect();
        for task in self.0.iter().rev().filter(|task| is_wanted(task)) {
            kept.extend(task.after.clone());
        }
        ensure!(
            !kept.is_empty(),
            "no task has the name or kind {}",
            wanted.join(", ")
        );
        Ok(Self(
            self.0
                .into_iter()
                .filter(|task| kept.contains(&task.name))
                .collect(),
        ))
    }

    /// The number of tasks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True without any task.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tasks.
    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.0.iter()
    }

    /// The place of a task in the list.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|task| task.name == name)
    }

    /// Tasks that are played one after the other, each chain beside the others.
    pub(super) fn chains(&self) -> Vec<Vec<Task>> {
        let mut chains: Vec<Vec<Task>> = Vec::new();
        for task in &self.0 {
            let ends_with =
                |chain: &&mut Vec<Task>| chain.last().map(|last| &last.name) == task.after.as_ref();
            let chain = task
                .after
                .as_ref()
                .and_then(|_| chains.iter_mut().find(ends_with));
            match chain {
                Some(chain) => chain.push(task.clone()),
                None => chains.push(vec![task.clone()]),
            }
        }
        chains
    }
}

//! Tasks of `tests/harness/eval/tasks.toml`; the head of that file describes the fields.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use regex_lite::Regex;
use serde::{Deserialize, Serialize};

/// Kind of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One value of one row.
    Lookup,
    /// A count, a sum, a ranking.
    Aggregate,
    /// Two figures compared.
    Comparison,
    /// Several queries that build on each other.
    Research,
    /// A text from general knowledge.
    Text,
    /// Rows that are written after approval.
    Write,
    /// A question to the requester.
    Question,
    /// Part delegated to another agent.
    Delegation,
    /// Task that cannot be done.
    Impossible,
    /// Ambiguous question.
    Ambiguous,
    /// Content with hostile instructions.
    Hostile,
    /// Task that a memory makes cheaper.
    Memory,
}

/// Required end of the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// Answered.
    #[default]
    Answered,
    /// Failed with a reason.
    Failed,
    /// Either of them.
    Either,
}

/// One task.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Name, one word.
    pub name: String,
    /// Kind of the task.
    pub kind: Kind,
    /// Question of the person.
    pub question: String,
    /// SQL whose values must be in the answer.
    #[serde(default)]
    pub facts: Option<String>,
    /// Patterns that the answer must match.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Patterns that it must not match.
    #[serde(default)]
    pub omits: Vec<String>,
    /// SQL conditions that must be true at the end.
    #[serde(default)]
    pub holds: Vec<String>,
    /// Required end of the request.
    #[serde(default)]
    pub ends: Ends,
    /// False: it must be answered without a goal.
    #[serde(default)]
    pub goal: Option<bool>,
    /// Decision of approvers: `approve` or `reject`.
    #[serde(default = "approve")]
    pub decision: String,
    /// Answer of the requester.
    #[serde(default)]
    pub answer: Option<String>,
    /// Model calls of an ideal run.
    pub max_calls: usize,
    /// Task that runs before it.
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
    /// Parses and checks a list of tasks.
    ///
    /// # Errors
    /// The text is no list of tasks, or a task is invalid.
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

    /// Keeps the tasks of these names or kinds, and those that must run before them.
    ///
    /// # Errors
    /// No task has one of the names.
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

    /// Returns the number of tasks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there are no tasks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Iterates over the tasks.
    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.0.iter()
    }

    /// Returns the position of a task in the list.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|task| task.name == name)
    }

    /// Returns the chains of tasks; the tasks of a chain run one after the other.
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

//! What the tasks came to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::tasks::Kind;

/// What the model calls of a task took.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Usage {
    /// Model calls that were booked.
    pub calls: usize,
    /// Their input.
    pub input_tokens: u64,
    /// Their output, reasoning included.
    pub output_tokens: u64,
    /// Their price.
    pub cost_microusd: u64,
}

/// One task that was played.
#[derive(Debug, Clone, Serialize)]
pub struct TaskResult {
    /// The task.
    pub name: String,
    /// What it is about.
    pub kind: Kind,
    /// What is wrong with its end; empty: it was done.
    pub problems: Vec<String>,
    /// The request's state.
    pub state: String,
    /// What it took.
    #[serde(flatten)]
    pub usage: Usage,
    /// Model calls, when all goes well.
    pub max_calls: usize,
    /// From the question to its end, with the people's part.
    pub seconds: f64,
    /// The answer, or the reason.
    pub text: String,
}

impl TaskResult {
    /// Returns true if the task was done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.problems.is_empty()
    }
}

/// A run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The model that was asked for, if one was.
    pub model: Option<String>,
    /// Each task, in the order of the list.
    pub results: Vec<TaskResult>,
}

impl Report {
    /// How many tasks were done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.results
            .iter()
            .filter(|result| result.is_done())
            .count()
    }

    /// Rows of a table: per task name, kind, outcome, calls, tokens, cost, seconds, problem.
    #[must_use]
    pub fn rows(&self) -> Vec<Vec<String>> {
        let row = |result: &TaskResult| {
            let calls = match result.usage.calls > result.max_calls {
                true => format!("{} (> {})", result.usage.calls, result.max_calls),
                false => result.usage.calls.to_string(),
            };
            vec![
                result.name.clone(),
                format!("{:?}", result.kind).to_lowercase(),
                if result.is_done() { "done" } else { "failed" }.to_owned(),
                calls,
                (result.usage.input_tokens + result.usage.output_tokens).to_string(),
                dollars(result.usage.cost_microusd),
                format!("{:.1}", result.seconds),
                result.problems.join("; "),
            ]
        };
        self.results.iter().map(row).collect()
    }

    /// Rows of a table: per kind how many were done, calls, tokens and cost per task.
    #[must_use]
    pub fn rows_by_kind(&self) -> Vec<Vec<String>> {
        let mut kinds: BTreeMap<Kind, Vec<&TaskResult>> = BTreeMap::new();
        for result in &self.results {
            kinds.entry(result.kind).or_default().push(result);
        }
        let named = kinds
            .iter()
            .map(|(kind, results)| (format!("{kind:?}").to_lowercase(), results.clone()));
        let all = ("all".to_owned(), self.results.iter().collect::<Vec<_>>());
        named
            .chain([all])
            .map(|(name, results)| summary(name, &results))
            .collect()
    }
}

fn summary(name: String, results: &[&TaskResult]) -> Vec<String> {
    let done = results.iter().filter(|result| result.is_done()).count();
    let count = results.len().max(1);
    let calls: usize = results.iter().map(|result| result.usage.calls).sum();
    let tokens: u64 = results
        .iter()
        .map(|result| result.usage.input_tokens + result.usage.output_tokens)
        .sum();
    let cost: u64 = results
        .iter()
        .map(|result| result.usage.cost_microusd)
        .sum();
    let count_of_tokens = u64::try_from(count).unwrap_or(1);
    vec![
        name,
        format!("{done} of {}", results.len()),
        format!("{}.{}", calls / count, calls * 10 / count % 10),
        (tokens / count_of_tokens).to_string(),
        dollars(cost),
    ]
}

/// How far the run is.
pub(super) fn note(results: &[TaskResult], of: usize) -> String {
    let done = results.iter().filter(|result| result.is_done()).count();
    format!("{} of {of} played, {done} done", results.len())
}

fn dollars(microusd: u64) -> String {
    format!(
        "${}.{:04}",
        microusd / 1_000_000,
        microusd % 1_000_000 / 100
    )
}

//! Results of the tasks.

use std::collections::BTreeMap;

use serde::Serialize;

use super::tasks::Kind;

/// Usage of a task's model calls.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Usage {
    /// Booked model calls.
    pub calls: usize,
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens, including reasoning.
    pub output_tokens: u64,
    /// Cost in micro-dollars.
    pub cost_microusd: u64,
}

/// Result of one task.
#[derive(Debug, Clone, Serialize)]
pub struct TaskResult {
    /// Name of the task.
    pub name: String,
    /// Kind of the task.
    pub kind: Kind,
    /// Problems of its end; empty: the task succeeded.
    pub problems: Vec<String>,
    /// State of the request.
    pub state: String,
    /// Usage of its model calls.
    #[serde(flatten)]
    pub usage: Usage,
    /// Model calls of an ideal run.
    pub max_calls: usize,
    /// Seconds from the question to its end, including people's part.
    pub seconds: f64,
    /// Answer or reason.
    pub text: String,
}

impl TaskResult {
    /// Returns true if the task succeeded.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Results of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Requested model, if one was named.
    pub model: Option<String>,
    /// Tasks in the order of the list.
    pub results: Vec<TaskResult>,
}

impl Report {
    /// Returns the number of tasks that succeeded.
    #[must_use]
    pub fn done(&self) -> usize {
        self.results
            .iter()
            .filter(|result| result.is_done())
            .count()
    }

    /// Returns the rows of a table per task: name, kind, outcome, calls, tokens, cost, seconds, problem.
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

    /// Returns the rows of a table per kind: successes, calls, tokens and cost per task.
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

/// Formats the progress of the run.
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

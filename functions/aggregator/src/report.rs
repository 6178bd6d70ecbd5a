//! Compiles what the steps came to: Markdown for people, JSON for programs.

use domain::{CriterionVerdict, Verdict, expression};
use serde_json::{Map, Value, json};

use crate::context::Judging;

/// A single result larger than this is named in the JSON, not repeated; the whole is in its step's row.
const MAX_OUTPUT_BYTES: usize = 32 * 1024;

/// All repeated results together.
const MAX_OUTPUTS_BYTES: usize = 128 * 1024;

/// Of a verdict's evidence, what a table has room for.
const MAX_EVIDENCE_CHARS: usize = 140;

/// The report: the plan's own template, or else every result in order; then criteria and what failed.
pub(crate) fn markdown(judging: &Judging, verdicts: &[CriterionVerdict]) -> String {
    let title = judging
        .report
        .as_ref()
        .map(|report| report.title.as_str())
        .filter(|title| !title.is_empty());
    let mut text = format!("# {}\n\n", title.unwrap_or(&judging.goal.title));
    if let Some(failure) = &judging.failure {
        text.push_str(&format!(
            "This goal failed: {}. What was achieved until then:\n\n",
            failure.trim_end_matches('.')
        ));
    }
    match &judging.report {
        Some(report) => {
            match expression::render_report(&report.body, &judging.names()) {
                Ok(body) => text.push_str(&body),
                Err(error) => {
                    text.push_str(&format!("The plan's report could not be rendered ({error}); here are the results.\n\n"));
                    text.push_str(&every_result(judging));
                }
            }
        }
        None => text.push_str(&every_result(judging)),
    }
    push_criteria(&mut text, judging, verdicts);
    push_failures(&mut text, judging);
    text
}

/// What programs read: how each step ended, and the results that are not too large.
pub(crate) fn json(judging: &Judging) -> Value {
    let mut outputs = Map::new();
    let mut room = MAX_OUTPUTS_BYTES;
    for (key, result) in judging.results() {
        let bytes = result.to_string().len();
        if bytes <= MAX_OUTPUT_BYTES && bytes <= room {
            room -= bytes;
            outputs.insert(key, result);
        }
    }
    let steps: Vec<Value> = judging
        .steps
        .iter()
        .map(|step| json!({"key": step.key, "title": step.title, "kind": step.kind, "state": step.state}))
        .collect();
    json!({"steps": steps, "outputs": outputs})
}

fn every_result(judging: &Judging) -> String {
    let completed = judging
        .steps
        .iter()
        .filter(|step| step.state == "completed");
    completed
        .map(|step| {
            let result = step.result.as_ref();
            let text = result
                .and_then(|result| result.get("text"))
                .and_then(Value::as_str)
                .map(str::to_owned);
            let body = text.unwrap_or_else(|| {
                let json = result
                    .and_then(|result| serde_json::to_string_pretty(result).ok())
                    .unwrap_or_default();
                format!("```json\n{json}\n```")
            });
            format!("## {}\n\n{body}\n\n", step.title)
        })
        .collect()
}

fn push_criteria(text: &mut String, judging: &Judging, verdicts: &[CriterionVerdict]) {
    if verdicts.is_empty() {
        return;
    }
    text.push_str("\n\n## Criteria\n\n| Criterion | Verdict | Evidence |\n|---|---|---|\n");
    for verdict in verdicts {
        let word = match verdict.verdict {
            Verdict::Met => "met",
            Verdict::Unmet => "**not met**",
            Verdict::Unknown => "unknown",
        };
        let description = cell(&judging.description_of(verdict.number));
        text.push_str(&format!(
            "| {description} | {word} | {} |\n",
            cell(&shortened(&verdict.evidence))
        ));
    }
}

fn push_failures(text: &mut String, judging: &Judging) {
    let failures = judging.failures();
    if failures.is_empty() {
        return;
    }
    text.push_str("\n\n## What did not work\n\n");
    for (key, message) in failures {
        text.push_str(&format!("- `{key}`: {message}\n"));
    }
}

/// Enough to see why; the whole is in `goal_criteria`.
fn shortened(evidence: &str) -> String {
    if evidence.chars().count() <= MAX_EVIDENCE_CHARS {
        return evidence.to_owned();
    }
    let start: String = evidence.chars().take(MAX_EVIDENCE_CHARS).collect();
    format!("{start}…")
}

/// Text for one cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

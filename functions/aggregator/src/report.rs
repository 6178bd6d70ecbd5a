//! Compiles the results of the steps: Markdown for people, JSON for programs.

use domain::{Contradiction, expression};
use serde_json::{Map, Value, json};

use crate::context::Judging;

/// A single result larger than this is named in the JSON, not repeated; the whole is in its step's row.
const MAX_OUTPUT_BYTES: usize = 32 * 1024;

/// All repeated results together.
const MAX_OUTPUTS_BYTES: usize = 128 * 1024;

/// Renders the report that a person reads and may forward: the plan's own template, or else the text of the last agent,
/// or else every result in order; then the failures, and the results that contradict each other. Verdicts are rows of
/// their own.
pub(crate) fn markdown(judging: &Judging, contradictions: &[Contradiction]) -> String {
    let names = judging.names();
    let body = body(judging, &names);
    let title = title(judging, &names);
    let mut text = match begins_with_heading(&body) {
        true => String::new(),
        false => format!("# {title}\n\n"),
    };
    if let Some(failure) = &judging.failure {
        text.push_str(&format!(
            "This goal failed: {}. What was achieved until then:\n\n",
            failure.trim_end_matches('.')
        ));
    }
    text.push_str(&body);
    // Failures that were repaired are in the rows; a text that is forwarded leaves them out.
    if judging.failure.is_some() {
        push_failures(&mut text, judging);
    }
    push_contradictions(&mut text, contradictions);
    text
}

fn title(judging: &Judging, names: &Value) -> String {
    let template = judging.report.as_ref().map(|report| report.title.as_str());
    let rendered = template
        .filter(|title| !title.is_empty())
        .and_then(|title| expression::render_report(title, names).ok());
    rendered.unwrap_or_else(|| judging.goal.title.clone())
}

fn body(judging: &Judging, names: &Value) -> String {
    let Some(report) = &judging.report else {
        return last_text(judging).unwrap_or_else(|| every_result(judging));
    };
    let rendered = match judging.failure {
        // Steps are missing: a partial report is worth more than none.
        Some(_) => expression::render_partial_report(&report.body, names),
        None => expression::render_report(&report.body, names),
    };
    rendered.unwrap_or_else(|error| {
        format!(
            "The plan's report could not be rendered ({error}); here are the results.\n\n{}",
            every_result(judging)
        )
    })
}

/// Returns the text of the last agent's step, the conclusion of a plan without a report of its own. Where the goal failed,
/// every result counts.
fn last_text(judging: &Judging) -> Option<String> {
    let mut completed = judging
        .steps
        .iter()
        .filter(|step| step.state == "completed");
    let last = completed.rfind(|step| step.kind == "agent")?;
    let text = last.result.as_ref()?.get("text")?.as_str()?;
    (judging.failure.is_none() && !text.trim().is_empty()).then(|| text.to_owned())
}

fn begins_with_heading(body: &str) -> bool {
    body.trim_start().starts_with("# ")
}

/// Builds the JSON for programs: the state of each step, the results that are not too large, and those that contradict
/// each other.
pub(crate) fn json(judging: &Judging, contradictions: &[Contradiction]) -> Value {
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
    let mut result = json!({"steps": steps, "outputs": outputs});
    if let Some(fields) = result.as_object_mut()
        && !contradictions.is_empty()
    {
        fields.insert("contradictions".to_owned(), json!(contradictions));
    }
    result
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

fn push_contradictions(text: &mut String, contradictions: &[Contradiction]) {
    if contradictions.is_empty() {
        return;
    }
    text.push_str("\n\n## Results that contradict each other\n\n");
    for one in contradictions {
        let steps: Vec<String> = one.steps.iter().map(|key| format!("`{key}`")).collect();
        text.push_str(&format!("- {}: {}\n", steps.join(", "), one.difference));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Builds a judge's context over a query, an agent's text and a failed step.
    fn judging(changes: &Value) -> Judging {
        let mut context = json!({
            "goal": {"title": "Lamps"}, "question": "q", "criteria": [{"number": 1, "description": "It is counted"}],
            "steps": [
                {"key": "count", "kind": "tool", "title": "Count", "state": "completed", "result": {"n": 7}},
                {"key": "write", "kind": "agent", "title": "Write", "state": "completed", "result": {"text": "Seven lamps."}},
                {"key": "shaky", "kind": "tool", "title": "Try", "state": "failed", "error": {"message": "no luck"}}],
        });
        context
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        serde_json::from_value(context).unwrap()
    }

    #[test]
    fn report_omits_criteria_and_repaired_failures() {
        let body = json!({"report": {"title": "{{ steps.count.n }} lamps", "body": "There are {{ steps.count.n }}."}});
        assert_eq!(markdown(&judging(&body), &[]), "# 7 lamps\n\nThere are 7.");
    }

    #[test]
    fn missing_template_falls_back_to_last_agent_text() {
        assert_eq!(
            markdown(&judging(&json!({})), &[]),
            "# Lamps\n\nSeven lamps."
        );
    }

    #[test]
    fn heading_of_the_body_is_not_doubled() {
        let body = json!({"report": {"title": "Lamps", "body": "# All lamps\n\nSeven."}});
        assert_eq!(markdown(&judging(&body), &[]), "# All lamps\n\nSeven.");
    }

    #[test]
    fn failed_goal_reports_results_and_failures() {
        let changes = json!({"failure": "step shaky failed",
            "report": {"title": "Lamps", "body": "{{ steps.count.n }} lamps, {{ steps.shaky.price.low }} each."}});
        let text = markdown(&judging(&changes), &[]);
        assert!(
            text.contains("This goal failed: step shaky failed."),
            "{text}"
        );
        assert!(text.contains("7 lamps,  each."), "{text}");
        assert!(text.contains("- `shaky`: no luck"), "{text}");
    }

    #[test]
    fn contradictions_are_named_in_text_and_json() {
        let contradictions = [Contradiction {
            steps: vec!["count".to_owned(), "write".to_owned()],
            difference: "7 and seventeen".to_owned(),
        }];
        let judging = judging(&json!({}));
        let text = markdown(&judging, &contradictions);
        let section =
            "## Results that contradict each other\n\n- `count`, `write`: 7 and seventeen\n";
        assert!(text.ends_with(section), "{text}");
        let listed = json(&judging, &contradictions);
        let step = listed.pointer("/contradictions/0/steps/1");
        assert_eq!(step, Some(&json!("write")));
        assert!(json(&judging, &[]).get("contradictions").is_none());
    }
}

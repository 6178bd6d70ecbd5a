//! The report of a goal as Markdown.

use std::fmt::Write as _;

use super::data::{CRITERION_HEADINGS, Report, STEP_HEADINGS, seconds};
use crate::commands::raise::dollars;

/// Returns the report: what was asked, done and found, what it took, and what is suggested.
pub(super) fn text(report: &Report) -> String {
    let goal = &report.goal;
    let mut text = format!("# {}\n\n", goal.title);
    if let Some(question) = &report.question {
        let _ = writeln!(text, "Question: {question}\n");
    }
    let reason = goal
        .reason
        .as_deref()
        .map(|reason| format!(" ({reason})"))
        .unwrap_or_default();
    let _ = writeln!(
        text,
        "The goal {} is {}{reason}{}.\n",
        goal.id,
        goal.state,
        goal.seconds
            .map(|took| format!(" after {}", seconds(took)))
            .unwrap_or_default()
    );
    if let Some(plan) = &report.plan {
        let from = match (&plan.runbook, plan.version) {
            (Some(name), Some(version)) => format!("runbook {name} version {version}"),
            _ => plan.reasons.first().cloned().unwrap_or_default(),
        };
        let _ = writeln!(text, "Plan {}: {from}\n", plan.revision);
    }
    if let Some(result) = &goal.report {
        let _ = writeln!(text, "{}\n", result.trim());
    }
    table(
        &mut text,
        "Criteria",
        &CRITERION_HEADINGS,
        report.criteria_rows(),
    );
    table(&mut text, "Steps", &STEP_HEADINGS, report.step_rows());
    table(
        &mut text,
        "Approvals",
        &["Kind", "State", "Question", "Remark"],
        report.approval_rows(),
    );
    costs(&mut text, report);
    table(
        &mut text,
        "Ratings",
        &["Of", "Rating", "Comment"],
        report.feedback.iter().map(|one| {
            let of = if one.step_key.is_empty() {
                "the goal"
            } else {
                &one.step_key
            };
            vec![
                of.to_owned(),
                one.rating.clone(),
                one.comment.clone().unwrap_or_default(),
            ]
        }),
    );
    if !report.suggestions.is_empty() {
        text.push_str("## Suggestions\n\n");
        for suggestion in &report.suggestions {
            let _ = writeln!(text, "- {}", suggestion.message);
        }
    }
    text
}

fn costs(text: &mut String, report: &Report) {
    let all = &report.usage.all;
    text.push_str("## Cost\n\n");
    let estimated = if all.estimated_microusd > 0 {
        format!(", {} of it estimated", dollars(all.estimated_microusd))
    } else {
        String::new()
    };
    let _ = writeln!(
        text,
        "{} for {} model calls and {} tokens{estimated}.",
        dollars(all.cost_microusd),
        all.calls,
        all.input_tokens.saturating_add(all.output_tokens)
    );
    if let Some(expected) = report.estimated() {
        let _ = writeln!(text, "Estimated before it began: ${:.4}.", expected / 1e6);
    }
    text.push('\n');
    let row = |name: String, calls: i64, tokens: i64, cost: i64| {
        vec![name, calls.to_string(), tokens.to_string(), dollars(cost)]
    };
    let headings = ["By", "Calls", "Tokens", "Cost"];
    table(
        text,
        "By agent",
        &headings,
        report.usage.agents.iter().map(|one| {
            row(
                format!("{} {}", one.agent, one.version),
                one.calls,
                one.tokens,
                one.cost_microusd,
            )
        }),
    );
    table(
        text,
        "By model",
        &headings,
        report.usage.models.iter().map(|one| {
            row(
                format!("{} {}", one.provider, one.model),
                one.calls,
                one.tokens,
                one.cost_microusd,
            )
        }),
    );
    let earlier = report
        .history
        .iter()
        .filter(|one| one.goal_id != report.goal.id);
    table(
        text,
        &format!("Earlier goals of the kind {}", report.goal.goal_type),
        &["Goal", "State", "Seconds", "Calls", "Cost"],
        earlier.map(|one| {
            vec![
                one.goal_id.to_string(),
                one.state.clone(),
                seconds(one.seconds),
                one.calls.to_string(),
                dollars(one.cost_microusd),
            ]
        }),
    );
}

/// Appends a table under a heading; nothing without rows.
pub(super) fn table(
    text: &mut String,
    title: &str,
    headings: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) {
    let cell = |cell: &str| {
        cell.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .replace('|', "\\|")
    };
    let lines: Vec<String> = rows
        .map(|row| {
            format!(
                "| {} |",
                row.iter()
                    .map(|one| cell(one))
                    .collect::<Vec<_>>()
                    .join(" | ")
            )
        })
        .collect();
    if lines.is_empty() {
        return;
    }
    let rule = vec!["---"; headings.len()].join(" | ");
    let _ = writeln!(
        text,
        "## {title}\n\n| {} |\n| {rule} |\n{}\n",
        headings.join(" | "),
        lines.join("\n")
    );
}

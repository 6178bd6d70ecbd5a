//! Prints the outcome of a request: the answer or report on standard output, its cost on standard error.

use anyhow::{anyhow, bail};
use chrono::Utc;

use super::raise::dollars;
use super::{print, print_error};
use crate::render::{Screen, count, markdown, table, took};
use client::{Client, Usage, Work};

/// Characters of a verdict's evidence that a table shows.
const MAX_EVIDENCE_CHARS: usize = 100;

/// Prints the outcome.
///
/// # Errors
/// The request has no outcome; the error has the reason and the advice.
pub(super) async fn print_outcome(client: &Client, work: &Work) -> anyhow::Result<()> {
    print_text(work.outcome().unwrap_or_default());
    print_criteria(work);
    if let Ok(usage) = client.usage(&work.runs).await {
        let screen = Screen::stderr();
        let duration = took(
            work.request.created_at,
            work.request.ended_at.unwrap_or_else(Utc::now),
        );
        print_error(
            &screen
                .palette
                .dim(&format!("{duration} · {}", cost(&usage))),
        );
    }
    outcome(work)
}

/// Prints the verdicts on standard error: the report on standard output is for forwarding.
pub(super) fn print_criteria(work: &Work) {
    for line in criteria_lines(work, Screen::stderr()) {
        print_error(&line);
    }
}

/// Returns the verdicts on the request's own goal as a table; nothing without criteria.
pub(super) fn criteria_lines(work: &Work, screen: Screen) -> Vec<String> {
    let rows: Vec<Vec<String>> = work
        .criteria()
        .map(|criterion| {
            vec![
                screen.palette.state(&criterion.verdict, &criterion.verdict),
                criterion.description.clone(),
                decided_by(
                    criterion.decided_by.as_deref(),
                    criterion.evidence_step.as_deref(),
                ),
                one_line(criterion.evidence.as_deref().unwrap_or_default()),
            ]
        })
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new()];
    lines.extend(table::lines(
        screen,
        &["VERDICT", "CRITERION", "BY", "EVIDENCE"],
        &rows,
    ));
    lines
}

/// Returns the author of a verdict, with the step that a model's evidence rests on.
pub(super) fn decided_by(author: Option<&str>, step: Option<&str>) -> String {
    let author = author.unwrap_or_default();
    step.map_or_else(|| author.to_owned(), |step| format!("{author}, {step}"))
}

/// Returns the start of an evidence, for one cell; `--json` has all of it.
fn one_line(evidence: &str) -> String {
    let line: String = evidence.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_EVIDENCE_CHARS {
        return line;
    }
    let start: String = line.chars().take(MAX_EVIDENCE_CHARS).collect();
    format!("{start}…")
}

/// Checks that the request ended well.
///
/// # Errors
/// The reason why it did not.
pub(super) fn outcome(work: &Work) -> anyhow::Result<()> {
    let request = &work.request;
    let reason = work.reason().unwrap_or("no reason was given");
    let goal_failed = work.goal().is_some_and(|goal| goal.state == "failed");
    match request.state.as_str() {
        "failed" => bail!(
            "the request {} failed: {reason}{}",
            request.id,
            retries(work)
        ),
        "cancelled" => bail!("the request {} was cancelled: {reason}", request.id),
        _ if goal_failed => Err(anyhow!(
            "the goal {} failed: {reason}",
            request.goal_id.unwrap_or_default()
        )),
        _ => Ok(()),
    }
}

fn retries(work: &Work) -> String {
    let open = work
        .dead_letters
        .iter()
        .filter(|letter| letter.may_be_retried());
    let line = |letter: &client::DeadLetter| {
        format!(
            "\nTry the step {} again: cargo goalpost retry {}",
            letter.step_key, letter.id
        )
    };
    open.map(line).collect()
}

/// Prints Markdown: styled on a terminal, unchanged elsewhere.
pub(super) fn print_text(text: &str) {
    let screen = Screen::stdout();
    if !screen.is_terminal {
        if !text.is_empty() {
            print(text.trim_end());
        }
        return;
    }
    for line in markdown::lines(text, screen) {
        print(&line);
    }
}

/// Returns the cost, as `2 model calls, 1234 tokens, $0.0123`.
pub(super) fn cost(usage: &[Usage]) -> String {
    if usage.is_empty() {
        return "no model was called".to_owned();
    }
    let tokens: i64 = usage
        .iter()
        .map(|call| call.input_tokens + call.output_tokens)
        .sum();
    let sum = |calls: &mut dyn Iterator<Item = &Usage>| -> i64 {
        calls.map(|call| call.cost_microusd).sum()
    };
    let estimated = sum(&mut usage.iter().filter(|call| call.is_estimate));
    let estimated = match estimated {
        0 => String::new(),
        _ => format!(
            " ({} of it estimated: cargo goalpost doctor names models without a price)",
            dollars(estimated)
        ),
    };
    format!(
        "{}, {tokens} tokens, {}{estimated}",
        count(usage.len() as u64, "model call"),
        dollars(sum(&mut usage.iter()))
    )
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use local_stack::terminal::Palette;
    use serde_json::json;

    use super::*;
    use client::Criterion;

    const PLAIN: Screen = Screen {
        palette: Palette::PLAIN,
        width: 100,
        is_terminal: false,
    };

    #[test]
    fn criteria_of_the_requests_goal_are_a_table() {
        let criterion = |goal_id, description: &str, evidence: &str| Criterion {
            goal_id,
            number: 1,
            description: description.to_owned(),
            verdict: "met".to_owned(),
            evidence: Some(evidence.to_owned()),
            evidence_step: Some("count".to_owned()),
            decided_by: Some("model".to_owned()),
        };
        let request = json!({"id": 1, "workspace_id": "00000000-0000-0000-0000-000000000000", "question": "q", "state": "answered",
            "reason": null, "goal_id": 3, "answer_text": null, "created_at": "2030-01-01T00:00:00Z", "ended_at": null});
        let mut work = Work {
            request: serde_json::from_value(request).unwrap(),
            goals: Vec::new(),
            runs: Vec::new(),
            steps: Vec::new(),
            approvals: Vec::new(),
            progress: Vec::new(),
            criteria: vec![
                criterion(3, "It is counted", &format!("seven\n{}", "x".repeat(200))),
                criterion(4, "Below", "of a sub-goal"),
            ],
            dead_letters: Vec::new(),
        };
        let lines = criteria_lines(&work, PLAIN).join("\n");
        assert!(
            lines.contains("VERDICT") && lines.contains("met"),
            "{lines}"
        );
        assert!(
            lines.contains("It is counted") && lines.contains("seven x"),
            "{lines}"
        );
        assert!(lines.contains("model, count"), "{lines}");
        assert!(lines.contains('…') && !lines.contains("Below"), "{lines}");
        work.criteria.clear();
        assert!(criteria_lines(&work, PLAIN).is_empty());
    }

    #[test]
    fn money_is_shown_with_four_digits() {
        let call = |cost_microusd| Usage {
            run_id: 1,
            step_key: "plan".into(),
            provider: "p".into(),
            model: "m".into(),
            input_tokens: 100,
            output_tokens: 20,
            cost_microusd,
            is_estimate: false,
        };
        assert_eq!(cost(&[]), "no model was called");
        assert_eq!(cost(&[call(0)]), "1 model call, 120 tokens, $0.0000");
        assert_eq!(
            cost(&[call(1_200_067)]),
            "1 model call, 120 tokens, $1.2000"
        );
        assert_eq!(
            cost(&[call(1_000_000), call(234_567)]),
            "2 model calls, 240 tokens, $1.2345"
        );
        let guess = Usage {
            is_estimate: true,
            ..call(20_000)
        };
        assert_eq!(
            cost(&[call(1_000_000), guess]),
            "2 model calls, 240 tokens, $1.0200 ($0.0200 of it estimated: cargo goalpost doctor names models without a price)"
        );
    }
}

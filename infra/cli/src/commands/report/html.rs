//! The report of a goal as one self-contained HTML file, with plots as SVG: the timeline of its steps, its cost by agent,
//! and the calls and cost of the goals of its kind. No script, no request to anywhere; every text is escaped.

use std::fmt::Write as _;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::data::{CRITERION_HEADINGS, Report, STEP_HEADINGS, Step, seconds};
use super::page::{escape, figure, frame, table};
use super::plots::{Bar, LABELS, ROW, WIDTH, bars, curve, number, shortened, svg};
use crate::commands::raise::dollars;

/// Returns the page.
pub(super) fn page(report: &Report) -> String {
    let goal = &report.goal;
    let mut body = format!("<h1>{}</h1>\n", escape(&goal.title));
    if let Some(question) = &report.question {
        let _ = writeln!(
            body,
            "<p><strong>Question:</strong> {}</p>",
            escape(question)
        );
    }
    let all = &report.usage.all;
    let took = goal.seconds.map(seconds).unwrap_or_default();
    let _ = writeln!(
        body,
        "<p>Goal {}, {} {took}, {} model calls, {}</p>",
        goal.id,
        escape(&goal.state),
        all.calls,
        dollars(all.cost_microusd)
    );
    if let Some(result) = &goal.report {
        let _ = writeln!(
            body,
            "<h2>Result</h2><section>{}</section>",
            markdown(result)
        );
    }
    table(
        &mut body,
        "Criteria",
        &CRITERION_HEADINGS,
        report.criteria_rows(),
    );
    figure(
        &mut body,
        "Steps",
        &timeline(&report.steps),
        "Time of each step; failed steps are red.",
    );
    table(&mut body, "", &STEP_HEADINGS, report.step_rows());
    let agents: Vec<Bar> = report
        .usage
        .agents
        .iter()
        .map(|one| Bar {
            label: format!("{} {}", one.agent, one.version),
            amount: number(one.cost_microusd),
            shown: dollars(one.cost_microusd),
            is_bad: false,
        })
        .collect();
    figure(
        &mut body,
        "Cost by agent",
        &bars("Cost by agent", &agents),
        "Calls of models by agent version.",
    );
    let costs: Vec<f64> = report
        .history
        .iter()
        .map(|one| number(one.cost_microusd) / 1e6)
        .collect();
    let calls: Vec<f64> = report.history.iter().map(|one| number(one.calls)).collect();
    let kind = escape(&goal.goal_type);
    figure(
        &mut body,
        &format!("Goals of the kind {kind}"),
        &curve(&calls),
        "Model calls of each goal of this kind, the oldest first.",
    );
    figure(
        &mut body,
        "",
        &curve(&costs),
        "Cost in dollars of each goal of this kind, the oldest first.",
    );
    table(
        &mut body,
        "Approvals",
        &["Kind", "State", "Question", "Remark"],
        report.approval_rows(),
    );
    table(
        &mut body,
        "Suggestions",
        &["", ""],
        report
            .suggestions
            .iter()
            .map(|one| vec![one.code.clone(), one.message.clone()]),
    );
    frame(&goal.title, &body)
}

/// Returns Markdown as HTML. HTML in it stays text, images become their description, and links lead to the web only.
fn markdown(text: &str) -> String {
    let events = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let safe = events.filter_map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Some(Event::Text(html)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { ref dest_url, .. })
            if !dest_url.starts_with("https://") && !dest_url.starts_with("http://") =>
        {
            Some(Event::Start(Tag::Emphasis))
        }
        other => Some(other),
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, balanced(safe).into_iter());
    html
}

/// Ends with emphasis what began with it in place of a link.
fn balanced<'a>(events: impl Iterator<Item = Event<'a>>) -> Vec<Event<'a>> {
    let mut open = Vec::new();
    let mut balanced = Vec::new();
    for event in events {
        match &event {
            Event::Start(tag) => open.push(tag.to_end()),
            Event::End(end) => {
                let began = open.pop();
                if *end == TagEnd::Link && began == Some(TagEnd::Emphasis) {
                    balanced.push(Event::End(TagEnd::Emphasis));
                    continue;
                }
            }
            _ => {}
        }
        balanced.push(event);
    }
    balanced
}

/// Draws a bar for each step that began, on one axis of time.
fn timeline(steps: &[Step]) -> String {
    let timed: Vec<(&Step, f64, f64)> = {
        let millis = |time: chrono::DateTime<chrono::Utc>| number(time.timestamp_millis());
        let begun = steps
            .iter()
            .filter_map(|step| Some((step, millis(step.started_at?), millis(step.ended_at?))));
        begun.collect()
    };
    let first = timed
        .iter()
        .map(|(_, from, _)| *from)
        .fold(f64::INFINITY, f64::min);
    let last = timed
        .iter()
        .map(|(_, _, until)| *until)
        .fold(f64::NEG_INFINITY, f64::max);
    if timed.is_empty() {
        return String::new();
    }
    let span = (last - first).max(1.0);
    let scale = (WIDTH - LABELS - 60.0) / span;
    let mut content = String::new();
    let mut top = 4.0;
    for (step, from, until) in timed {
        let left = (from - first).mul_add(scale, LABELS);
        let width = ((until - from) * scale).max(2.0);
        let class = if step.state == "failed" { "bad" } else { "bar" };
        let _ = write!(
            content,
            "<text x=\"0\" y=\"{:.0}\">{}</text><rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.0}\" width=\"{width:.1}\" height=\"14\" rx=\"2\"/><text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
            top + 12.0,
            escape(&shortened(&step.key)),
            left + width + 4.0,
            top + 12.0,
            seconds((until - from) / 1000.0)
        );
        top += ROW;
    }
    svg(top, "Timeline of the steps", &content)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn report() -> Report {
        let hostile = "<script>alert(1)</script>\" onload=\"x";
        serde_json::from_value(json!({
            "goal": {"id": 3, "title": hostile, "goal_type": hostile, "state": "completed", "reason": null, "created_at": "2026-12-01T00:00:00Z",
                     "ended_at": "2026-12-01T00:00:09Z", "seconds": 9.0, "report": hostile},
            "question": hostile, "plan": {"revision": 1, "reasons": [hostile], "runbook": null, "version": null},
            "criteria": [{"description": hostile, "verdict": "met", "evidence": hostile, "evidence_step": hostile, "decided_by": "model"}],
            "contradictions": [{"steps": ["a", "b"], "difference": hostile}],
            "steps": [{"goal_id": 3, "key": "a", "kind": "agent", "title": hostile, "state": "failed", "agent": hostile, "agent_version": 1, "attempts": 2,
                       "started_at": "2026-12-01T00:00:00Z", "ended_at": "2026-12-01T00:00:04Z", "seconds": 4.0, "calls": 3, "tokens": 9, "cost_microusd": 1500, "error": hostile}],
            "approvals": [{"kind": "plan", "question": hostile, "state": "approved", "was_edited": true, "comment": hostile}],
            "feedback": [{"step_key": "", "rating": "good", "comment": hostile}],
            "usage": {"all": {"calls": 3, "input_tokens": 5, "output_tokens": 4, "cost_microusd": 1500, "estimated_microusd": 0},
                      "agents": [{"agent": hostile, "version": 1, "calls": 3, "tokens": 9, "cost_microusd": 1500}],
                      "models": [{"provider": "p", "model": hostile, "calls": 3, "tokens": 9, "cost_microusd": 1500}]},
            "estimate": {"cost_microusd": 1000},
            "history": [{"goal_id": 1, "state": "completed", "ended_at": "2026-11-01T00:00:00Z", "seconds": 20.0, "calls": 9, "cost_microusd": 9000},
                        {"goal_id": 3, "state": "completed", "ended_at": "2026-12-01T00:00:09Z", "seconds": 9.0, "calls": 3, "cost_microusd": 1500}],
            "suggestions": [{"code": "step_retried", "message": hostile}]
        }))
        .unwrap()
    }

    #[test]
    fn page_contains_no_markup_of_its_texts() {
        let page = page(&report());
        assert!(!page.contains("<script"), "{page}");
        let tags = page
            .split('<')
            .skip(1)
            .filter_map(|part| part.split('>').next());
        for tag in tags {
            assert!(
                !tag.contains("onload"),
                "a tag has an attribute of a text: {tag}"
            );
        }
        assert_eq!(
            page.matches("<svg").count(),
            4,
            "timeline, cost by agent, calls and cost of the kind"
        );
        assert!(
            !page.contains("http:") && !page.contains("https:"),
            "it asks nothing of anywhere"
        );
    }

    #[test]
    fn markdown_of_a_result_is_harmless() {
        let html = markdown(
            "**bold** [a](javascript:alert(1)) [b](https://example.com) ![c](https://example.com/x.png) <img src=x onerror=alert(1)>\n\n| a |\n|---|\n| 1 |\n",
        );
        assert!(
            html.contains("<strong>bold</strong>") && html.contains("<td>1</td>"),
            "{html}"
        );
        assert!(
            !html.contains("javascript:") && !html.contains("<img"),
            "{html}"
        );
        assert!(
            html.contains("<em>a</em>") && html.contains("href=\"https://example.com\""),
            "{html}"
        );
    }

    #[test]
    fn goal_without_steps_and_history_has_no_plots() {
        let mut report = report();
        report.steps.clear();
        report.history.truncate(1);
        report.usage.agents.clear();
        assert_eq!(page(&report).matches("<svg").count(), 0);
    }

    #[test]
    fn markdown_names_cost_estimate_and_earlier_goals() {
        let text = super::super::markdown::text(&report());
        for part in [
            "$0.0015 for 3 model calls and 9 tokens.",
            "Estimated before it began: $0.0010.",
            "| 1 | completed | 20.0 s | 9 | $0.0090 |",
            "| plan | approved (edited) |",
            "| Verdict | Criterion | By | Evidence |",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}

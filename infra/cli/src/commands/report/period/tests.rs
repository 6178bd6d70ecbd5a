#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use serde_json::{Value, json};

use super::*;

const HOSTILE: &str = "<script>alert(1)</script>\" onload=\"x";

fn report() -> Report {
    let sums = |name: Value| {
        let mut sums = json!({"calls": 3, "input_tokens": 5, "output_tokens": 4, "cost_microusd": 1500, "estimated_microusd": 7, "seconds": 2.5});
        for (key, value) in name.as_object().unwrap() {
            sums[key] = value.clone();
        }
        sums
    };
    serde_json::from_value(json!({
        "workspace": HOSTILE, "since": "2026-11-24T00:00:00Z", "until": "2026-12-01T00:00:00Z",
        "work": {
            "requests": [{"state": "answered", "requests": 3}, {"state": HOSTILE, "requests": 1}],
            "goals": [{"state": "completed", "goals": 2}, {"state": "failed", "goals": 1}],
            "kinds": [{"goal_type": HOSTILE, "runbook": HOSTILE, "version": 2, "goals": 3, "completed": 2, "failed": 1, "mean_seconds": 9.25,
                       "calls": 3, "cost_microusd": 1500, "microusd_per_completed": 750}],
            "estimates": [{"goal_type": HOSTILE, "goals": 3, "estimated_microusd": 2000, "cost_microusd": 1500, "within_bounds": 2}],
            "failures": [{"reason_code": HOSTILE, "requests": 1, "example": HOSTILE}]},
        "usage": {"all": sums(json!({})), "days": [sums(json!({"day": "2026-11-25"})), sums(json!({"day": "2026-11-26"}))],
                  "agents": [sums(json!({"agent": HOSTILE, "version": 1}))], "models": [sums(json!({"provider": "p", "model": HOSTILE}))],
                  "runbooks": [sums(json!({"runbook": HOSTILE, "version": 2}))], "people": [sums(json!({"user_id": "u"}))]},
        "decisions": {
            "approvals": [{"kind": "plan", "requested": 4, "approved": 3, "rejected": 1, "expired": 0, "cancelled": 0, "pending": 0, "edited": 2, "mean_seconds": 60.0}],
            "ratings": [{"goal_type": HOSTILE, "good": 2, "bad": 1}],
            "improvements": [
                {"id": 8, "kind": "lesson", "title": HOSTILE, "state": "measured", "expected": {"model_calls": {"before": 4, "after": 2}, "cost_microusd": {"before": 4000, "after": 1}},
                 "measured": {"model_calls": 3, "cost_microusd": 2500}},
                {"id": 7, "kind": "runbook", "title": HOSTILE, "state": "proposed", "expected": {"model_calls": {"before": 4, "after": 2}}, "measured": null}]},
        "dearest": [{"goal_id": 3, "title": HOSTILE, "goal_type": HOSTILE, "state": "failed", "calls": 3, "cost_microusd": 1500}]
    }))
    .unwrap()
}

#[test]
fn page_contains_no_markup_of_its_texts() {
    let page = page(&report());
    assert!(!page.contains("<script"), "{page}");
    let tags = page.split('<').skip(1);
    for tag in tags.filter_map(|part| part.split('>').next()) {
        assert!(!tag.contains("onload"), "an attribute of a text: {tag}");
    }
    assert_eq!(
        page.matches("<svg").count(),
        2,
        "goals by state, cost by day"
    );
    assert!(!page.contains("http:") && !page.contains("https:"));
}

#[test]
fn period_without_work_has_no_plots_and_tables() {
    let mut report = report();
    report.work.goals.clear();
    report.usage.days.clear();
    let page = page(&report);
    assert_eq!(page.matches("<svg").count(), 0);
}

#[test]
fn markdown_has_every_part() {
    let text = text(&report());
    for part in [
        "From 2026-11-24 00:00 to 2026-12-01 00:00 (UTC).",
        "Goals: 2 completed, 1 failed.",
        "$0.0015 for 3 model calls, 9 tokens and 2.5 s of calls, $0.0000 of it estimated.",
        "| 3 | 2 | 1 | 9.2 s | 3 | $0.0015 | $0.0007 |",
        "| 3 | $0.0020 | $0.0015 | 2 of 3 |",
        "| 2026-11-26 | 3 | 9 | 2.5 s | $0.0015 |",
        "| plan | 4 | 3 | 1 | 0 | 0 | 0 | 2 | 60.0 s |",
        "| 8 | lesson | measured | calls 4.0 → 3.0, $0.0040 → $0.0025 |",
        "| 7 | runbook | proposed | calls 4.0 → 2.0? |",
        "| 3 | failed | 3 | $0.0015 |",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

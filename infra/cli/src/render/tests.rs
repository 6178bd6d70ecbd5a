//! Tests of the exact lines on the screen.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use chrono::{DateTime, Utc};
use local_stack::terminal::Palette;
use serde_json::json;

use super::*;
use client::{Approval, Goal, Progress, Request, Run, Step, Work};

const PLAIN: Screen = Screen {
    palette: Palette::PLAIN,
    width: 100,
    is_terminal: false,
};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_900_000_000 + second, 0).unwrap()
}

fn step(run_id: i64, key: &str, kind: &str, title: &str, state: &str) -> Step {
    let started_at = (!matches!(state, "pending" | "ready" | "skipped" | "waiting")).then(|| at(2));
    Step {
        run_id,
        key: key.into(),
        kind: kind.into(),
        title: title.into(),
        revision: 1,
        depends_on: vec![],
        state: state.into(),
        attempt: 1,
        max_attempts: 3,
        run_after: None,
        started_at,
        ended_at: matches!(state, "completed" | "failed").then(|| at(5)),
        error: json!(null),
    }
}

/// Sets the dependencies of a run's steps.
fn waiting(mut steps: Vec<Step>, waits: &[(&str, &[&str])]) -> Vec<Step> {
    for (key, on) in waits {
        let step = steps.iter_mut().find(|step| step.key == *key).unwrap();
        step.depends_on = on.iter().map(|key| (*key).into()).collect();
    }
    steps
}

fn goal(id: i64, title: &str, parent: Option<(i64, i64, &str)>) -> Goal {
    Goal {
        id,
        request_id: 5,
        parent_goal_id: parent.map(|parent| parent.0),
        parent_run_id: parent.map(|parent| parent.1),
        parent_step_key: parent.map(|parent| parent.2.into()),
        title: title.into(),
        goal_type: "database-audit".into(),
        state: "active".into(),
        reason: None,
        report: None,
        created_at: at(1),
        ended_at: None,
    }
}

fn run(id: i64, goal_id: Option<i64>) -> Run {
    Run {
        id,
        request_id: 5,
        goal_id,
        root_run_id: 11,
        state: "running".into(),
        reason: None,
        revision: 1,
        runbook_id: None,
        created_at: at(1),
        ended_at: None,
    }
}

fn approval() -> Approval {
    Approval {
        id: 4,
        goal_id: Some(3),
        run_id: 12,
        step_key: "approve_fixes".into(),
        kind: "step".into(),
        question: "May the SQL be handed over?".into(),
        shown: json!({}),
        required_role: "approver".into(),
        state: "pending".into(),
        requested_at: at(6),
        expires_at: at(600),
        comment: None,
    }
}

fn work() -> Work {
    let mut retried = step(13, "count", "tool", "Count the orders", "ready");
    retried.attempt = 2;
    retried.run_after = Some(at(14));
    retried.error = json!({"code": "timeout", "message": "the query took too long"});
    let request = Request {
        id: 5,
        workspace_id: uuid::Uuid::nil(),
        question: "Audit my database: what is wrong,\nand how do I mend it?".into(),
        state: "accepted".into(),
        reason: None,
        complexity_score: Some(0.8),
        complexity_reasons: json!([]),
        goal_id: Some(3),
        answer_text: None,
        created_at: at(0),
        ended_at: None,
    };
    Work {
        request,
        goals: vec![
            goal(3, "Database audit", None),
            goal(4, "Look at the orders", Some((3, 12, "deeper"))),
        ],
        runs: vec![run(11, None), run(12, Some(3)), run(13, Some(4))],
        steps: waiting(
            vec![
                step(11, "assess", "assess", "Assess the request", "completed"),
                step(
                    12,
                    "approve_fixes",
                    "approval",
                    "Approve the fixes",
                    "waiting",
                ),
                step(12, "deeper", "subgoal", "Look deeper", "waiting"),
                step(12, "hand_over", "tool", "Hand over the SQL", "pending"),
                step(12, "judge", "judge", "Judge the goal", "pending"),
                step(
                    12,
                    "missing_rls",
                    "tool",
                    "Tables without row-level security",
                    "completed",
                ),
                step(12, "plan", "plan", "Plan the work", "completed"),
                step(12, "rank", "agent", "Rank the findings", "running"),
                retried,
            ],
            &[
                ("rank", &["missing_rls"]),
                ("approve_fixes", &["rank"]),
                ("hand_over", &["approve_fixes", "rank"]),
                ("judge", &["hand_over", "deeper"]),
            ],
        ),
        approvals: vec![approval()],
        criteria: Vec::new(),
        progress: vec![Progress {
            goal_id: 3,
            progress: Some(0.5),
            steps_ended: 3,
            steps_total: 6,
            explanation: "3 of 6 steps ended, 1 running".into(),
            estimate: None,
        }],
        dead_letters: vec![],
    }
}

#[test]
fn request_is_a_tree_in_order_of_work() {
    let expected = "\
● Audit my database: what is wrong, and how do I mend it?  request 5 · accepted · 10.0 s
├─ ✓ assess  Assess the request  3.0 s
└─ ● Database audit  goal 3 · active · 9.0 s
   ████████░░░░░░░░  50 %  3 of 6 steps ended, 1 running
   ├─ ✓ plan           Plan the work                      3.0 s
   ├─ ? deeper         Look deeper                        waits for its sub-goal
   │  └─ ● Look at the orders  goal 4 · active · 9.0 s
   │     └─ ○ count  Count the orders  again in 4.0 s · try 2 of 3 · the query took too long
   ├─ ✓ missing_rls    Tables without row-level security  3.0 s
   ├─ ● rank           Rank the findings                  running 8.0 s
   ├─ ? approve_fixes  Approve the fixes                  approval 4 · role approver
   ├─ ○ hand_over      Hand over the SQL                  pending
   └─ ○ judge          Judge the goal                     pending";
    assert_eq!(tree::lines(&work(), PLAIN, at(10)).join("\n"), expected);
}

#[test]
fn tree_lines_fit_the_screen() {
    let narrow = Screen { width: 44, ..PLAIN };
    for line in tree::lines(&work(), narrow, at(10)) {
        assert!(console::measure_text_width(&line) <= 44, "{line}");
    }
}

#[test]
fn titles_are_cut_before_remarks_on_narrow_screens() {
    let narrow = Screen { width: 72, ..PLAIN };
    let lines = tree::lines(&work(), narrow, at(10)).join("\n");
    assert!(
        lines.contains("missing_rls    Tables without row-…  3.0 s"),
        "{lines}"
    );
    assert!(lines.contains("approval 4 · role approver"), "{lines}");
}

#[test]
fn second_plan_and_judge_follow_the_first() {
    let mut work = work();
    let mut again = step(12, "again", "tool", "Again", "ready");
    again.revision = 2;
    work.steps
        .extend([step(12, "plan_2", "plan", "Plan again", "completed"), again]);
    work.steps
        .push(step(12, "judge_2", "judge", "Judge again", "pending"));
    let lines = tree::lines(&work, PLAIN, at(10)).join("\n");
    let place = |text: &str| lines.find(text).unwrap();
    let places = ["○ judge ", "✓ plan_2 ", "○ again ", "○ judge_2 "].map(place);
    assert!(places.is_sorted(), "{lines}");
}

#[test]
fn markdown_is_styled_for_a_terminal() {
    let text = "# Audit\n\nIt has **two** findings in `shop`.\n\n- first\n- second\n\n\
                | Table | Finding |\n|---|:--|\n| shop.a | no `rls` |\n| shop.longer | a \\| b |\n\n```sql\nselect 1;\n```";
    let expected = "\
Audit
─────

It has two findings in shop.

• first
• second

Table        Finding
───────────  ───────
shop.a       no rls
shop.longer  a | b

    select 1;";
    assert_eq!(markdown::lines(text, PLAIN).join("\n"), expected);
}

#[test]
fn wide_table_is_wrapped_and_long_cells_cut() {
    let narrow = Screen { width: 30, ..PLAIN };
    let text = "| Name | Evidence |\n|---|---|\n| a | one two three four five six seven |\n| b | `averyveryverylongwordindeed` |";
    let expected = "\
Name  Evidence
────  ────────────────────────
a     one two three four five
      six seven
b     averyveryverylongwordin…";
    assert_eq!(markdown::lines(text, narrow).join("\n"), expected);
    let long = format!("| Evidence |\n|---|\n| {} |", "word ".repeat(40));
    let lines = markdown::lines(&long, narrow);
    assert_eq!(lines.len(), 2 + 4);
    assert!(lines[5].ends_with('…'), "{}", lines[5]);
}

#[test]
fn long_prose_is_wrapped_and_items_hang() {
    let narrow = Screen { width: 24, ..PLAIN };
    let lines = markdown::lines("- one two three four five six", narrow);
    assert_eq!(lines, ["• one two three four", "  five six"]);
}

#[test]
fn durations_have_two_units_at_most() {
    let shown = [0, 84, 3_240, 250_000, 7_500_000, 90_000_000, -5].map(duration::milliseconds);
    assert_eq!(
        shown,
        [
            "0 ms",
            "84 ms",
            "3.2 s",
            "4 min 10 s",
            "2 h 5 min",
            "1 d 1 h",
            "0 ms"
        ]
    );
    assert_eq!(age(at(0), at(12)), "12.0 s ago");
    assert_eq!(age(at(12), at(0)), "in 12.0 s");
}

//! Texts of models, tools and other users that try to control the terminal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use local_stack::terminal::{Palette, for_terminal};
use serde_json::json;

use super::{answer, approvals, watch};
use crate::render::{Screen, markdown, table, tree};
use client::Work;

const SCREEN: Screen = Screen {
    palette: Palette::PLAIN,
    width: 200,
    is_terminal: true,
};

/// Sets the window's title, clears the screen, colours by a C1 sequence, and reverses what follows.
const HOSTILE: &str = "x\u{1b}]0;t\u{7}\u{1b}[2J\u{9b}32m\u{202e}\u{2066}y";

/// Checks that the lines hold the text, and nothing that a terminal obeys once they are printed.
fn assert_visible<L: AsRef<str>>(lines: &[L]) {
    let printed: Vec<_> = lines
        .iter()
        .map(|line| for_terminal(line.as_ref()))
        .collect();
    let printed = printed.join("\n");
    let is_obeyed = |letter: char| {
        (letter.is_control() && letter != '\n')
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!printed.contains(is_obeyed), "{printed:?}");
    assert!(printed.contains(r"\u{202e}\u{2066}y"), "{printed}");
}

fn work() -> Work {
    let at = "2030-01-01T00:00:00Z";
    Work {
        request: serde_json::from_value(json!({"id": 1, "workspace_id": "00000000-0000-0000-0000-000000000000",
            "question": HOSTILE, "state": "answered", "reason": HOSTILE, "goal_id": 3, "answer_text": HOSTILE,
            "created_at": at, "ended_at": at}))
        .unwrap(),
        goals: Vec::new(),
        runs: Vec::new(),
        steps: Vec::new(),
        approvals: Vec::new(),
        progress: Vec::new(),
        criteria: serde_json::from_value(json!([{"goal_id": 3, "number": 1, "description": HOSTILE,
            "verdict": "met", "evidence": HOSTILE, "evidence_step": HOSTILE, "decided_by": HOSTILE}]))
        .unwrap(),
        dead_letters: Vec::new(),
    }
}

#[test]
fn hostile_report_is_shown_and_not_obeyed() {
    let report = format!("# {HOSTILE}\n\n{HOSTILE}\n\n```\n{HOSTILE}\n```\n");
    assert_visible(&markdown::lines(&report, SCREEN));
    // Where output is no terminal, the Markdown is printed as it is.
    assert_visible(&[report]);
}

#[test]
fn hostile_table_cells_are_shown_and_not_obeyed() {
    let report = format!("| a | b |\n|---|---|\n| {HOSTILE} | c |\n");
    assert_visible(&markdown::lines(&report, SCREEN));
    let rows = [vec![HOSTILE.to_owned(), "c".to_owned()]];
    assert_visible(&table::lines(SCREEN, &["A", "B"], &rows));
    assert_visible(&answer::criteria_lines(&work(), SCREEN));
}

#[test]
fn hostile_approval_subject_is_shown_and_not_obeyed() {
    let approval = json!({"approval_id": 1, "goal_id": null, "goal_title": null, "question": "q",
        "shown": {HOSTILE: {"text": HOSTILE}}, "required_role": "approver", "requested_at": "2030-01-01T00:00:00Z",
        "expires_at": "2030-01-01T00:00:00Z", "kind": "tool_call", "subject": {"body": HOSTILE},
        "answer_schema": {"const": HOSTILE}});
    let approval = serde_json::from_value(approval).unwrap();
    assert_visible(&approvals::subject(&approval, SCREEN));
    assert_visible(&approvals::shown(&approval.shown, SCREEN));
}

#[test]
fn hostile_event_is_shown_and_not_obeyed() {
    let event = json!({"sequence": 1, "run_id": 1, "goal_id": 3, "step_key": "a", "type": "step.failed",
        "data": {"message": HOSTILE}, "created_at": "2030-01-01T00:00:00Z"});
    let event = serde_json::from_value(event).unwrap();
    assert_visible(&[watch::event_line(&event, &work(), SCREEN).unwrap()]);
    assert_visible(&tree::lines(&work(), SCREEN, chrono::Utc::now()));
}

/// Every line passes `print`, `print_error`, `print_json` or `redraw`, which escape.
#[test]
fn no_command_writes_to_the_terminal_itself() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.ends_with("hostile_texts.rs") {
                continue;
            }
            count += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            for way in [
                "println!",
                "print!(",
                "dbg!",
                "stdout().lock",
                "stderr().lock",
                "io::stdout(),",
                "io::stderr(),",
            ] {
                assert!(!text.contains(way), "{} uses {way}", path.display());
            }
        }
    }
    assert!(count > 30, "{count} files");
}

//! `goalpost approvals`: the decisions that wait for the caller, with what they are shown.

use chrono::Utc;
use serde_json::Value;

use super::arguments::Global;
use super::{connect, print, print_json};
use crate::client::Inbox;
use crate::render::{Screen, age, count, markdown, one_line};

/// Lines of each result that are shown; `--json` has all of them.
const LINES_SHOWN: usize = 16;

pub(super) async fn run(global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    let inbox: Vec<Inbox> = client
        .select("inbox", &[("order", "requested_at".to_owned())])
        .await?;
    if global.json {
        return print_json(&inbox);
    }
    if inbox.is_empty() {
        print("No decision waits for you.");
        return Ok(());
    }
    let (screen, now) = (Screen::stdout(), Utc::now());
    for approval in &inbox {
        let palette = screen.palette;
        print(&format!(
            "{} {}",
            palette.asks(&format!("? {}", approval.approval_id)),
            palette.strong(&approval.question)
        ));
        let goal = approval.goal_title.as_deref().unwrap_or("a request");
        print(&palette.dim(&format!(
            "  {goal}{} · asked {} · expires {} · for the role {}",
            approval.goal_id.map(|id| format!(" (goal {id})")).unwrap_or_default(),
            age(approval.requested_at, now),
            age(approval.expires_at, now),
            approval.required_role
        )));
        shown(&approval.shown, screen)
            .iter()
            .for_each(|line| print(line));
        print(&palette.dim(&format!(
            "  cargo goalpost approve {0}   or   cargo goalpost reject {0}",
            approval.approval_id
        )));
        print("");
    }
    Ok(())
}

/// What a person is shown before they decide, shortened: the results of the steps before, by their names.
pub(super) fn shown(shown: &Value, screen: Screen) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, result) in shown.as_object().into_iter().flatten() {
        let text = text_of(result);
        let room = Screen {
            width: screen.width.saturating_sub(4).max(20),
            ..screen
        };
        let all: Vec<String> = match screen.is_terminal {
            true => markdown::lines(&text, room)
                .into_iter()
                .filter(|line| !line.is_empty())
                .collect(),
            false => text
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(str::to_owned)
                .collect(),
        };
        let name = screen.palette.dim(&format!("  {key}:"));
        if let [only] = all.as_slice() {
            lines.push(format!("{name} {}", cut(only, room.width)));
            continue;
        }
        lines.push(name);
        lines.extend(
            all.iter()
                .take(LINES_SHOWN)
                .map(|line| format!("    {}", cut(line, room.width))),
        );
        if all.len() > LINES_SHOWN {
            let more = format!(
                "    … {}",
                count((all.len() - LINES_SHOWN) as u64, "more line")
            );
            lines.push(screen.palette.dim(&more));
        }
    }
    lines
}

fn text_of(result: &Value) -> String {
    if let Some(text) = result.get("text").and_then(Value::as_str) {
        return text.to_owned();
    }
    match result.get("row_count").and_then(Value::as_u64) {
        Some(rows) => count(rows, "row"),
        None => one_line(&result.to_string(), 400),
    }
}

/// Cut to the width, with its indentation kept.
fn cut(line: &str, width: usize) -> String {
    console::truncate_str(line.trim_end(), width, "…").into_owned()
}

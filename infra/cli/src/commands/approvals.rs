//! `goalpost approvals`: the approvals that the caller may decide, each with its exact subject.

use chrono::Utc;
use serde_json::Value;

use super::arguments::Global;
use super::{connect, edited, print, print_json, raise};
use crate::render::{Screen, age, count, markdown, one_line};
use client::Inbox;

/// Lines of each result that are shown; `--json` has all of them.
const LINES_SHOWN: usize = 16;
/// Lines of a subject that are shown: all of it, unless it is a plan or longer.
const SUBJECT_LINES_SHOWN: usize = 80;

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
            "  {} · {goal}{} · asked {} · expires {} · for the {}{}",
            subject_title(approval),
            approval.goal_id.map(|id| format!(" (goal {id})")).unwrap_or_default(),
            age(approval.requested_at, now),
            age(approval.expires_at, now),
            edited::decider(approval),
            votes(approval),
        )));
        let subject = raise::lines(approval, screen).unwrap_or_else(|| {
            let mut lines = shown(&approval.shown, screen);
            lines.extend(subject(approval, screen));
            lines
        });
        subject
            .iter()
            .chain(&edited::lines(approval, screen))
            .for_each(|line| print(line));
        print(&palette.dim(&format!("  {}", next_commands(approval))));
        print("");
    }
    Ok(())
}

/// Returns the subject of an approval in a few words.
fn subject_title(approval: &Inbox) -> String {
    let tool = approval.tool.as_deref().unwrap_or("a tool");
    match approval.kind.as_str() {
        "plan" => "a plan".to_owned(),
        "tool_call" => format!("a call of {tool}"),
        "budget" => "a budget".to_owned(),
        "outcome_unknown" => format!("the outcome of a call of {tool}"),
        "question" => "a question".to_owned(),
        "verdict" => "criteria of a goal".to_owned(),
        "improvement" => "an improvement".to_owned(),
        _ => "a step".to_owned(),
    }
}

fn votes(approval: &Inbox) -> String {
    if approval.quorum < 2 {
        return String::new();
    }
    let version = approval
        .subject_hash
        .as_deref()
        .and_then(|hash| hash.get(..8));
    let version = version.map_or_else(String::new, |hash| format!(" of version {hash}"));
    format!(
        " · {} of {} have approved{version}",
        approval.votes, approval.quorum
    )
}

/// Returns the exact subject, and the schema of an answer.
pub(super) fn subject(approval: &Inbox, screen: Screen) -> Vec<String> {
    let mut lines = Vec::new();
    // The plan is in `shown` already.
    if approval.kind != "plan"
        && let Some(subject) = &approval.subject
    {
        lines.push(screen.palette.dim("  exactly:"));
        let text = serde_json::to_string_pretty(subject).unwrap_or_default();
        let all: Vec<&str> = text.lines().collect();
        let some = all.iter().take(SUBJECT_LINES_SHOWN);
        lines.extend(some.map(|line| format!("    {line}")));
        if all.len() > SUBJECT_LINES_SHOWN {
            let more = count((all.len() - SUBJECT_LINES_SHOWN) as u64, "more line");
            lines.push(format!("    … {more}; --json has all"));
        }
    }
    if let Some(schema) = &approval.answer_schema {
        let name = screen.palette.dim("  the answer is:");
        lines.push(format!("{name} {}", one_line(&schema.to_string(), 400)));
    }
    lines
}

/// Returns the commands that may be typed next.
fn next_commands(approval: &Inbox) -> String {
    let id = approval.approval_id;
    let more = match approval.kind.as_str() {
        "question" => format!("cargo goalpost approve {id} --answer '…'"),
        "outcome_unknown" => format!(
            "cargo goalpost approve {id} --happened '{{…}}'   or   cargo goalpost approve {id} --not-happened"
        ),
        "verdict" => format!("cargo goalpost approve {id}   (all are met; --edit FILE for each)"),
        "budget" => format!(
            "cargo goalpost approve {id}   (--set max_microusd=1000000 is $1, --set max_tokens=N)"
        ),
        "tool_call" | "plan" | "step" | "improvement" if approval.subject.is_some() => {
            format!("cargo goalpost approve {id}   (--set key=value, --edit FILE)")
        }
        _ => format!("cargo goalpost approve {id}"),
    };
    format!(
        "{more}{}   or   cargo goalpost reject {id}",
        edited::version_flag(approval)
    )
}

/// Returns the results of earlier steps by their names, shortened.
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
    if let Some(steps) = result.get("steps").and_then(Value::as_array) {
        return plan_text(result, steps);
    }
    if let Some(microusd) = result.get("cost_microusd").and_then(Value::as_f64) {
        return estimate_text(result, microusd);
    }
    if let Some(text) = result.as_str() {
        return text.to_owned();
    }
    match result.get("row_count").and_then(Value::as_u64) {
        Some(rows) => count(rows, "row"),
        None => one_line(&result.to_string(), 400),
    }
}

/// Returns a plan, one line per step.
fn plan_text(plan: &Value, steps: &[Value]) -> String {
    let text = |step: &Value, name: &str| {
        let value = step.get(name).and_then(Value::as_str).unwrap_or_default();
        value.to_owned()
    };
    let mut lines = vec![text(plan, "summary")];
    for step in steps {
        let actor = match text(step, "agent") {
            agent if agent.is_empty() => text(step, "kind"),
            agent => agent,
        };
        let after = step.get("depends_on").and_then(Value::as_array);
        let after: Vec<&str> = after
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let after = match after.is_empty() {
            true => String::new(),
            false => format!(", after {}", after.join(", ")),
        };
        lines.push(format!(
            "- {} ({actor}{after}) {}",
            text(step, "key"),
            text(step, "title")
        ));
    }
    lines.join("\n")
}

/// Returns an estimated cost in dollars, with the source of the number.
pub(super) fn estimate_text(estimate: &Value, microusd: f64) -> String {
    let bound = |name| {
        estimate
            .get(name)
            .and_then(Value::as_f64)
            .unwrap_or(microusd)
            / 1e6
    };
    let from = match estimate.get("from").and_then(Value::as_str) {
        Some("history") => {
            let runs = estimate.get("runs").and_then(Value::as_u64).unwrap_or(0);
            format!("from {}", count(runs, "earlier run"))
        }
        _ => "from the number of its steps".to_owned(),
    };
    format!(
        "about ${:.4} (${:.4} to ${:.4}), {from}",
        microusd / 1e6,
        bound("least_microusd"),
        bound("most_microusd")
    )
}

/// Cuts a line to the width and keeps its indentation.
fn cut(line: &str, width: usize) -> String {
    console::truncate_str(line.trim_end(), width, "…").into_owned()
}

//! Shows an approval that a person edited: the difference from the original, and whose decision is required next.

use serde_json::Value;

use crate::render::Screen;
use client::Inbox;

/// Lines of a difference that are shown; `--json` has both versions.
const LINES_SHOWN: usize = 80;

/// Returns the lines of the edit: its author and its changes. Empty for an approval without an edit.
pub(super) fn lines(approval: &Inbox, screen: Screen) -> Vec<String> {
    let palette = screen.palette;
    let mut lines = Vec::new();
    if let Some(original) = &approval.original
        && let Some(subject) = &approval.subject
    {
        let editor = approval.edited_by.as_deref().unwrap_or("another person");
        lines.push(palette.dim(&format!("  edited by {editor}; the change:")));
        let changes = difference(original, subject);
        let hidden = changes.len().saturating_sub(LINES_SHOWN);
        lines.extend(
            changes
                .iter()
                .take(LINES_SHOWN)
                .map(|line| format!("    {line}")),
        );
        if hidden > 0 {
            lines.push(format!(
                "    … {hidden} more lines; --json has both versions"
            ));
        }
    }
    if let Some(answer) = &approval.proposed_answer {
        let result = answer.get("result").unwrap_or(answer);
        let name = palette.dim("  the result, as another person gives it:");
        lines.push(format!("{name} {result}"));
    }
    lines
}

/// Returns the person or role that decides: `requester (you)`, or a role.
pub(super) fn decider(approval: &Inbox) -> String {
    match approval.waits_for.as_deref() {
        Some("requester") => "requester (you)".to_owned(),
        _ => format!("role {}", approval.required_role),
    }
}

/// Returns the flag that names the version on the screen, which an edited approval requires.
pub(super) fn version_flag(approval: &Inbox) -> String {
    let hash = approval
        .subject_hash
        .as_deref()
        .and_then(|hash| hash.get(..8));
    match (&approval.original, hash) {
        (Some(_), Some(hash)) => format!(" --version {hash}"),
        _ => String::new(),
    }
}

/// Returns the sentence for a decision after which the approval is still pending.
pub(super) fn passed_on(id: i64, waits_for: Option<&str>) -> String {
    match waits_for {
        Some("requester") => format!(
            "Approval {id} now waits for the person who asked for the work: it runs with their rights."
        ),
        Some(role) => format!("Approval {id} now waits for the role {role}."),
        None => format!("Approval {id} is pending."),
    }
}

/// Returns the lines that differ between two values, without the equal lines before and after.
pub(super) fn difference(original: &Value, edited: &Value) -> Vec<String> {
    let text = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let (original, edited) = (text(original), text(edited));
    let (mut old, mut new): (Vec<&str>, Vec<&str>) =
        (original.lines().collect(), edited.lines().collect());
    let before = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    old.drain(..before);
    new.drain(..before);
    let after = (old.iter().rev().zip(new.iter().rev()))
        .take_while(|(a, b)| a == b)
        .count();
    old.truncate(old.len() - after);
    new.truncate(new.len() - after);
    let removed = old.iter().map(|line| format!("- {}", line.trim_end()));
    let added = new.iter().map(|line| format!("+ {}", line.trim_end()));
    removed.chain(added).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::difference;

    #[test]
    fn difference_names_changed_lines_only() {
        let (old, new) = (
            json!({"a": 1, "query": "select 1", "z": 2}),
            json!({"a": 1, "query": "select 2", "z": 2}),
        );
        assert_eq!(
            difference(&old, &new),
            [r#"-   "query": "select 1","#, r#"+   "query": "select 2","#]
        );
    }
}

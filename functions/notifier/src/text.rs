//! The words of a message, for every place that shows text. Texts of others are made visible here.

use domain::visible;

use crate::message::{Approval, Budget, Message, Request};

/// The longest title, in characters; mail subjects and Slack's headers take it whole.
const MAX_TITLE_CHARS: usize = 140;

/// The words of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// One line.
    pub(crate) title: String,
    /// Paragraphs.
    pub(crate) parts: Vec<String>,
}

/// Writes the words of a message. `has_link`: a link to the decision follows.
pub(crate) fn write(message: &Message, has_link: bool) -> Text {
    let text = match (&message.approval, &message.request, &message.budget) {
        (Some(approval), ..) => of_approval(&message.occasion, approval, has_link),
        (_, Some(request), _) => of_request(request),
        (_, _, Some(budget)) => of_budget(budget),
        _ => Text {
            title: "This target works".to_owned(),
            parts: vec!["It was added in Goalpost, and this message tests it.".to_owned()],
        },
    };
    let title = format!("[{}] {}", one_line(&message.workspace, 40), text.title);
    Text {
        title: one_line(&title, MAX_TITLE_CHARS),
        parts: text
            .parts
            .iter()
            .map(|part| visible(part).into_owned())
            .collect(),
    }
}

fn of_approval(occasion: &str, approval: &Approval, has_link: bool) -> Text {
    let what = match approval.kind.as_str() {
        "question" => "A question",
        _ => "An approval",
    };
    let title = match occasion {
        "approval.escalated" => format!("{what} was passed on, without a decision so far"),
        "approval.expiring" => format!("{what} expires soon"),
        _ => format!("{what} waits"),
    };
    let mut parts = Vec::new();
    parts.extend(
        approval
            .goal_title
            .as_ref()
            .map(|goal| format!("Goal: {goal}")),
    );
    parts.extend(approval.question.clone());
    parts.extend(approval.tool.as_ref().map(|tool| format!("Tool: {tool}")));
    parts.extend(approval.subject.clone());
    let people = match approval.quorum {
        ..=1 => String::new(),
        quorum => format!(", {quorum} different people"),
    };
    parts.push(format!(
        "Waits for: {}{people}. Expires: {}",
        approval.waits_for, approval.expires_at
    ));
    if !has_link {
        parts.push(format!(
            "Decide with: goalpost approvals (number {})",
            approval.id
        ));
    }
    Text { title, parts }
}

fn of_request(request: &Request) -> Text {
    let title = match request.state.as_str() {
        "failed" => "Failed",
        _ => "Done",
    };
    let mut parts = vec![request.question.clone()];
    parts.extend(
        request
            .reason
            .as_ref()
            .map(|reason| format!("Reason: {reason}")),
    );
    parts.extend(request.answer_text.clone());
    parts.push(match request.goal_id {
        Some(goal) => format!("More: goalpost report {goal}"),
        None => format!("More: goalpost request {}", request.id),
    });
    Text {
        title: format!("{title}: {}", request.question),
        parts,
    }
}

fn of_budget(budget: &Budget) -> Text {
    let what = match budget.scope.as_str() {
        "workspace_month" => format!("of this workspace in {}", budget.key),
        "user_day" => "of one person on this day".to_owned(),
        _ => format!("of a request (run {})", budget.key),
    };
    Text {
        title: format!("80 % of the budget {what} is spent"),
        parts: vec![
            format!(
                "Spent: {} of {}, and {} of {} tokens.",
                dollars(budget.spent_microusd),
                dollars(budget.cap_microusd),
                budget.spent_tokens,
                budget.cap_tokens
            ),
            "At the cap, work fails or asks for more. Costs: goalpost costs".to_owned(),
        ],
    }
}

/// Returns micro-dollars in dollars.
fn dollars(microusd: i64) -> String {
    format!(
        "${}.{:02}",
        microusd / 1_000_000,
        (microusd % 1_000_000) / 10_000
    )
}

/// Returns a text as one visible line of at most `most` characters.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    shortened(&visible(&line), most)
}

/// Returns a text of at most `most` characters, with an ellipsis where it was cut.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::{Value, json};

    use super::*;

    /// Returns a message about an approval, with these fields of it.
    pub(crate) fn approval(fields: &Value) -> Message {
        let mut approval = json!({"id": 7, "kind": "step", "tool": null, "goal_title": "Refunds", "expires_at": "2030-01-08T12:00:00Z",
                                  "quorum": 1, "waits_for": "approver"});
        let given = fields.as_object().unwrap().clone();
        approval.as_object_mut().unwrap().extend(given);
        serde_json::from_value(json!({
            "occasion": "approval.requested", "idempotency_key": "notification_1", "created_at": "2030-01-01T12:00:00Z",
            "workspace_id": "00000000-0000-4000-8000-0000000000a1", "workspace": "Demo", "webhook_hosts": [], "email_domains": [],
            "target": {"kind": "slack", "address": "https://hooks.example.com/x", "secret": null}, "approval": approval
        }))
        .unwrap()
    }

    #[test]
    fn overrides_in_texts_of_others_are_visible() {
        let message =
            approval(&json!({"question": "Pay \u{202e}001?", "goal_title": "a\u{1b}[2J"}));
        let text = write(&message, true);
        assert_eq!(text.parts[..2], ["Goal: a\\u{1b}[2J", "Pay \\u{202e}001?"]);
    }

    #[test]
    fn title_is_one_bounded_line() {
        let mut message = approval(&json!({}));
        message.workspace = "a\r\nBcc: x@y.example ".repeat(20);
        let title = write(&message, true).title;
        assert!(
            title.chars().count() <= MAX_TITLE_CHARS && !title.contains(['\r', '\n']),
            "{title}"
        );
    }

    #[test]
    fn without_a_link_the_command_is_named() {
        let message = approval(&json!({}));
        let named = |has_link| {
            write(&message, has_link)
                .parts
                .concat()
                .contains("goalpost approvals")
        };
        assert!(named(false) && !named(true));
    }
}

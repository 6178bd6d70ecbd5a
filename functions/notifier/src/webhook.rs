//! A message as JSON for a program: `{"type", "timestamp", "data"}`, as Standard Webhooks recommends.

use serde_json::{Value, json};

use crate::message::Message;

pub(crate) fn render(message: &Message, link: Option<&str>) -> Value {
    let approval = message.approval.as_ref().map(|approval| {
        json!({
            "id": approval.id, "kind": approval.kind, "tool": approval.tool, "goal_title": approval.goal_title,
            "question": approval.question, "subject": approval.subject, "waits_for": approval.waits_for,
            "quorum": approval.quorum, "expires_at": approval.expires_at, "decide_url": link,
        })
    });
    let request = message.request.as_ref().map(|request| {
        json!({
            "id": request.id, "goal_id": request.goal_id, "question": request.question, "state": request.state,
            "reason": request.reason, "reason_code": request.reason_code, "answer_text": request.answer_text,
        })
    });
    let budget = message.budget.as_ref().map(|budget| {
        json!({
            "scope": budget.scope, "key": budget.key, "cap_microusd": budget.cap_microusd, "spent_microusd": budget.spent_microusd,
            "cap_tokens": budget.cap_tokens, "spent_tokens": budget.spent_tokens,
        })
    });
    let mut data = json!({"workspace_id": message.workspace_id, "workspace": message.workspace});
    for (name, part) in [
        ("approval", approval),
        ("request", request),
        ("budget", budget),
    ] {
        if let (Some(part), Some(data)) = (part, data.as_object_mut()) {
            data.insert(name.to_owned(), part);
        }
    }
    json!({"type": message.occasion, "timestamp": message.created_at, "data": data})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;
    use crate::text::tests::approval;

    #[test]
    fn body_has_type_timestamp_and_the_one_part() {
        let message = approval(&json!({"link_token": "7.hidden"}));
        let body = render(&message, None);
        assert_eq!(
            (&body["type"], &body["timestamp"]),
            (&json!("approval.requested"), &json!("2030-01-01T12:00:00Z"))
        );
        assert_eq!(body["data"]["approval"]["id"], 7);
        assert!(body["data"].get("request").is_none());
        assert!(
            !body.to_string().contains("hidden"),
            "the token is in the link alone"
        );
    }
}

//! Shows a request to raise a cap: money and tokens separately.

use serde::Deserialize;

use crate::render::Screen;
use client::Inbox;

/// A cap and the usage of it, as the question shows them.
#[derive(Deserialize)]
struct Cap {
    cap_microusd: i64,
    cap_tokens: i64,
    spent_microusd: i64,
    spent_tokens: i64,
    reserved_microusd: i64,
    reserved_tokens: i64,
}

/// The raised cap.
#[derive(Deserialize)]
struct Raised {
    max_microusd: i64,
    max_tokens: i64,
}

/// Returns the cap, its usage and its raised value; none for a question of another form.
pub(super) fn lines(approval: &Inbox, screen: Screen) -> Option<Vec<String>> {
    let cap = Cap::deserialize(approval.shown.get("cap")?).ok()?;
    let raised = Raised::deserialize(approval.subject.as_ref()?).ok()?;
    let line = |name: &str, text: String| format!("  {} {text}", screen.palette.dim(name));
    Some(vec![
        line(
            "money: ",
            format!(
                "{} of {} spent or reserved, raised to {}",
                dollars(cap.spent_microusd + cap.reserved_microusd),
                dollars(cap.cap_microusd),
                dollars(raised.max_microusd)
            ),
        ),
        line(
            "tokens:",
            format!(
                "{} of {} spent or reserved, raised to {}",
                cap.spent_tokens + cap.reserved_tokens,
                cap.cap_tokens,
                raised.max_tokens
            ),
        ),
    ])
}

/// Returns dollars as `$1.2345`, from millionths of a dollar.
pub(super) fn dollars(microusd: i64) -> String {
    format!(
        "${}.{:04}",
        microusd / 1_000_000,
        microusd % 1_000_000 / 100
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use local_stack::terminal::Palette;

    const PLAIN: Screen = Screen {
        palette: Palette::PLAIN,
        width: 100,
        is_terminal: false,
    };

    #[test]
    fn money_and_tokens_are_shown_separately() {
        let mut asked: Inbox = serde_json::from_value(json!({
            "approval_id": 1, "goal_id": null, "goal_title": null, "kind": "budget", "question": "May it be raised?",
            "shown": {"cap": {"scope": "run", "key": "1", "cap_microusd": 500_000, "cap_tokens": 100_000,
                              "spent_microusd": 400_000, "spent_tokens": 90_000, "reserved_microusd": 30_000, "reserved_tokens": 2_000}},
            "subject": {"scope": "run", "key": "1", "max_microusd": 1_000_000, "max_tokens": 200_000},
            "required_role": "approver", "requested_at": "2030-01-01T00:00:00Z", "expires_at": "2030-01-02T00:00:00Z",
        }))
        .unwrap();
        assert_eq!(
            lines(&asked, PLAIN).unwrap(),
            [
                "  money:  $0.4300 of $0.5000 spent or reserved, raised to $1.0000",
                "  tokens: 92000 of 100000 spent or reserved, raised to 200000",
            ]
        );
        asked.shown = json!({});
        assert!(lines(&asked, PLAIN).is_none());
    }
}

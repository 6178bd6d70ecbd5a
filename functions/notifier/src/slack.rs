//! A message for Slack's incoming webhooks, and for services that take the same JSON.
//!
//! `&`, `<` and `>` begin mentions, links and entities in every text object, so they are escaped
//! (<https://docs.slack.dev/messaging/formatting-message-text>). Texts of others are `plain_text`, in which nothing is
//! formatted; the one link is ours. Links are not unfurled: a preview would fetch the page.

use serde_json::{Value, json};

use crate::message::Message;
use crate::text::{self, shortened};

/// The longest text of a block, in characters, escaped.
const MAX_BLOCK_CHARS: usize = 3_000;
/// The number of characters before escaping: each may become five.
const MAX_PART_CHARS: usize = MAX_BLOCK_CHARS / 5;

pub(crate) fn render(message: &Message, link: Option<&str>) -> Value {
    let text = text::write(message, link.is_some());
    let title = escaped(&text.title);
    let plain = |text: &str| json!({"type": "plain_text", "text": text, "emoji": false});
    let mut blocks = vec![json!({"type": "section", "text": plain(&title)})];
    for part in text.parts.iter().filter(|part| !part.trim().is_empty()) {
        let part = escaped(&shortened(part, MAX_PART_CHARS));
        blocks.push(json!({"type": "section", "text": plain(&part)}));
    }
    if let Some(link) = link {
        let link = format!("<{}|Look and decide>", escaped(link));
        blocks.push(
            json!({"type": "section", "text": {"type": "mrkdwn", "text": link, "verbatim": true}}),
        );
    }
    json!({"text": title, "mrkdwn": false, "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::text::tests::approval;

    #[test]
    fn texts_of_others_can_neither_mention_nor_link() {
        let question = "<!channel> *see* <https://evil.example|the page> & `x`";
        let body = render(
            &approval(&json!({"question": question, "goal_title": "<@U1>"})),
            Some("https://a.example/decide?token=1.x"),
        );
        let blocks = body["blocks"].as_array().unwrap();
        for block in blocks.iter().take(blocks.len() - 1) {
            assert_eq!(block["text"]["type"], "plain_text", "{block}");
            assert!(
                !block["text"]["text"].as_str().unwrap().contains(['<', '>']),
                "{block}"
            );
        }
        assert!(
            body.to_string()
                .contains("&lt;!channel&gt; *see* &lt;https://evil.example|the page&gt; &amp; `x`")
        );
        assert_eq!(
            blocks.last().unwrap()["text"]["text"],
            "<https://a.example/decide?token=1.x|Look and decide>"
        );
        assert_eq!(body["unfurl_links"], false);
    }

    #[test]
    fn long_text_fits_into_a_block() {
        let body = render(&approval(&json!({"question": "<".repeat(4_000)})), None);
        for block in body["blocks"].as_array().unwrap() {
            let text = block["text"]["text"].as_str().unwrap();
            assert!(
                (1..=MAX_BLOCK_CHARS).contains(&text.chars().count()),
                "{}",
                text.len()
            );
        }
    }
}

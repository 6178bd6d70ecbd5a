//! A message as a mail: plain text alone, so that nothing in it is markup.

use serde_json::{Value, json};

use crate::message::Message;
use crate::text;

pub(crate) fn render(message: &Message, link: Option<&str>) -> Value {
    let text = text::write(message, link.is_some());
    let mut parts = text.parts;
    if let Some(link) = link {
        parts.push(format!(
            "Look and decide: {link}\n\nThe link decides as you, once: do not pass it on."
        ));
    }
    json!({"to": [message.target.address], "subject": text.title, "text": parts.join("\n\n")})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::text::tests::approval;

    #[test]
    fn subject_has_no_line_break_and_link_stands_alone() {
        let mut message = approval(&json!({"question": "Send it?"}));
        message.target.address = "mia@tests.example".to_owned();
        message.workspace = "a\r\nBcc: x@y.example".to_owned();
        let mail = render(&message, Some("https://a.example/decide?token=1.x"));
        assert!(!mail["subject"].as_str().unwrap().contains(['\r', '\n']));
        assert_eq!(mail["to"], json!(["mia@tests.example"]));
        let text = mail["text"].as_str().unwrap();
        assert!(
            text.contains("Send it?")
                && text.contains("Look and decide: https://a.example/decide?token=1.x\n"),
            "{text}"
        );
    }
}

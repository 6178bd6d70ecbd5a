//! Takes thinking out of texts: models that think in their answer's text put it between tags at its beginning, and some
//! servers send the closing tag alone, since the opening one stands in the prompt.

const TAGS: [(&str, &str); 4] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
];

/// Returns the text behind the thinking at its beginning. Thinking that does not end is all there is.
pub(crate) fn stripped(text: &str) -> &str {
    let mut rest = text;
    loop {
        let begun = rest.trim_start();
        let tag = TAGS.iter().find(|(open, _)| begun.starts_with(open));
        let Some((_, close)) = tag else { break };
        rest = begun.split_once(close).map_or("", |(_, after)| after);
    }
    for (open, close) in TAGS {
        // Alone on its line: within a sentence it is a text about tags.
        let ends = rest.match_indices(close).find(|(at, _)| {
            let before = rest.get(..*at).unwrap_or_default();
            let after = rest.get(at + close.len()..).unwrap_or_default();
            let is_line = before.is_empty() || before.ends_with('\n');
            let ends_line = after.is_empty() || after.starts_with(['\n', '\r']);
            (is_line || ends_line) && !before.contains(open)
        });
        if let Some((at, _)) = ends {
            rest = rest.get(at + close.len()..).unwrap_or_default();
        }
    }
    match rest.len() == text.len() {
        true => text,
        false => rest.trim_start(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinking_at_the_beginning_is_taken_out() {
        for text in [
            "<think>\nhm {\"a\": 2}\n</think>\n\nDone.",
            "<think></think>Done.",
            "\n<thinking>a</thinking><think>b</think> Done.",
            "hm, so\n</think>\n\nDone.",
            "hm, so</think>\nDone.",
            "Done.",
        ] {
            assert_eq!(stripped(text), "Done.", "{text}");
        }
        assert_eq!(stripped("<think>and so on"), "");
    }

    #[test]
    fn texts_about_tags_stay() {
        for text in [
            "Close it with `</think>` and go on.",
            "It writes <think>so</think> first.",
            " leading space",
            "a </think> b",
            "<thinker>",
        ] {
            assert_eq!(stripped(text), text);
        }
    }
}

//! Texts of others on their way to a person who reads and decides.

use std::borrow::Cow;

/// Makes control characters and bidirectional overrides visible, as `\u{202e}`. Line breaks and tabs stay.
///
/// An override shows a text in another order than it has, so that a person would approve what they did not read.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut seen = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) {
            seen.extend(letter.escape_unicode());
        } else {
            seen.push(letter);
        }
    }
    Cow::Owned(seen)
}

/// Returns true for control characters except line break and tab, and for bidirectional overrides, embeddings and
/// isolates. The command line has the same set (`infra/local/src/terminal/escape.rs`).
fn is_hidden(letter: char) -> bool {
    match letter {
        '\n' | '\t' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        letter => letter.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_and_controls_become_visible() {
        assert_eq!(visible("a\tb\nc é"), "a\tb\nc é");
        assert_eq!(
            visible("pay \u{202e}001\u{1b}["),
            "pay \\u{202e}001\\u{1b}["
        );
    }
}

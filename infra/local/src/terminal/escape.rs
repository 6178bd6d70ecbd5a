//! Printed text has no control characters but its own colours.
//!
//! Texts come from models, tools and other users. A control sequence in one could clear the screen, write to the
//! clipboard or repaint a line that a person is about to approve, and a bidirectional override shows a text in another
//! order than it has. So every line passes [`for_terminal`] on its way out, which makes such characters visible.
//!
//! Colours are control sequences too. [`super::Palette`] marks its own with a number that is random in each process, so
//! no text that was stored before can contain one.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

/// The start of the palette's sequences. Four numbers of four digits: `console` measures no longer ones as colours.
static START: LazyLock<String> = LazyLock::new(|| {
    let random = RandomState::new().build_hasher().finish();
    let number = |shift: u32| 1_000 + (random >> shift) % 9_000;
    format!(
        "\x1b[{};{};{};{};",
        number(0),
        number(16),
        number(32),
        number(48)
    )
});

/// Returns the sequence of a colour, such as `32`, in the marked form.
pub(super) fn colour(code: &str) -> String {
    format!("{}{code}m", *START)
}

/// Makes control characters and bidirectional overrides visible, as `\u{1b}`. Line breaks, tabs and the palette's
/// colours stay.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for (part, colour) in parts(text) {
        push_escaped(&mut safe, part);
        if let Some(colour) = colour {
            safe.push_str(&self::colour(colour));
        }
    }
    Cow::Owned(safe)
}

/// Returns a text as a terminal may receive it: escaped, with colours in their plain form.
#[must_use]
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for (part, colour) in parts(text) {
        push_escaped(&mut safe, part);
        if let Some(colour) = colour {
            safe.push_str(&format!("\x1b[{colour}m"));
        }
    }
    Cow::Owned(safe)
}

/// Returns JSON text with those characters escaped that its encoder leaves as they are. They stand in strings alone.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    let is_raw = |letter: char| letter != '\n' && is_unsafe(letter);
    if !text.contains(is_raw) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_raw(letter) {
            safe.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            safe.push(letter);
        }
    }
    Cow::Owned(safe)
}

/// Splits a text at the palette's sequences: each part with the code of the colour behind it.
fn parts(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let found = text.match_indices(START.as_str()).find_map(|(at, start)| {
            let (code, after) = text.get(at + start.len()..)?.split_once('m')?;
            let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
            is_code.then_some((text.get(..at)?, code, after))
        });
        let Some((before, code, after)) = found else {
            return Some((text, None));
        };
        rest = Some(after);
        Some((before, Some(code)))
    })
}

fn push_escaped(safe: &mut String, text: &str) {
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            // The line break of other systems is one here.
            '\r' if letters.peek() == Some(&'\n') => {}
            letter if is_unsafe(letter) => safe.extend(letter.escape_unicode()),
            letter => safe.push(letter),
        }
    }
}

/// Returns true for the control characters (C0 without line break and tab, DEL, C1) and for bidirectional overrides,
/// embeddings and isolates.
fn is_unsafe(letter: char) -> bool {
    match letter {
        '\n' | '\t' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        letter => letter.is_control(),
    }
}

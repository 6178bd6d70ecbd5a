//! How things look on a terminal: colours, tables, trees, Markdown.
//!
//! The one thing to know: everything here makes text out of values and prints nothing, so that tests compare
//! the very lines that people see.

pub(crate) mod duration;
pub(crate) mod markdown;
pub(crate) mod palette;
pub(crate) mod table;
pub(crate) mod tree;

pub(crate) use duration::{age, took};
#[cfg(test)]
pub(crate) use palette::Palette;
pub(crate) use palette::Screen;

/// A text in one line, cut to `width` columns; what was cut shows as `…`.
pub(crate) fn one_line(text: &str, width: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    console::truncate_str(&text, width.max(1), "…").into_owned()
}

/// A word with its number: `1 step`, `2 steps`.
pub(crate) fn count(number: impl TryInto<u64>, word: &str) -> String {
    let number = number.try_into().unwrap_or_default();
    if number == 1 {
        format!("1 {word}")
    } else {
        format!("{number} {word}s")
    }
}

#[cfg(test)]
mod tests;

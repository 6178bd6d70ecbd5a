//! Formatting for a terminal: trees, Markdown, durations; colours and tables are [`local_stack::terminal`]'s.
//!
//! Functions here return text and print nothing, so that tests compare the exact lines.

pub(crate) mod duration;
pub(crate) mod markdown;
pub(crate) mod tree;

pub(crate) use duration::{age, took};
pub(crate) use local_stack::terminal::{Screen, count, escaped, palette, table};

/// Returns a text in one line, cut to `width` columns; a cut shows as `…`.
pub(crate) fn one_line(text: &str, width: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    console::truncate_str(&escaped(&text), width.max(1), "…").into_owned()
}

#[cfg(test)]
mod tests;

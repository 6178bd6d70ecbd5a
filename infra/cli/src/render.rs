//! How things look on a terminal: trees, Markdown, durations; colours and tables are [`local_stack::terminal`]'s.
//!
//! The one thing to know: everything here makes text out of values and prints nothing, so that tests compare
//! the very lines that people see.

pub(crate) mod duration;
pub(crate) mod markdown;
pub(crate) mod tree;

pub(crate) use duration::{age, took};
pub(crate) use local_stack::terminal::{Screen, count, palette, table};

/// A text in one line, cut to `width` columns; what was cut shows as `…`.
pub(crate) fn one_line(text: &str, width: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    console::truncate_str(&text, width.max(1), "…").into_owned()
}

#[cfg(test)]
mod tests;

//! Terminal code that the commands of this workspace share: colours, tables, and the start and end of a command.

pub mod command;
pub mod escape;
pub mod palette;
pub mod table;

pub use command::{StillRunning, Usage, print, print_error, print_json, redraw, run, stop_signal};
pub use escape::{escaped, for_terminal};
pub use palette::{Palette, Screen};

/// Formats a word with its number: `1 step`, `2 steps`.
pub fn count(number: impl TryInto<u64>, word: &str) -> String {
    let number = number.try_into().unwrap_or_default();
    if number == 1 {
        format!("1 {word}")
    } else {
        format!("{number} {word}s")
    }
}

#[cfg(test)]
mod tests;

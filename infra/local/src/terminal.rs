//! What the commands of this workspace share on a terminal: colours, tables, and how a command begins and ends.

pub mod command;
pub mod palette;
pub mod table;

pub use command::{StillRunning, Usage, print, print_error, print_json, run, told_to_stop};
pub use palette::{Palette, Screen};

/// A word with its number: `1 step`, `2 steps`.
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

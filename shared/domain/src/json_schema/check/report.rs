//! Reports of values that do not fit.

use std::fmt;

use serde_json::Value;

use crate::json_schema::place::Place;

/// Problems that are written out; there may be one for each element of a list.
const MAX_PROBLEMS: usize = 8;

/// The longest text of one problem, in characters.
const MAX_CHARACTERS: usize = 500;

/// Values of an `enum` that are written out, and the longest text of one.
const MAX_CHOICES: usize = 20;
const MAX_CHOICE_CHARACTERS: usize = 60;

#[derive(Default)]
pub(super) struct Report {
    written: Vec<String>,
    found: usize,
    silences: usize,
}

impl Report {
    pub(super) fn add(&mut self, place: &Place<'_>, problem: impl fmt::Display) {
        self.found = self.found.saturating_add(1);
        if self.silences > 0 || self.written.len() >= MAX_PROBLEMS {
            return;
        }
        let text = match place {
            Place::Root => problem.to_string(),
            place => format!("\"{place}\" {problem}"),
        };
        self.written
            .push(text.chars().take(MAX_CHARACTERS).collect());
    }

    /// Counts problems without writing them until the silence ends; returns the count before.
    pub(super) fn begin_silence(&mut self) -> usize {
        self.silences = self.silences.saturating_add(1);
        self.found
    }

    /// Returns true if no problem was found in the silence, and drops those that were.
    pub(super) fn end_silence(&mut self, before: usize) -> bool {
        self.silences = self.silences.saturating_sub(1);
        let found = std::mem::replace(&mut self.found, before);
        found == before
    }

    pub(super) fn into_result(self) -> Result<(), String> {
        if self.found == 0 {
            return Ok(());
        }
        let mut problems = self.written;
        match self.found.saturating_sub(problems.len()) {
            0 => {}
            more => problems.push(format!("and {more} more")),
        }
        Err(problems.join("; "))
    }
}

/// The values of an `enum`, as a list.
pub(super) struct Choices<'a>(pub(super) &'a [Value]);

impl fmt::Display for Choices<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, choice) in self.0.iter().take(MAX_CHOICES).enumerate() {
            if number > 0 {
                formatter.write_str(", ")?;
            }
            let text = choice.to_string();
            let text: String = text.chars().take(MAX_CHOICE_CHARACTERS).collect();
            formatter.write_str(&text)?;
        }
        Ok(())
    }
}

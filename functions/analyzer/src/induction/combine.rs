//! Combines the JSON values and texts of several runs into one with templates.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::align::{Piece, align};
use super::build::Builder;
use super::parameters::{has_value, path_in, text_of, texts};

/// Returns the texts of consecutive pieces, one per run.
fn joined(pieces: &[Piece]) -> Option<Vec<String>> {
    let runs = pieces.iter().find_map(|piece| match piece {
        Piece::Slot(values) => Some(values.len()),
        Piece::Constant(_) => None,
    })?;
    let text = |run: usize| {
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Constant(text) => Some(text.as_str()),
                Piece::Slot(values) => values.get(run).map(String::as_str),
            })
            .collect::<Option<String>>()
    };
    (0..runs).map(text).collect()
}

impl Builder<'_> {
    /// Combines a JSON value of each run into one with templates.
    pub(super) fn value(&mut self, values: &[&Value], is_template: bool) -> Option<Value> {
        let first = *values.first()?;
        match first {
            Value::Object(fields) => {
                let objects: Option<Vec<&Map<String, Value>>> =
                    values.iter().map(|value| value.as_object()).collect();
                let objects = objects?;
                if objects.iter().any(|one| one.len() != fields.len()) {
                    return None;
                }
                let mut combined = Map::new();
                for name in fields.keys() {
                    let parts: Option<Vec<&Value>> =
                        objects.iter().map(|one| one.get(name)).collect();
                    combined.insert(name.clone(), self.value(&parts?, is_template)?);
                }
                Some(Value::Object(combined))
            }
            Value::Array(items) => {
                let lists: Option<Vec<&Vec<Value>>> =
                    values.iter().map(|value| value.as_array()).collect();
                let lists = lists?;
                if lists.iter().any(|one| one.len() != items.len()) {
                    return None;
                }
                (0..items.len())
                    .map(|place| {
                        let parts: Option<Vec<&Value>> =
                            lists.iter().map(|one| one.get(place)).collect();
                        self.value(&parts?, is_template)
                    })
                    .collect::<Option<Vec<_>>>()
                    .map(Value::Array)
            }
            Value::String(_) => {
                let texts: Option<Vec<&str>> = values.iter().map(|value| value.as_str()).collect();
                self.text(&texts?, is_template).map(Value::String)
            }
            _ if values.iter().all(|value| *value == first) => Some(first.clone()),
            Value::Number(_) => {
                let texts: Vec<String> = values.iter().map(|value| text_of(value)).collect();
                self.source(&texts, "")
                    .map(|source| json!(format!("{{{{ {source} }}}}")))
            }
            _ => None,
        }
    }

    /// Combines a text of each run into one with templates. A text that was never a template may contain no marks of
    /// one.
    pub(super) fn text(&mut self, texts: &[&str], is_template: bool) -> Option<String> {
        let has_marks =
            |text: &&str| text.contains("{{") || text.contains("{%") || text.contains("{#");
        if !is_template && texts.iter().any(has_marks) {
            return None;
        }
        let pieces = align(texts)?;
        let mut rest = pieces.as_slice();
        let mut combined = String::new();
        while let Some(piece) = rest.first() {
            match piece {
                Piece::Constant(text) if is_template || !self.is_from_a_row(text) => {
                    combined.push_str(text);
                    rest = rest.get(1..).unwrap_or_default();
                }
                Piece::Constant(_) => return None,
                Piece::Slot(_) => {
                    let near = combined.rsplit("}}").next().unwrap_or_default().to_owned();
                    let (length, filled) = self.slots(rest, &near)?;
                    combined.push_str(&filled);
                    rest = rest.get(length..).unwrap_or_default();
                }
            }
        }
        Some(combined)
    }

    /// Fills the slots at the start of a list, as many as one source explains: a name of two words is two slots where
    /// the space between them is equal. Returns the number of pieces, and the template.
    fn slots(&mut self, pieces: &[Piece], near: &str) -> Option<(usize, String)> {
        let is_joined = |piece: &Piece| match piece {
            Piece::Constant(text) => text.trim().is_empty(),
            Piece::Slot(_) => true,
        };
        let most = pieces.iter().take_while(|piece| is_joined(piece)).count();
        (1..=most).rev().find_map(|length| {
            let part = pieces.get(..length)?;
            let values = joined(part)?;
            let trimmed: Vec<String> = values.iter().map(|value| value.trim().to_owned()).collect();
            let source = self.source(&trimmed, near)?;
            let first = values.first()?;
            let before = if first.starts_with(char::is_whitespace) {
                " "
            } else {
                ""
            };
            let after = if first.ends_with(char::is_whitespace) {
                " "
            } else {
                ""
            };
            // A quotation mark inside a text would end it.
            let filter = match self.is_sql && near.ends_with('\'') {
                true => " | string | replace(\"'\", \"''\")",
                false => "",
            };
            Some((length, format!("{before}{{{{ {source}{filter} }}}}{after}")))
        })
    }

    /// Returns the expression that has these values: a parameter, or a field of an earlier result.
    fn source(&mut self, values: &[String], near: &str) -> Option<String> {
        if let Some(name) = self.parameters.parameter(values, near) {
            return Some(format!("parameters.{name}"));
        }
        self.earlier
            .iter()
            .rev()
            .find_map(|(name, results)| Some(format!("{name}{}", path_in(results, values)?)))
    }

    /// Returns true if a constant copies data of earlier results that no question has: a telling value (with a digit or
    /// an @; short words and numbers are too common), or four words in a row.
    fn is_from_a_row(&self, constant: &str) -> bool {
        let words = words_of(constant);
        let is_telling = |value: &&String| {
            value.len() >= 5
                && value.contains(|letter: char| letter.is_ascii_digit() || letter == '@')
        };
        let is_asked = |text: &str| self.runs.iter().any(|run| run.question.contains(text));
        let results: Vec<&Value> = self
            .earlier
            .iter()
            .flat_map(|(_, results)| results)
            .flatten()
            .copied()
            .collect();
        let mut values = words.iter().filter(is_telling);
        if values
            .any(|value| !is_asked(value) && results.iter().any(|result| has_value(result, value)))
        {
            return true;
        }
        if words.len() < COPIED_WORDS {
            return false;
        }
        let phrases = |text: &str| -> BTreeSet<String> {
            words_of(text)
                .windows(COPIED_WORDS)
                .map(|words| words.join(" "))
                .collect()
        };
        let asked: BTreeSet<String> = self
            .runs
            .iter()
            .flat_map(|run| phrases(&run.question))
            .collect();
        let own: BTreeSet<String> = phrases(constant).difference(&asked).cloned().collect();
        let read = results.iter().flat_map(|result| texts(result));
        read.into_iter()
            .any(|text| !phrases(&text).is_disjoint(&own))
    }
}

/// Words in a row that are no coincidence.
const COPIED_WORDS: usize = 4;

/// Returns the words of a text in lower case, with the words inside quotations.
fn words_of(text: &str) -> Vec<String> {
    let is_sign =
        |letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '-' | '.' | '@' | ':');
    text.split(is_sign)
        .map(|word| word.trim_matches(['.', ':', '-']).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

//! Fills the parameters of a runbook from a question by typed rules: no model is called, and nothing is invented.
//!
//! | Schema of the parameter | Value |
//! |---|---|
//! | `enum` of texts, or `examples` | the one value that the question contains; of `examples`, others are possible |
//! | `format: date` | the one date; with a period, its first or last day by the parameter's name |
//! | `format: period` | the words of the one date or period, such as "last week" |
//! | `integer`, `number` | the number beside the parameter's name, or the only number within the bounds |
//! | `format: table` | the one readable table that the question names |
//! | any other text | the one quoted text, if no other parameter could be meant |
//!
//! A rule gives no value where the question allows two. The database keeps the values that fit the schema, takes missing
//! ones from the request and from a model's reading of the question, and asks the requester for required ones that are
//! still missing.

mod dates;
mod words;

use serde_json::{Map, Value};

use crate::inputs::Table;
use words::words;

/// Facts that the rules depend on.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The date and time in the workspace's time zone, as text that contains `YYYY-MM-DD`.
    pub local_now: &'a str,
    /// The tables that the requester may read.
    pub tables: &'a [Table],
}

/// Returns the parameters of a JSON Schema (`type: object`) for which the question has exactly one value.
#[must_use]
pub fn fill(schema: &Value, question: &str, facts: Facts<'_>) -> Map<String, Value> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Map::new();
    };
    let (spoken, quoted) = split_quoted(question);
    let found = dates::find(&spoken, facts.local_now);
    let mut filled = Map::new();
    for (name, property) in properties {
        let choices = property.get("enum").or_else(|| property.get("examples"));
        let value = if let Some(choices) = choices.and_then(Value::as_array) {
            one_of(choices, question)
        } else if has_format(property, "date") {
            dates::value(&found, name).map(Value::from)
        } else if has_format(property, "period") {
            dates::words_of_period(&found).map(Value::from)
        } else if has_format(property, "table") {
            table_of(question, facts.tables).map(Value::from)
        } else if is_number(property) {
            let is_only = properties.values().filter(|one| is_number(one)).count() == 1;
            number(property, name, &found.rest, is_only)
        } else {
            None
        };
        if let Some(value) = value {
            filled.insert(name.clone(), value);
        }
    }
    let mut texts = properties.iter().filter(|(_, one)| is_plain_text(one));
    if let (Some((name, _)), None, [text]) = (texts.next(), texts.next(), quoted.as_slice()) {
        filled.insert(name.clone(), Value::from(text.as_str()));
    }
    filled
}

fn has_format(property: &Value, format: &str) -> bool {
    property.get("format").and_then(Value::as_str) == Some(format)
}

fn has_type(property: &Value, name: &str) -> bool {
    match property.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    }
}

fn is_number(property: &Value) -> bool {
    (has_type(property, "integer") || has_type(property, "number"))
        && property.get("enum").is_none()
}

fn is_plain_text(property: &Value) -> bool {
    has_type(property, "string")
        && property.get("enum").is_none()
        && property.get("format").is_none()
        && property.get("examples").is_none()
}

/// Splits a question into its text without quotations, and the quotations.
fn split_quoted(question: &str) -> (String, Vec<String>) {
    const PAIRS: &[(char, char)] = &[('"', '"'), ('“', '”'), ('„', '“'), ('«', '»'), ('`', '`')];
    let (mut spoken, mut quoted) = (String::new(), Vec::new());
    let mut rest = question;
    while let Some(start) = rest.find(|letter| PAIRS.iter().any(|(open, _)| *open == letter)) {
        let (before, after) = rest.split_at(start);
        spoken.push_str(before);
        let mut letters = after.chars();
        let open = letters.next().unwrap_or_default();
        let inner = letters.as_str();
        let closes = PAIRS.iter().filter(|(left, _)| *left == open);
        let end = closes
            .filter_map(|(_, close)| Some((inner.find(*close)?, *close)))
            .min();
        let Some((end, close)) = end else {
            rest = inner;
            continue;
        };
        quoted.extend(
            inner
                .get(..end)
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
        );
        spoken.push(' ');
        rest = inner.get(end + close.len_utf8()..).unwrap_or_default();
    }
    spoken.push_str(rest);
    (spoken, quoted)
}

fn contains_words(text: &[String], part: &[String]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}

/// Returns the one choice whose words the question contains. A choice within a longer one that is contained as well,
/// such as "north" in "north east", is not meant.
fn one_of(choices: &[Value], question: &str) -> Option<Value> {
    let question = words(question);
    let contained: Vec<(&Value, Vec<String>)> = choices
        .iter()
        .filter_map(|choice| Some((choice, words(choice.as_str()?))))
        .filter(|(_, choice)| contains_words(&question, choice))
        .collect();
    let is_part = |one: &[String]| {
        contained
            .iter()
            .any(|(_, other)| other.len() > one.len() && contains_words(other, one))
    };
    let mut meant = contained.iter().filter(|(_, one)| !is_part(one));
    match (meant.next(), meant.next()) {
        (Some((choice, _)), None) => Some((*choice).clone()),
        _ => None,
    }
}

/// Returns the one table that the question names, with its schema: `shop.orders`, or by its own name.
fn table_of(question: &str, tables: &[Table]) -> Option<String> {
    let question = words(question);
    let mut named = tables
        .iter()
        .filter(|table| contains_words(&question, &words(&table.name)));
    match (named.next(), named.next()) {
        (Some(table), None) => Some(format!("{}.{}", table.schema, table.name)),
        _ => None,
    }
}

/// Returns the number for a parameter: beside a word of its name ("limit 20", "20 days"), or the only one if no other
/// parameter is a number.
fn number(property: &Value, name: &str, text: &str, is_only: bool) -> Option<Value> {
    let tokens: Vec<&str> = text
        .split(|letter: char| letter.is_whitespace() || ";()?!".contains(letter))
        .map(|token| token.trim_end_matches([',', '.', ':']))
        .filter(|token| !token.is_empty())
        .collect();
    let parsed: Vec<Option<f64>> = tokens.iter().map(|token| read_number(token)).collect();
    let names = words(name);
    let is_name = |place: Option<usize>| {
        let token = place.and_then(|place| tokens.get(place));
        let token = token.map(|token| token.to_lowercase());
        token.is_some_and(|token| names.contains(&token) || names.contains(&format!("{token}s")))
    };
    let numbers = parsed
        .iter()
        .enumerate()
        .filter_map(|(place, one)| Some((place, (*one)?)));
    let numbers: Vec<(usize, f64)> = numbers.filter(|(_, one)| fits(property, *one)).collect();
    let beside: Vec<f64> = numbers
        .iter()
        .filter(|(place, _)| is_name(place.checked_sub(1)) || is_name(place.checked_add(1)))
        .map(|(_, one)| *one)
        .collect();
    let all: Vec<f64> = numbers.iter().map(|(_, one)| *one).collect();
    match (beside.as_slice(), all.as_slice()) {
        ([one], _) => Some(json_number(property, *one)),
        ([], [one]) if is_only => Some(json_number(property, *one)),
        _ => None,
    }
}

/// Reads `20`, `2,340`, `1.5` and `15%`.
fn read_number(token: &str) -> Option<f64> {
    let token = token
        .trim_end_matches('%')
        .trim_start_matches(['$', '€', '£']);
    let is_grouped = token.contains(',')
        && token
            .split('.')
            .next()
            .unwrap_or_default()
            .split(',')
            .skip(1)
            .all(|group| group.len() == 3);
    let plain = if is_grouped {
        token.replace(',', "")
    } else {
        token.to_owned()
    };
    let is_number = plain.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-');
    plain
        .parse::<f64>()
        .ok()
        .filter(|one| is_number && one.is_finite())
}

fn fits(property: &Value, number: f64) -> bool {
    let bound = |name: &str| property.get(name).and_then(Value::as_f64);
    bound("minimum").is_none_or(|least| number >= least)
        && bound("maximum").is_none_or(|most| number <= most)
        && (has_type(property, "number") || number.fract() == 0.0)
}

fn json_number(property: &Value, number: f64) -> Value {
    let whole = format!("{number:.0}").parse::<i64>().ok();
    match whole.filter(|_| number.fract() == 0.0 && has_type(property, "integer")) {
        Some(whole) => Value::from(whole),
        None => Value::from(number),
    }
}

#[cfg(test)]
mod tests;

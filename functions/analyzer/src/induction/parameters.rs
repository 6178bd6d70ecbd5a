//! Finds where a value that differs between runs comes from: a parameter that the question contains, or the result of an
//! earlier call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use tasks::Table;
use tasks::parameters::{Facts, fill};

use crate::evidence::Run;

/// Parameters that the typed rules are tried with, and their schemas.
const PROBES: &[(&str, &str)] = &[
    ("from", r#"{"type": "string", "format": "date"}"#),
    ("until", r#"{"type": "string", "format": "date"}"#),
    ("day", r#"{"type": "string", "format": "date"}"#),
    ("period", r#"{"type": "string", "format": "period"}"#),
    ("number", r#"{"type": "number"}"#),
    ("table", r#"{"type": "string", "format": "table"}"#),
    ("text", r#"{"type": "string"}"#),
];

/// Words that name no parameter.
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "as", "at", "by", "for", "from", "had", "has", "have", "in", "is", "of",
    "on", "or", "the", "to", "was", "were", "with",
];

/// The parameters of a runbook, as they are found.
pub(crate) struct Parameters<'a> {
    runs: &'a [&'a Run],
    /// What the typed rules find in each run's question.
    probes: Vec<Map<String, Value>>,
    /// Name, schema, and the value in each run.
    found: BTreeMap<String, (Value, Vec<String>)>,
}

impl<'a> Parameters<'a> {
    pub(crate) fn new(runs: &'a [&'a Run], tables: &[Table]) -> Self {
        let properties: Map<String, Value> = PROBES
            .iter()
            .map(|(name, schema)| {
                (
                    (*name).to_owned(),
                    serde_json::from_str(schema).unwrap_or_default(),
                )
            })
            .collect();
        let schema = json!({"properties": properties});
        let probe = |run: &&Run| {
            let facts = Facts {
                local_now: &run.local_now,
                tables,
            };
            fill(&schema, &run.question, facts)
        };
        Self {
            runs,
            probes: runs.iter().map(probe).collect(),
            found: BTreeMap::new(),
        }
    }

    /// Returns the parameter that has these values, one per run; none if the questions do not contain them. `near` is
    /// the text before the value, whose last word names a new parameter.
    pub(crate) fn parameter(&mut self, values: &[String], near: &str) -> Option<String> {
        let known = self.found.iter().find(|(_, (_, found))| found == values);
        if let Some((name, _)) = known {
            return Some(name.clone());
        }
        if values.iter().any(|value| value.trim().is_empty()) {
            return None;
        }
        let (name, schema) = self.typed(values).or_else(|| self.words(values, near))?;
        self.found.insert(name.clone(), (schema, values.to_vec()));
        Some(name)
    }

    /// Returns the typed rule that finds these values in the questions.
    fn typed(&self, values: &[String]) -> Option<(String, Value)> {
        let (name, schema) = PROBES.iter().find(|(name, _)| {
            !self.found.contains_key(*name)
                && self.probes.iter().zip(values).all(|(probe, value)| {
                    probe.get(*name).is_some_and(|one| text_of(one) == *value)
                })
        })?;
        let mut schema: Value = serde_json::from_str(schema).unwrap_or_default();
        if *name == "number" && values.iter().all(|value| value.parse::<i64>().is_ok()) {
            schema = json!({"type": "integer"});
        }
        Some(((*name).to_owned(), schema))
    }

    /// Returns a parameter for words that the questions contain. Its values are examples if each was used by two
    /// people: otherwise they would show what one person asked about.
    fn words(&self, values: &[String], near: &str) -> Option<(String, Value)> {
        let is_asked = self
            .runs
            .iter()
            .zip(values)
            .all(|(run, value)| contains_words(&run.question, value));
        if !is_asked {
            return None;
        }
        let mut people: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (run, value) in self.runs.iter().zip(values) {
            people.entry(value).or_default().insert(&run.user_id);
        }
        let is_shared = people.values().all(|people| people.len() >= 2);
        let schema = match is_shared {
            true => json!({"type": "string", "examples": people.keys().collect::<Vec<_>>()}),
            false => json!({"type": "string"}),
        };
        Some((self.free_name(near), schema))
    }

    fn free_name(&self, near: &str) -> String {
        let words: Vec<&str> = near
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .filter(|word| word.starts_with(|letter: char| letter.is_ascii_lowercase()))
            .filter(|word| !STOP_WORDS.contains(word))
            .collect();
        let base = words.last().map_or("value", |word| *word);
        let base: String = base.to_lowercase().chars().take(40).collect();
        let mut name = base.clone();
        let mut number = 2;
        while self.found.contains_key(&name) || PROBES.iter().any(|(probe, _)| *probe == name) {
            name = format!("{base}_{number}");
            number += 1;
        }
        name
    }

    /// Drops the parameters that a plan does not read: a text that did not become a template may have brought some.
    pub(crate) fn keep_used(&mut self, plan: &Value) {
        let plan = plan.to_string();
        let is_used = |name: &str| {
            plan.contains(&format!("{{{{ parameters.{name} }}}}"))
                || plan.contains(&format!("{{{{ parameters.{name} |"))
        };
        self.found.retain(|name, _| is_used(name));
    }

    /// Returns the JSON Schema of the parameters, all of them required; an empty object without any.
    pub(crate) fn schema(&self) -> Value {
        if self.found.is_empty() {
            return json!({});
        }
        let properties: Map<String, Value> = self
            .found
            .iter()
            .map(|(name, (schema, _))| (name.clone(), schema.clone()))
            .collect();
        json!({"type": "object", "additionalProperties": false, "properties": properties,
               "required": self.found.keys().collect::<Vec<_>>()})
    }

    /// Returns the values of one run: by the typed rules where they find one, otherwise what its model read in the
    /// question.
    pub(crate) fn values(&self, place: usize, tables: &[Table]) -> Map<String, Value> {
        let Some(run) = self.runs.get(place) else {
            return Map::new();
        };
        let facts = Facts {
            local_now: &run.local_now,
            tables,
        };
        let mut values = fill(&self.schema(), &run.question, facts);
        for (name, (schema, found)) in &self.found {
            let is_free =
                schema.get("format").is_none() && schema.get("type") == Some(&json!("string"));
            if !values.contains_key(name) && is_free {
                values.insert(name.clone(), json!(found.get(place)));
            }
        }
        values
    }

    /// Returns the value of each parameter in one run, as it stands in the question's words or in the arguments.
    pub(crate) fn texts(&self, place: usize) -> Vec<String> {
        self.found
            .values()
            .filter_map(|(_, found)| found.get(place).cloned())
            .collect()
    }
}

/// Returns the path of a scalar that has these values in the results of the runs, such as `.rows[0].id`; none if there
/// is none, or a result is not there.
pub(crate) fn path_in(results: &[Option<&Value>], values: &[String]) -> Option<String> {
    let results: Option<Vec<&Value>> = results.iter().copied().collect();
    let results = results?;
    let mut paths = Vec::new();
    scalars(results.first()?, String::new(), &mut |path, value| {
        if Some(value) == values.first() {
            paths.push(path.to_owned());
        }
    });
    paths.into_iter().find(|path| {
        results
            .iter()
            .zip(values)
            .all(|(result, value)| at(result, path).is_some_and(|one| text_of(one) == *value))
    })
}

/// Returns true if a result contains this text as a value.
pub(crate) fn has_value(result: &Value, text: &str) -> bool {
    texts(result).iter().any(|value| value == text)
}

/// Returns the texts and numbers of a value.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::String(_) | Value::Number(_) => vec![text_of(value)],
        Value::Bool(_) | Value::Null => Vec::new(),
    }
}

/// Calls a function with the path and text of each number and text in a value, at most 5,000.
fn scalars(value: &Value, path: String, found: &mut impl FnMut(&str, &String)) {
    let mut open = vec![(path, value)];
    let mut seen = 0;
    while let Some((path, value)) = open.pop() {
        seen += 1;
        if seen > 5_000 {
            return;
        }
        match value {
            Value::Object(fields) => {
                open.extend(fields.iter().rev().filter_map(|(name, value)| {
                    let is_plain = !name.is_empty()
                        && name
                            .chars()
                            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
                        && !name.starts_with(|letter: char| letter.is_ascii_digit());
                    is_plain.then(|| (format!("{path}.{name}"), value))
                }))
            }
            Value::Array(items) => {
                open.extend(
                    items
                        .iter()
                        .enumerate()
                        .rev()
                        .map(|(place, item)| (format!("{path}[{place}]"), item)),
                );
            }
            Value::String(_) | Value::Number(_) => found(&path, &text_of(value)),
            Value::Bool(_) | Value::Null => {}
        }
    }
}

/// Follows a path of `scalars`.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split(['.', '[', ']'])
        .filter(|part| !part.is_empty())
        .try_fold(value, |value, part| match value {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            other => other.get(part),
        })
}

/// Returns the text of a scalar as a template prints it.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 && whole.abs() < 1e15 && number.is_f64() => {
                format!("{whole:.0}")
            }
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// Returns true if a text contains these words one after the other, in any case.
fn contains_words(text: &str, words: &str) -> bool {
    let lower = |text: &str| -> Vec<String> {
        super::align::split(text)
            .iter()
            .map(|token| token.trim_matches(['"', '\'']).to_lowercase())
            .filter(|token| !token.trim().is_empty())
            .collect()
    };
    let (text, words) = (lower(text), lower(words));
    !words.is_empty() && text.windows(words.len()).any(|window| window == words)
}

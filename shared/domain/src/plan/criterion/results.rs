//! Checks that the results of the steps decide alone.

use regex_lite::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use crate::expression::{self, Check};
use crate::json_schema::JsonSchema;
use crate::plan::ProblemCode;

/// The approximate size of a compiled pattern: a thousand states.
const MAX_PATTERN_BYTES: usize = 32 * 1024;

/// The longest text in which a pattern is searched, in bytes.
const MAX_SEARCHED_BYTES: usize = 64 * 1024;

/// The longest part of a value that evidence quotes.
const MAX_QUOTED_CHARS: usize = 120;

/// A check over the results of the steps.
#[derive(Debug, Clone, PartialEq)]
pub enum ResultCheck {
    /// An expression that is true.
    Expression(String),
    /// A regular expression that is found in a value.
    Matches {
        /// A template, or a value with templates in it.
        value: Value,
        /// The regular expression.
        pattern: String,
    },
    /// A value that is valid by a JSON Schema.
    Schema {
        /// A template, or a value with templates in it.
        value: Value,
        /// The schema.
        schema: Value,
    },
    /// A number that is near a value, or within bounds.
    Number {
        /// A template, or a number.
        value: Value,
        /// The numbers that are right.
        expected: ExpectedNumber,
    },
}

/// The numbers that a check accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ExpectedNumber {
    /// One value, with the difference that is allowed.
    Near {
        /// The value.
        equals: f64,
        /// The largest difference, at least 0.
        tolerance: f64,
    },
    /// All between two bounds, themselves included.
    Within {
        /// The lower bound, if there is one.
        at_least: Option<f64>,
        /// The upper bound, if there is one.
        at_most: Option<f64>,
    },
}

impl ExpectedNumber {
    /// Reads the fields beside `value`, whose shape has been checked.
    pub(super) fn of(fields: &Map<String, Value>) -> Option<Self> {
        let number = |name: &str| fields.get(name).and_then(Value::as_f64);
        Some(match number("equals") {
            Some(equals) => Self::Near {
                equals,
                tolerance: number("tolerance").unwrap_or(0.0),
            },
            None => Self::Within {
                at_least: number("at_least"),
                at_most: number("at_most"),
            },
        })
    }

    fn accepts(self, number: f64) -> bool {
        match self {
            Self::Near { equals, tolerance } => {
                // 10.3 - 10.2 is a little more than 0.1 in binary; the last digits of the operands are forgiven.
                let slack = match tolerance > 0.0 {
                    true => 4.0 * f64::EPSILON * number.abs().max(equals.abs()),
                    false => 0.0,
                };
                (number - equals).abs() <= tolerance + slack
            }
            Self::Within { at_least, at_most } => {
                at_least.is_none_or(|least| number >= least)
                    && at_most.is_none_or(|most| number <= most)
            }
        }
    }
}

impl std::fmt::Display for ExpectedNumber {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Near { equals, tolerance } if tolerance > 0.0 => {
                write!(formatter, "{equals} ± {tolerance}")
            }
            Self::Near { equals, .. } => write!(formatter, "{equals}"),
            Self::Within { at_least, at_most } => {
                let bounds = [("at least", at_least), ("at most", at_most)];
                let bounds = bounds
                    .iter()
                    .filter_map(|(word, bound)| bound.map(|bound| format!("{word} {bound}")));
                formatter.write_str(&bounds.collect::<Vec<_>>().join(" and "))
            }
        }
    }
}

impl ResultCheck {
    /// Returns what keeps the check from ever being evaluated: a pattern or a schema that cannot be read.
    pub(crate) fn problem(&self) -> Option<(ProblemCode, String)> {
        let message = match self {
            Self::Matches { pattern, .. } => compile(pattern).err(),
            Self::Schema { schema, .. } => JsonSchema::parse(schema)
                .err()
                .map(|problem| format!("check.schema.schema cannot be used: {problem}")),
            Self::Expression(_) | Self::Number { .. } => None,
        };
        message.map(|message| (ProblemCode::BadCheck, message))
    }

    /// Returns the value that is looked at, with templates in it; an expression has none.
    pub(crate) fn value(&self) -> Option<&Value> {
        match self {
            Self::Expression(_) => None,
            Self::Matches { value, .. }
            | Self::Schema { value, .. }
            | Self::Number { value, .. } => Some(value),
        }
    }

    /// Evaluates the check over the names that templates may read.
    ///
    /// # Errors
    /// The reason why it is neither met nor unmet, such as a value that is missing, as a sentence for people.
    pub fn evaluate(&self, names: &Value) -> Result<Check, String> {
        match self {
            Self::Expression(expression) => {
                expression::evaluate_check(expression, names).map_err(|error| error.to_string())
            }
            Self::Matches { value, pattern } => matches(&filled(value, names)?, pattern),
            Self::Schema { value, schema } => is_valid(&filled(value, names)?, schema),
            Self::Number { value, expected } => is_expected(&filled(value, names)?, *expected),
        }
    }
}

fn filled(value: &Value, names: &Value) -> Result<Value, String> {
    expression::render(value, names)
        .map_err(|error| format!("the value cannot be filled in: {error}"))
}

fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_PATTERN_BYTES)
        .build()
        .map_err(|error| format!("check.matches.pattern cannot be used: {error}"))
}

fn matches(value: &Value, pattern: &str) -> Result<Check, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => return Err(format!("{} is neither a text nor a number", quoted(other))),
    };
    if text.len() > MAX_SEARCHED_BYTES {
        return Err(format!(
            "the value has more than {MAX_SEARCHED_BYTES} bytes, in which no pattern is searched"
        ));
    }
    let holds = compile(pattern)?.is_match(&text);
    let verb = if holds { "matches" } else { "does not match" };
    Ok(Check {
        holds,
        evidence: format!("{} {verb} `{pattern}`", quoted(value)),
    })
}

fn is_valid(value: &Value, schema: &Value) -> Result<Check, String> {
    let schema = JsonSchema::parse(schema)
        .map_err(|problem| format!("check.schema.schema cannot be used: {problem}"))?;
    Ok(match schema.check(value) {
        Ok(()) => Check {
            holds: true,
            evidence: format!("{} is valid by the schema", quoted(value)),
        },
        Err(problem) => Check {
            holds: false,
            evidence: format!("{} is not valid by the schema: {problem}", quoted(value)),
        },
    })
}

fn is_expected(value: &Value, expected: ExpectedNumber) -> Result<Check, String> {
    // Exact numbers of the database that a double cannot represent are texts.
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let Some(number) = number.filter(|number| number.is_finite()) else {
        return Err(format!("{} is not a number", quoted(value)));
    };
    let holds = expected.accepts(number);
    let verb = if holds { "is" } else { "is not" };
    Ok(Check {
        holds,
        evidence: format!("{number} {verb} {expected}"),
    })
}

/// Returns the start of a value as JSON, for evidence.
pub(super) fn quoted(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= MAX_QUOTED_CHARS {
        return text;
    }
    let start: String = text.chars().take(MAX_QUOTED_CHARS).collect();
    format!("{start}…")
}

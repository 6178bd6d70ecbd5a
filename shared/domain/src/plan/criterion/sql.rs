//! Checks that a query of the asker decides.

use serde_json::{Map, Value};

use super::results::quoted;
use crate::expression::Check;

/// A query and the value that it must return.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlCheck {
    /// One SELECT, with templates in it.
    pub query: String,
    /// The value of its one column, or columns of its one row; without it, the value must be true.
    pub expect: Option<Value>,
}

impl SqlCheck {
    /// Compares the rows that the query returned; two of them are enough to see that it is not one.
    ///
    /// # Errors
    /// The reason why the rows give no verdict, as a sentence for people.
    pub fn compare(&self, rows: &[Map<String, Value>]) -> Result<Check, String> {
        let row = match rows {
            [] => return Err("the query of the check returned no row".to_owned()),
            [row] => row,
            _ => return Err("the query of the check returned more than one row".to_owned()),
        };
        let shown = quoted(&Value::Object(row.clone()));
        let Some(expect) = &self.expect else {
            return match only_value(row)? {
                Value::Bool(holds) => Ok(Check {
                    holds: *holds,
                    evidence: format!("the query returned {shown}"),
                }),
                _ => Err(format!(
                    "the query of the check returned {shown}, which is neither true nor false"
                )),
            };
        };
        let holds = match expect {
            Value::Object(expected) => {
                let mut columns = expected.iter().map(|(name, expected)| {
                    let found = row.get(name).ok_or_else(|| {
                        format!("the query of the check returned no column {name:?}: {shown}")
                    })?;
                    Ok::<_, String>(is_same(found, expected))
                });
                columns.try_fold(true, |all, one| Ok::<_, String>(one? && all))?
            }
            expected => is_same(only_value(row)?, expected),
        };
        let verb = if holds {
            "as expected"
        } else {
            "not the expected"
        };
        Ok(Check {
            holds,
            evidence: format!("the query returned {shown}, {verb} {}", quoted(expect)),
        })
    }
}

fn only_value(row: &Map<String, Value>) -> Result<&Value, String> {
    let mut values = row.values();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(format!(
            "the query of the check returned {} columns, not one",
            row.len()
        )),
    }
}

/// Compares values; numbers by their value, so that 2 and 2.0 are the same.
fn is_same(found: &Value, expected: &Value) -> bool {
    match (found.as_f64(), expected.as_f64()) {
        (Some(found_number), Some(expected_number)) => {
            found == expected
                || (found.as_i64().is_none() || expected.as_i64().is_none())
                    && found_number == expected_number
        }
        _ => found == expected,
    }
}

//! Checks of criteria: how code, or a person, gives a verdict where no model has to.
//!
//! `check` of a criterion is a text, an expression over the results, or an object with one field that names the kind:
//!
//! | Check | Met when |
//! |---|---|
//! | `"steps.top.row_count == 3"` | the expression is true |
//! | `{"sql": {"query", "expect"?}}` | the query, run as the asker, returns one row with one value that is true; or that equals `expect`, a text, number or boolean; or a row that has the columns of `expect`, an object |
//! | `{"matches": {"value", "pattern"}}` | the regular expression is found in the value, a text or number |
//! | `{"schema": {"value", "schema"}}` | the value is valid by the JSON Schema |
//! | `{"number": {"value", "equals", "tolerance"?}}` | the number differs from `equals` by at most `tolerance` (0 if absent) |
//! | `{"number": {"value", "at_least"?, "at_most"?}}` | the number is within the bounds; one of them may be absent |
//! | `{"person": {"question", "required_role"?}}` | the requester confirms it, or a person with that role |
//!
//! `{"sql": "select …"}` and `{"person": "…?"}` are short for an object with the query or the question alone. `value`
//! is filled in like the arguments of a tool, the query too. A check that cannot be evaluated is neither met nor unmet.

mod results;
mod shape;
mod sql;

use serde_json::{Map, Value};

pub use results::{ExpectedNumber, ResultCheck};
pub use sql::SqlCheck;

/// The check of a criterion.
#[derive(Debug, Clone, PartialEq)]
pub enum CriterionCheck {
    /// Decided by the results of the steps alone.
    Results(ResultCheck),
    /// Decided by a query as the asker.
    Sql(SqlCheck),
    /// Decided by a person.
    Person(PersonCheck),
}

/// A question to a person, who gives the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonCheck {
    /// The question, to be understood alone.
    pub question: String,
    /// The role that decides; without one the requester does.
    pub required_role: Option<String>,
}

impl CriterionCheck {
    /// Reads the check of a criterion. Returns none if it has none: an absent one, and a value that is neither a text
    /// nor an object, which counts as absent.
    ///
    /// # Errors
    /// The problem of an object that is no check (rule `bad_check`), as a sentence that names the part.
    pub fn read(check: &Value) -> Result<Option<Self>, String> {
        match check {
            Value::String(text) if !text.is_empty() => Ok(Some(Self::Results(
                ResultCheck::Expression(text.to_owned()),
            ))),
            Value::Object(fields) => {
                let (kind, fields) = shape::read(fields)?;
                Self::of(kind, &fields)
                    .map(Some)
                    .ok_or_else(|| format!("check.{kind} cannot be read"))
            }
            _ => Ok(None),
        }
    }

    /// Builds the check from the fields of its kind, which [`shape::read`] has checked.
    fn of(kind: &str, fields: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let value = || fields.get("value").cloned();
        Some(match kind {
            "sql" => Self::Sql(SqlCheck {
                query: text("query")?,
                expect: fields.get("expect").cloned(),
            }),
            "person" => Self::Person(PersonCheck {
                question: text("question")?,
                required_role: text("required_role"),
            }),
            "matches" => Self::Results(ResultCheck::Matches {
                value: value()?,
                pattern: text("pattern")?,
            }),
            "schema" => Self::Results(ResultCheck::Schema {
                value: value()?,
                schema: fields.get("schema").cloned()?,
            }),
            "number" => Self::Results(ResultCheck::Number {
                value: value()?,
                expected: ExpectedNumber::of(fields)?,
            }),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;

//! The one JSON Schema checker: arguments of tools, ours and those of MCP servers, results of agents' steps, and the
//! schemas in plans.
//!
//! Draft 2020-12, and the words of older drafts that mean the same wherever they stand (`definitions`, `dependencies`,
//! lists in `items`). Schemas come from models and from servers and are untrusted, so that a schema is read before it
//! is used ([`JsonSchema::parse`]). A word that asserts something and is not carried out here (`unevaluatedProperties`,
//! `$dynamicRef`), a reference that leaves the schema, and a pattern that `regex-lite` does not read make the schema
//! unusable, with a reason; of a schema that others wrote, such as an MCP server's, [`checkable()`] leaves those parts
//! to their author. Nothing is loaded from anywhere. Words that assert nothing, `format` among them, are skipped.
//!
//! Size of a schema, depth, patterns and the work of one check are bounded; a check that reaches a bound refuses the
//! value. Numbers are compared exactly as whole numbers up to 128 bits, and as 64-bit floating point otherwise.
//!
//! Where SQL must decide (a person's limits, budgets, answers and edits), `goalpost_private.json_problem` carries out a
//! subset of the same words; a test compares the two.

mod check;
mod checkable;
mod number;
mod place;
mod read;
mod result;
mod schema;
mod value;

use serde_json::Value;

pub use checkable::checkable;
pub use result::result_problem;
pub use schema::{JsonSchema, MAX_BYTES};

impl JsonSchema<'_> {
    /// Checks a value.
    ///
    /// # Errors
    /// Each problem with its place, separated by semicolons; of many, the first ones and how many more there are.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        check::run(self, value, false)
    }

    /// Checks a value in which strings with a template's tag stand for values that are undetermined: one that is
    /// exactly one `{{ expression }}` for any value, any other for a text. Words that depend on the value (`not`, `if`,
    /// `oneOf`) are left open where the value has such a string.
    ///
    /// # Errors
    /// As [`JsonSchema::check`].
    pub fn check_with_holes(&self, value: &Value) -> Result<(), String> {
        check::run(self, value, true)
    }
}

#[cfg(test)]
mod generated;
#[cfg(test)]
mod tests;

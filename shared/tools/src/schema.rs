//! Checks arguments against JSON Schema (draft 2020-12, as far as tools' arguments use it).
//!
//! Our own schemas are small; those of MCP servers are anybody's. So a schema is read before it is
//! used ([`problem_of`]): what asserts something that is not carried out here (`unevaluatedProperties`,
//! a reference to another document, a pattern that cannot be read) makes it unusable, with a reason. Words
//! that assert nothing in any draft are passed by. `format` is a remark, as the standard has it.
//! A library would weigh 2 to 6 MB in the executor; the tests hold this against one.

mod check;
mod read;
mod value;

use serde_json::Value;

use crate::ToolError;
use check::Check;

/// Problems that a refusal names; there may be one for each element of a list.
const MAX_PROBLEMS: usize = 8;

/// Why a schema cannot be checked here; nothing when it can.
pub(crate) fn problem_of(schema: &Value) -> Option<String> {
    if !schema.is_object() {
        return Some("the schema is no object".into());
    }
    read::problem(schema)
}

/// Says whether the arguments fit, naming what does not.
pub(crate) fn check(tool: &str, schema: &Value, arguments: &Value) -> Result<(), ToolError> {
    let refusal = |problem: &str| {
        let message = format!("the arguments of {tool} do not fit: {problem}");
        Err(ToolError::terminal("invalid_arguments", message))
    };
    if !arguments.is_object() {
        return refusal("the arguments must be an object");
    }
    if let Some(problem) = problem_of(schema) {
        let message = format!("the schema of {tool} cannot be checked: {problem}");
        return Err(ToolError::terminal("schema_unusable", message));
    }
    let mut problems = Check::new(schema).run(arguments);
    if problems.is_empty() {
        return Ok(());
    }
    let more = problems.len().saturating_sub(MAX_PROBLEMS);
    problems.truncate(MAX_PROBLEMS);
    if more > 0 {
        problems.push(format!("and {more} more"));
    }
    refusal(&problems.join("; "))
}

#[cfg(test)]
mod tests;

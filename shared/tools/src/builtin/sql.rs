//! The `sql` tool: one SELECT over the schemas that the asker's workspace may read.
//!
//! Two checks follow each other. Here, [`gate::check`] examines the syntax tree: one statement, nothing but reading,
//! known functions only. In the database, the query runs read-only as the asker, under row-level security, with limits
//! on time, rows and bytes; that is the part of the [`QueryRunner`](crate::QueryRunner), which the caller passes in. The query that runs is
//! printed from the checked tree and never the original text, so a difference between this parser and Postgres's cannot
//! hide anything.

mod functions;
pub mod gate;
mod types;

pub use functions::names as function_names;

use domain::Tool;
use serde_json::{Value, json};

use crate::result::{MAX_RESULT_BYTES, result_fields};
use crate::{CallContext, Query, ToolError};

pub(crate) const NAME: &str = "sql";

/// The longest query.
pub(crate) const MAX_QUERY_BYTES: usize = 20_000;

/// The default limit of rows.
const DEFAULT_ROW_LIMIT: u32 = 200;
const MAX_ROW_LIMIT: u32 = 1_000;

pub(crate) fn describe() -> Tool {
    Tool {
        name: NAME.into(),
        description: "Runs one read-only SELECT (PostgreSQL) as the asker, under row-level security, and gives columns and rows.".into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "query": {"type": "string", "description": "One SELECT statement; WITH is allowed.", "maxLength": MAX_QUERY_BYTES},
                "row_limit": {"type": "integer", "description": "Rows to return at most.", "minimum": 1, "maximum": MAX_ROW_LIMIT, "default": DEFAULT_ROW_LIMIT}
            },
            "required": ["query"],
            "additionalProperties": false
        }),
        result: result_fields(&[
            ("columns", "names of the columns, in order"),
            ("row_count", "number of rows returned"),
            ("rows", "rows as objects, column to value"),
            ("truncated", "true if there were more rows than row_limit"),
        ]),
        version: 1,
        idempotent: true,
        writes: false,
        timeout_seconds: 30,
        returns_untrusted: true,
        max_calls_per_step: 100,
        ..Tool::default()
    }
}

pub(crate) async fn call(arguments: &Value, context: &CallContext) -> Result<Value, ToolError> {
    let query = arguments
        .get("query")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let sql = gate::check(query, &context.readable_schemas)
        .map_err(|refusal| ToolError::terminal("query_refused", refusal.to_string()))?;
    let Some(run_query) = &context.run_query else {
        let message = "this step cannot query the database; use sql in a step of a run";
        return Err(ToolError::terminal("query_unavailable", message));
    };
    let requested = arguments.get("row_limit").and_then(Value::as_u64);
    let row_limit = requested
        .and_then(|limit| u32::try_from(limit).ok())
        .unwrap_or(DEFAULT_ROW_LIMIT);
    // A little below the cap on results, for the column names and the rest around the rows.
    let byte_limit = u32::try_from(MAX_RESULT_BYTES - 8 * 1024).unwrap_or(u32::MAX);
    let row_limit = row_limit.clamp(1, MAX_ROW_LIMIT);
    run_query(Query {
        sql,
        row_limit,
        byte_limit,
    })
    .await
}

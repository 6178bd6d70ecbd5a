//! The `table_write` tool: inserts or upserts rows into a table that the workspace lists, as the asker.
//!
//! Only its arguments are defined here. The database does the rest (`write_table`): the asker's rights and policies,
//! and the row that records the call, which commits together with the written rows. A repeated call returns the first
//! result.

use domain::{Approval, Tool};
use serde_json::{Value, json};

use crate::result::result_fields;
use crate::{CallContext, ToolError};

pub(crate) const NAME: &str = "table_write";

pub(crate) fn describe() -> Tool {
    Tool {
        name: NAME.into(),
        description: "Inserts or upserts up to 500 rows into a table that the workspace lists, as the asker, under row-level security, and gives how many.".into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "table": {"type": "string", "description": "A table with its schema, such as public.orders.", "minLength": 3, "maxLength": 200},
                "rows": {
                    "type": "array",
                    "description": "Rows as objects, all with the same columns.",
                    "items": {"type": "object", "minProperties": 1},
                    "minItems": 1,
                    "maxItems": 500
                },
                "mode": {"type": "string", "description": "upsert changes rows that are there already.", "enum": ["insert", "upsert"], "default": "insert"},
                "conflict_columns": {"type": "array", "description": "For upsert: the columns of a unique key.", "items": {"type": "string"}, "maxItems": 32}
            },
            "required": ["table", "rows"],
            "additionalProperties": false
        }),
        result: result_fields(&[
            ("arguments", "what was sent, as a person may have edited it"),
            ("mode", "insert or upsert"),
            ("row_count", "rows written"),
            ("table", "the table"),
            ("was_edited", "true if a person edited it"),
        ]),
        idempotent: true,
        writes: true,
        timeout_seconds: 15,
        approval: Approval::WhenTainted,
        max_calls_per_step: 50,
        ..Tool::default()
    }
}

/// Writes rows: `{"table", "mode", "row_count"}`.
pub(crate) async fn call(arguments: &Value, context: &CallContext) -> Result<Value, ToolError> {
    let Some(database) = &context.database else {
        let message = "this step cannot write to the database; use table_write in a step of a run";
        return Err(ToolError::terminal("write_unavailable", message));
    };
    database.write_table(arguments).await
}

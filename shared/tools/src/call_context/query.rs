//! Queries of the `sql` tool: what the gate lets pass, and the function that runs it.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;

use crate::ToolError;

/// A query that passed the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// One SELECT, printed from the checked tree.
    pub sql: String,
    /// Rows to return at most; the runner reports when there were more.
    pub row_limit: u32,
    /// Bytes of rows as JSON to return at most.
    pub byte_limit: u32,
}

/// Runs a query as the asker and returns `{"columns", "rows", "row_count", "truncated"}`.
pub type QueryRunner =
    Arc<dyn Fn(Query) -> BoxFuture<'static, Result<Value, ToolError>> + Send + Sync>;

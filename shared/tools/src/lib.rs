//! The tools that steps and agents may call, all through [`Registry::call`].
//!
//! Every call goes through the same checks in the same order: the tool exists, the arguments fit its schema, the tool
//! runs within its time, the result is an object of bounded size. The code here limits the destinations of a tool, not
//! a prompt: arguments come from models and rows and are untrusted. The caller decides beforehand which tools a step
//! may call.
//!
//! One file per built-in tool: `sql`, `calculate`, `http_get`, `http_request`, `template`, `webhook`, `table_write`,
//! `email`; `mcp` for those of MCP servers. `control` describes calls that only change rows.

mod arguments;
pub mod calculate;
pub mod control;
mod egress_policy;
mod email;
mod error;
mod http;
pub mod http_get;
mod http_request;
mod mcp;
mod registry;
pub mod sql;
mod table_write;
pub mod template;
pub mod webhook;

pub use control::EMBED_MEMORIES;
pub use egress_policy::{EgressPolicy, McpServer, StepDatabase};
pub use email::{EmailConfig, SecretReader};
pub use error::{OUTCOME_UNKNOWN, QUERIES_BUSY, ToolError, WAITS_FOR_PERSON};
pub use http::HttpPolicy;
pub use registry::{CallContext, MAX_RESULT_BYTES, Registry};
pub use sql::{Query, QueryRunner};

use serde_json::{Map, Value};

/// Describes the fields of a tool's result: name and content.
fn result_fields(fields: &[(&str, &str)]) -> Map<String, Value> {
    let described = fields
        .iter()
        .map(|(name, holds)| ((*name).to_owned(), Value::from(*holds)));
    described.collect()
}

//! The tools that steps and agents may call, and the one door to them: [`Registry::call`].
//!
//! Every call goes through the same checks in the same order: the tool exists, the arguments fit its
//! schema, the tool runs within its time, the result is an object of bounded size. What a tool may
//! reach is decided here and not in a prompt: arguments come from models and rows and are untrusted.
//! Who may call which tool is the caller's to decide, before it calls.
//!
//! One file per built-in tool: [`sql`], [`calculate`], [`http_get`], [`template`], [`webhook`].

pub mod calculate;
mod error;
mod http;
pub mod http_get;
mod registry;
mod schema;
pub mod sql;
pub mod template;
pub mod webhook;

pub use error::ToolError;
pub use http::HttpPolicy;
pub use registry::{CallContext, MAX_RESULT_BYTES, Registry};
pub use sql::{Query, QueryRunner};

//! The built-in tools, a file or folder each: its description (name, arguments, result, limits) and its call.

pub(crate) mod calculate;
pub(crate) mod control;
pub(crate) mod email;
pub(crate) mod http_get;
pub(crate) mod http_request;
pub(crate) mod period_report;
pub mod sql;
pub(crate) mod table_write;
pub(crate) mod template;
pub(crate) mod webhook;

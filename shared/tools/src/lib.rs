//! The tools that steps and agents may call, all through [`Registry::call`].
//!
//! A tool is a description (`domain::Tool`: name, JSON Schema of the arguments, limits, whether it writes and whether
//! its result can be trusted) and a call that takes arguments and a [`CallContext`] and returns a JSON object.
//! Every call goes through the same checks in the same order: the tool exists, the arguments fit its schema, the tool
//! runs within its time, the result is an object of bounded size. The code here limits the destinations of a tool, not
//! a prompt: arguments come from models and rows and are untrusted. The caller decides beforehand which tools a step
//! may call.
//!
//! | Part | Contents |
//! |---|---|
//! | `registry` | the list of tools, and the checks around a call |
//! | `builtin` | a file or folder per tool; `control` describes calls that only change rows |
//! | `egress` | the HTTP client and the rules for destinations |
//! | `mcp` | the client of MCP servers, whose tools are called `mcp.<server>.<tool>` |
//! | `messenger` | messages to people, by the ways out of `webhook` and `email` |
//! | `outbound_config` | the operator's variables for what leaves the installation |
//! | `call_context` | what a call gets from its step |
//! | `arguments`, `result`, `error` | the checks of both ends of a call, and its error |
//!
//! To add a tool, add a file to `builtin` with its `describe` and `call`, an entry to `Registry::over`, and its row to
//! `supabase/schemas/95_builtins/10_agents.sql`; a test compares the two. A tool that sends anything out takes the
//! client of `egress`. The JSON Schema checker is `domain::json_schema`, because the rules for plans need it too.

mod arguments;
mod builtin;
mod call_context;
mod egress;
mod error;
mod mcp;
mod messenger;
mod outbound_config;
mod registry;
mod result;

pub use builtin::control::EMBED_MEMORIES;
pub use builtin::email::{EmailConfig, SecretReader};
pub use builtin::sql;
pub use call_context::{CallContext, McpServer, Query, QueryRunner, StepDatabase};
pub use egress::{EgressPolicy, HttpPolicy};
pub use error::{OUTCOME_UNKNOWN, QUERIES_BUSY, ToolError, WAITS_FOR_PERSON};
pub use messenger::{Messenger, Sender};
pub use outbound_config::{EmailProvider, OutboundConfig};
pub use registry::Registry;
pub use result::MAX_RESULT_BYTES;

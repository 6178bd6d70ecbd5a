//! The terms of Goalpost as types, and the decisions that depend on their arguments alone.
//!
//! Nothing here does I/O, waits, reads a clock or reads the environment: the same input always gives the same answer.
//! State itself changes in SQL functions only; this crate defines which values are valid.
//!
//! - [`ids`]: one newtype per kind of id, so that two of them cannot be swapped by accident.
//! - [`state`]: the states of requests, goals, runs, steps and approvals, and the kinds of steps.
//! - [`plan`]: plans and the rules they must pass; the same rules are in SQL.
//! - [`capabilities`]: learned capabilities of models' servers.
//! - [`expression`]: templates and checks inside plans, evaluated within bounds.
//! - [`json_schema`]: checks values against JSON Schemas.
//! - [`lenient_json`]: reads JSON that others wrote.
//! - [`outcome`]: verdicts, usage and the other small values that steps leave behind.
//! - [`private_hosts`]: the operator's own hosts, and the workspaces that may call them.
//! - [`tool`]: the description of a tool for models and for the plan check.
//! - [`tool_call`]: a call of a tool, from its request to its result.
//! - [`visible`](fn@visible): texts of others, as a person may read them.

pub mod capabilities;
pub mod expression;
pub mod ids;
pub mod json_schema;
pub mod lenient_json;
mod nearest;
pub mod outcome;
pub mod plan;
pub mod private_hosts;
pub mod state;
pub mod tool;
pub mod tool_call;
mod visible;

pub use capabilities::{Capabilities, LimitParameter, OutputFormat};
pub use ids::{
    ApprovalId, Attempt, DeadLetterId, GoalId, LeaseEpoch, RequestId, RunId, RunbookId, StepKey,
    UserId, WakeId, WorkspaceId,
};
pub use json_schema::JsonSchema;
pub use lenient_json::read_json;
pub use nearest::nearest;
pub use outcome::{Contradiction, CriterionVerdict, DecidedBy, StepError, Usage, Verdict};
pub use plan::{Catalogue, CriterionCheck, Limits, Plan, PlanStep, Problem, ProblemCode};
pub use private_hosts::PrivateHosts;
pub use state::{ApprovalState, GoalState, RequestState, RunState, StepKind, StepState};
pub use tool::{Approval, Tool};
pub use tool_call::{ToolCall, ToolCallRequest, ToolCallResult, ToolCallResults, ToolCallState};
pub use visible::visible;

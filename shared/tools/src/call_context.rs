//! What a call gets from its step, besides its arguments.

mod query;
mod step_database;

use std::sync::Arc;
use std::time::Duration;

use domain::WorkspaceId;

pub use query::{Query, QueryRunner};
pub use step_database::{McpServer, StepDatabase};

use crate::EgressPolicy;

/// The context of a call, besides its arguments. It comes from the claimed step, never from a model.
#[derive(Clone)]
pub struct CallContext {
    /// The workspace of the claimed step.
    pub workspace_id: WorkspaceId,
    /// The schemas that `sql` may read.
    pub readable_schemas: Vec<String>,
    /// Runs a query of `sql` that passed the gate; without it `sql` is refused.
    pub run_query: Option<QueryRunner>,
    /// The hosts that `webhook` may post to: the workspace's own list. An empty list allows none.
    pub webhook_hosts: Vec<String>,
    /// The other destinations that the workspace allows.
    pub egress_policy: EgressPolicy,
    /// The database for tools, bound to the step's lease; without it, those tools are refused.
    pub database: Option<Arc<dyn StepDatabase>>,
    /// Identifies this call: the same for each attempt of it, without the attempt's number.
    pub idempotency_key: String,
    /// The time left for the step; a tool's own limit holds as well.
    pub time_limit: Duration,
}

//! The context of a claimed step as the executor reads it, and the names that its templates may use.

use std::sync::Arc;

use domain::Tool;
use runtime::StepContext;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::{ClaimedStep, StepError, Store};
use tasks::{Agent, Asker, Goal, Table, Workspace};
use tools::{CallContext, EgressPolicy, Query, QueryRunner, ToolError};

use crate::leased_database::LeasedDatabase;

/// The context of kinds `tool` and `agent`, as `goalpost_private.context_to_work` writes it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WorkContext {
    #[serde(default)]
    pub(crate) goal: Value,
    #[serde(default)]
    pub(crate) question: String,
    #[serde(default)]
    pub(crate) parameters: Map<String, Value>,
    #[serde(default)]
    pub(crate) steps: Map<String, Value>,
    /// The errors of failed dependencies, by key.
    #[serde(default)]
    pub(crate) failed_steps: Map<String, Value>,
    #[serde(default)]
    pub(crate) agent: Option<Agent>,
    #[serde(default)]
    pub(crate) tools: Vec<Tool>,
    /// Sent only for agents that have `sql` or `table_write`.
    #[serde(default)]
    pub(crate) tables: Vec<Table>,
    #[serde(default)]
    pub(crate) more_tables: u32,
    #[serde(default)]
    pub(crate) readable_schemas: Vec<String>,
    /// Sent only to steps that may call `webhook`.
    #[serde(default)]
    pub(crate) webhook_hosts: Vec<String>,
    /// Sent only to steps that may call tools that act outside the database.
    #[serde(default, rename = "reach")]
    pub(crate) egress_policy: EgressPolicy,
    /// Sent only to agents that a model works for, as are the asker and the time in its zone.
    #[serde(default)]
    pub(crate) workspace: Workspace,
    #[serde(default)]
    pub(crate) asker: Asker,
    #[serde(default)]
    pub(crate) local_now: String,
    #[serde(default)]
    pub(crate) now: String,
    /// True if the step's model may be sent values of tables.
    #[serde(default)]
    pub(crate) reads_values: bool,
    /// True if the step has a journal to continue from.
    #[serde(default)]
    pub(crate) journaled: bool,
    /// Names the step among all steps of all workspaces, the same for each of its attempts.
    #[serde(skip)]
    step_name: String,
}

impl WorkContext {
    pub(crate) fn of(step: &ClaimedStep) -> Result<Self, StepError> {
        let step_name = format!("{}/{}/{}", step.workspace_id, step.run_id, step.step_key);
        Ok(Self {
            step_name,
            ..step.context()?
        })
    }

    /// Returns the goal, if the step works for one.
    pub(crate) fn goal(&self) -> Option<Goal> {
        serde_json::from_value(self.goal.clone()).ok()
    }

    /// Returns true if the agent's row lists this tool.
    pub(crate) fn agent_may_call(&self, tool: &str) -> bool {
        self.agent
            .as_ref()
            .is_some_and(|agent| agent.tools.iter().any(|allowed| allowed == tool))
    }

    /// Returns the names that templates in arguments may use. `results` are those of earlier calls of the same step.
    pub(crate) fn names(&self, results: &[Value]) -> Value {
        let mut goal = self.goal.clone();
        if let Value::Object(goal) = &mut goal {
            goal.insert("question".to_owned(), json!(self.question));
        }
        json!({
            "goal": goal,
            "question": self.question,
            "parameters": self.parameters,
            "steps": self.steps,
            "results": results,
            "now": self.now,
        })
    }

    /// Builds the context of one call, bound to this claim: queries run as the asker of this very step. The key is the
    /// same at every attempt of the call; `number` is its number in the journal, 0 where it has none.
    pub(crate) fn for_call(
        &self,
        store: &Store,
        context: &StepContext,
        idempotency_key: String,
        number: i32,
    ) -> CallContext {
        CallContext {
            workspace_id: context.workspace_id().clone(),
            readable_schemas: self.readable_schemas.clone(),
            run_query: Some(query_runner(store.clone(), context)),
            webhook_hosts: self.webhook_hosts.clone(),
            egress_policy: self.egress_policy.clone(),
            database: Some(Arc::new(LeasedDatabase::new(store, context, number))),
            idempotency_key,
            time_limit: context.remaining(),
        }
    }

    /// Returns the key of a call that the journal does not have: the same at every attempt of the step.
    pub(crate) fn step_name(&self) -> &str {
        &self.step_name
    }
}

fn query_runner(store: Store, context: &StepContext) -> QueryRunner {
    let lease = context.lease().clone();
    Arc::new(move |query: Query| {
        let (store, lease) = (store.clone(), lease.clone());
        Box::pin(async move {
            let answer = store
                .answer_query(&lease, &query.sql, query.row_limit, query.byte_limit)
                .await;
            let rows = answer.map_err(|error| query_error(&error))?;
            serde_json::to_value(rows)
                .map_err(|error| ToolError::terminal("result_unreadable", error.to_string()))
        })
    })
}

fn query_error(error: &store::Error) -> ToolError {
    use store::Error as E;
    match error {
        // The query may still run, and a repeat would take as long again.
        error if error.is_query_timeout() => ToolError::terminal(
            "query_timed_out",
            "the query took longer than a query may, and is not tried again; read fewer rows or use an index",
        ),
        E::QueriesBusy { seconds } => ToolError {
            retry_after_seconds: Some(u64::from(*seconds)),
            ..ToolError::retryable(tools::QUERIES_BUSY, error.to_string())
        },
        E::WaitsForPerson { .. } => ToolError::terminal(tools::WAITS_FOR_PERSON, error.to_string()),
        error if error.is_retryable() => ToolError::retryable(error.code(), error.to_string()),
        error => ToolError::terminal(error.code(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Returns the key of a call of a step claimed with these changes.
    fn key(changed: &Value) -> String {
        let mut work = json!({
            "run_id": 17, "step_key": "notify", "kind": "tool", "lease_epoch": 1, "attempt": 1, "max_attempts": 3,
            "timeout_seconds": 60, "workspace_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "request_id": 5,
            "context": {},
        });
        let (work_fields, changes) = (work.as_object_mut().unwrap(), changed.as_object().unwrap());
        work_fields.extend(changes.clone());
        let step: ClaimedStep = serde_json::from_value(work).unwrap();
        WorkContext::of(&step).unwrap().step_name().to_owned()
    }

    #[test]
    fn unanswered_queries_are_terminal() {
        for code in ["57014", store::NO_REPLY] {
            let error = query_error(&store::Error::Unavailable {
                code: Some(code.to_owned()),
                message: String::new(),
                effect: store::Effect::Unknown,
            });
            assert_eq!(
                (error.code.as_ref(), error.retryable),
                ("query_timed_out", false),
                "{code}"
            );
        }
    }

    #[test]
    fn busy_queries_and_renewals_suspend_the_step() {
        let busy = query_error(&store::Error::QueriesBusy { seconds: 2 });
        let waits = query_error(&store::Error::WaitsForPerson {
            kind: "renewal".to_owned(),
        });
        assert_eq!(
            crate::tool_calls::interruption(&busy),
            Some(runtime::Interrupted::Wait { seconds: 2 })
        );
        assert_eq!(
            crate::tool_calls::interruption(&waits),
            Some(runtime::Interrupted::Suspended)
        );
    }

    #[test]
    fn every_attempt_has_the_same_key() {
        let again = json!({"attempt": 2, "lease_epoch": 2});
        assert_eq!(key(&again), key(&json!({})));
    }

    #[test]
    fn every_step_has_its_own_key() {
        let other_workspace = json!({"workspace_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3302"});
        for other in [
            json!({"run_id": 18}),
            json!({"step_key": "post"}),
            other_workspace,
        ] {
            assert_ne!(key(&other), key(&json!({})), "{other}");
        }
    }
}

//! Trees for races: the engine creates each shape once, through the calls of people and functions, and the tree is
//! copied row by row for each trial. Creating ten thousand goals one call at a time would take longer than the races.

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::lane::Lane;
use super::rpc::{self, LONG_LEASE_SECONDS, Lease};
use super::session::Call;

/// Distance between the ids of two copies; see `races.copy_trees`.
const STRIDE: i64 = 10_000;
const TREE: &str = "select races.tree(($1::jsonb)::bigint)";
const COPY: &str = "select to_jsonb(races.copy_trees(($1::jsonb ->> 'request_id')::bigint,
    array(select jsonb_array_elements_text($1::jsonb -> 'copies')::bigint))::text)";

/// Tree in the state in which the race begins.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Tree {
    pub(super) request_id: i64,
    /// Ids of goals, the root goal first.
    goal_ids: Vec<i64>,
    /// Ids of runs: the request's own first, then the root goal's.
    run_ids: Vec<i64>,
    approval_id: Option<i64>,
    dead_letter_id: Option<i64>,
    /// Claimed steps.
    #[serde(default)]
    pub(super) leases: Vec<Lease>,
}

impl Tree {
    /// Returns the copy with this number.
    pub(super) fn copy(&self, number: i64) -> Self {
        let moved = |id: &i64| id + number * STRIDE;
        Self {
            request_id: moved(&self.request_id),
            goal_ids: self.goal_ids.iter().map(moved).collect(),
            run_ids: self.run_ids.iter().map(moved).collect(),
            approval_id: self.approval_id.as_ref().map(moved),
            dead_letter_id: self.dead_letter_id.as_ref().map(moved),
            leases: self
                .leases
                .iter()
                .map(|lease| Lease {
                    run_id: moved(&lease.run_id),
                    ..lease.clone()
                })
                .collect(),
        }
    }

    pub(super) fn goal_id(&self) -> i64 {
        self.goal_ids.first().copied().unwrap_or_default()
    }

    /// Returns the goal below the root goal.
    pub(super) fn sub_goal_id(&self) -> Option<i64> {
        self.goal_ids.get(1).copied()
    }

    /// Returns the root goal's run.
    pub(super) fn run_id(&self) -> i64 {
        self.run_ids.get(1).copied().unwrap_or_default()
    }

    pub(super) fn approval_id(&self) -> i64 {
        self.approval_id.unwrap_or_default()
    }

    pub(super) fn dead_letter_id(&self) -> i64 {
        self.dead_letter_id.unwrap_or_default()
    }
}

/// Returns a tool step of a plan.
pub(super) fn tool_step(key: &str, depends_on: &[String]) -> Value {
    json!({"key": key, "kind": "tool", "depends_on": depends_on,
           "input": {"tool": "template", "arguments": {"template": key}}})
}

impl Lane {
    /// Creates a goal with this plan; its first steps are ready, or wait.
    pub(super) async fn goal(&self, plan: &Value) -> anyhow::Result<i64> {
        let accepted = self.asker()?.get(&rpc::accept(&self.workspace_id)).await?;
        let assess = self.take(&["assess"]).await?;
        let goal =
            json!({"decision": "goal", "goal": {"title": "A race", "description": "Of sessions"}});
        self.complete(&assess, &goal).await?;
        self.plan(plan).await?;
        let request_id = accepted.get("request_id").and_then(Value::as_i64);
        request_id.context("accept_request gave no request_id")
    }

    /// Plans the goal whose planning step is ready.
    pub(super) async fn plan(&self, plan: &Value) -> anyhow::Result<()> {
        let planning = self.take(&["plan"]).await?;
        self.complete(&planning, &json!({ "plan": plan })).await
    }

    /// Claims all ready steps of these kinds with a long lease.
    pub(super) async fn take(&self, kinds: &[&str]) -> anyhow::Result<Vec<Lease>> {
        let claimed = self
            .worker()?
            .get(&rpc::claim(kinds, 100, LONG_LEASE_SECONDS))
            .await?;
        let leases = Lease::read(&claimed);
        ensure!(
            !leases.is_empty(),
            "nothing of the kinds {kinds:?} was ready"
        );
        Ok(leases)
    }

    /// Completes all of these steps with the same result.
    pub(super) async fn complete(&self, leases: &[Lease], result: &Value) -> anyhow::Result<()> {
        let outcomes: Vec<Value> = leases.iter().map(|lease| lease.completed(result)).collect();
        self.report(&outcomes).await
    }

    /// Reports outcomes, each of which has to count.
    pub(super) async fn report(&self, outcomes: &[Value]) -> anyhow::Result<()> {
        let call = rpc::finish(outcomes, 0, LONG_LEASE_SECONDS);
        let reply = self.worker()?.call(&call).await;
        let verdicts = reply.verdicts();
        if verdicts.len() != outcomes.len()
            || verdicts.iter().any(|(_, _, verdict)| verdict != "accepted")
        {
            bail!("a tree could not be prepared: {reply}");
        }
        Ok(())
    }

    /// Reads the ids of a tree and adds its leases.
    pub(super) async fn tree(&self, request_id: i64, leases: Vec<Lease>) -> anyhow::Result<Tree> {
        let call = Call {
            sql: TREE,
            argument: json!(request_id),
        };
        let tree: Tree = serde_json::from_value(self.admin.get(&call).await?)?;
        Ok(Tree { leases, ..tree })
    }

    /// Copies a tree.
    pub(super) async fn copy(&self, tree: &Tree, copies: &[i64]) -> anyhow::Result<()> {
        let call = Call {
            sql: COPY,
            argument: json!({"request_id": tree.request_id, "copies": copies}),
        };
        self.admin
            .get(&call)
            .await
            .map(drop)
            .context("copying a tree")
    }
}

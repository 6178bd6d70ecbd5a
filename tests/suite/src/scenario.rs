//! Scenarios that several tests begin with: a workspace with its people, a request, a goal with a given plan.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Database, Session};

/// Workspace, its owner, and a session for the functions' work.
pub struct Workspace {
    /// Id of the workspace.
    pub id: String,
    /// Id of the owner.
    pub owner_id: String,
    /// Session of the owner.
    pub owner: Session,
    /// Session of a worker.
    pub worker: Session,
}

/// Identity of a claimed step.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Run of the step.
    pub run_id: i64,
    /// Key of the step.
    pub step_key: String,
    /// Fencing token.
    pub lease_epoch: i64,
}

impl Claimed {
    /// Reads a claimed step of a reply of `claim_steps` or `finish_steps`.
    #[must_use]
    pub fn from_json(value: &Value) -> Self {
        Self {
            run_id: value["run_id"].as_i64().unwrap_or_default(),
            step_key: value["step_key"].as_str().unwrap_or_default().to_owned(),
            lease_epoch: value["lease_epoch"].as_i64().unwrap_or_default(),
        }
    }

    /// Returns an outcome that reports completion.
    #[must_use]
    pub fn completed(&self, result: &Value) -> Value {
        json!({"run_id": self.run_id, "step_key": self.step_key, "lease_epoch": self.lease_epoch,
               "outcome": "completed", "result": result})
    }

    /// Returns an outcome that reports a failure.
    #[must_use]
    pub fn failed(&self, code: &str, retryable: bool) -> Value {
        json!({"run_id": self.run_id, "step_key": self.step_key, "lease_epoch": self.lease_epoch,
               "outcome": "failed", "error": {"code": code, "message": code, "retryable": retryable}})
    }
}

/// Creates a person.
///
/// # Errors
/// Postgres does not answer.
pub async fn person(database: &Database) -> anyhow::Result<String> {
    let id = Uuid::new_v4().to_string();
    let owner = database.owner().await?;
    owner
        .run(&format!(
            "insert into auth.users (id, email) values ('{id}', '{id}@goalpost.test')"
        ))
        .await?;
    Ok(id)
}

impl Workspace {
    /// Creates a workspace with a new owner.
    ///
    /// # Errors
    /// Postgres does not answer.
    pub async fn new(database: &Database) -> anyhow::Result<Self> {
        let owner_id = person(database).await?;
        let owner = database.person(&owner_id).await?;
        let made = owner
            .call("goalpost.create_workspace", &json!({"p_name": "Test"}))
            .await?;
        // A project admin's grant: a person's new workspace may spend nothing.
        database
            .owner()
            .await?
            .run(
                "select goalpost_private.give_budget(w.id, 250000000, 1000000000, goalpost_private.clock())
                   from goalpost.workspaces w",
            )
            .await?;
        Ok(Self {
            id: made["workspace_id"].as_str().unwrap_or_default().to_owned(),
            owner_id,
            owner,
            worker: database.worker().await?,
        })
    }

    /// Sends a question and returns the request's id.
    ///
    /// # Errors
    /// The request is refused.
    pub async fn ask(&self, question: &str) -> anyhow::Result<i64> {
        let accepted = self
            .owner
            .call(
                "goalpost.accept_request",
                &json!({"p_workspace_id": self.id, "p_question": question}),
            )
            .await?;
        Ok(accepted["request_id"].as_i64().unwrap_or_default())
    }

    /// Claims ready steps of these kinds.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn claim(&self, kinds: &[&str]) -> anyhow::Result<Vec<Claimed>> {
        claim(&self.worker, kinds, None).await
    }

    /// Reports outcomes and claims nothing.
    ///
    /// # Errors
    /// Postgres refuses.
    pub async fn finish(&self, outcomes: &[Value]) -> anyhow::Result<Value> {
        finish(&self.worker, outcomes, &["tool"], 0).await
    }

    /// Creates a goal with an accepted plan and returns the run's id. Its first steps are ready.
    ///
    /// # Errors
    /// Postgres refuses, or the plan is rejected.
    pub async fn goal(&self, plan: &Value) -> anyhow::Result<i64> {
        self.ask("a goal of a test").await?;
        let assess = first(self.claim(&["assess"]).await?)?;
        let goal =
            json!({"decision": "goal", "goal": {"title": "A goal", "description": "Of a test"}});
        self.finish(&[assess.completed(&goal)]).await?;
        let planning = first(self.claim(&["plan"]).await?)?;
        let judged = self
            .finish(&[planning.completed(&json!({"plan": plan}))])
            .await?;
        anyhow::ensure!(
            judged["outcomes"][0]["verdict"] == "accepted",
            "the plan was not accepted: {judged}"
        );
        Ok(planning.run_id)
    }
}

/// Claims with any session.
///
/// # Errors
/// Postgres refuses.
pub async fn claim(
    session: &Session,
    kinds: &[&str],
    wake_id: Option<i64>,
) -> anyhow::Result<Vec<Claimed>> {
    let claimed = session
        .call(
            "goalpost_worker.claim_steps",
            &json!({"p_kinds": kinds, "p_limit": 10, "p_lease_seconds": 30, "p_worker": "test", "p_wake_id": wake_id}),
        )
        .await?;
    Ok(claimed
        .as_array()
        .into_iter()
        .flatten()
        .map(Claimed::from_json)
        .collect())
}

/// Reports outcomes with any session.
///
/// # Errors
/// Postgres refuses.
pub async fn finish(
    session: &Session,
    outcomes: &[Value],
    kinds: &[&str],
    limit: i64,
) -> anyhow::Result<Value> {
    // An empty array would have no type.
    let outcomes = Value::Array(outcomes.to_vec());
    session
        .json(&format!(
            "select goalpost_worker.finish_steps('{}'::jsonb, array[{}], {limit}, 30, 'test')",
            outcomes.to_string().replace('\'', "''"),
            kinds
                .iter()
                .map(|kind| format!("'{kind}'"))
                .collect::<Vec<_>>()
                .join(", "),
        ))
        .await
}

/// Returns the only element.
///
/// # Errors
/// There is none, or more than one.
pub fn first(mut claimed: Vec<Claimed>) -> anyhow::Result<Claimed> {
    anyhow::ensure!(claimed.len() == 1, "expected one step, got {claimed:?}");
    claimed
        .pop()
        .ok_or_else(|| anyhow::anyhow!("expected one step"))
}

/// Returns a tool step of a plan with these dependencies.
#[must_use]
pub fn tool_step(key: &str, depends_on: &[&str]) -> Value {
    json!({"key": key, "kind": "tool", "depends_on": depends_on,
           "input": {"tool": "template", "arguments": {"template": key}}})
}

//! Reads a request with its goals, runs, steps and approvals.
//!
//! The parts are read concurrently, so they may be a moment apart. A display reads them again at the next event.

use futures::try_join;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Approval, Client, Criterion, DeadLetter, Error, Goal, Progress, Request, Result, Run, Step,
    Usage,
};

const REQUEST: &str = "id,workspace_id,question,state,reason,complexity_score,complexity_reasons,goal_id,answer_text,created_at,ended_at";
const GOAL: &str = "id,request_id,parent_goal_id,parent_run_id,parent_step_key,title,goal_type,state,reason,report,created_at,ended_at";
const CRITERION: &str = "goal_id,number,description,verdict,evidence,evidence_step,decided_by";
const RUN: &str =
    "id,request_id,goal_id,root_run_id,state,reason,revision,runbook_id,created_at,ended_at";
const STEP: &str = "run_id,key,kind,title,revision,depends_on,state,attempt,max_attempts,run_after,started_at,ended_at,error";
const APPROVAL: &str = "id,goal_id,run_id,step_key,kind,question,shown,required_role,state,requested_at,expires_at,comment";
const USAGE: &str =
    "run_id,step_key,provider,model,input_tokens,output_tokens,cost_microusd,is_estimate";
const DEAD_LETTER: &str = "id,run_id,step_key,error,retried_at";

/// A request with everything that followed from it.
#[derive(Clone, Debug, Serialize)]
pub struct Work {
    /// The request.
    pub request: Request,
    /// All goals of its tree, the oldest first.
    pub goals: Vec<Goal>,
    /// All runs, the oldest (the root) first.
    pub runs: Vec<Run>,
    /// All steps.
    pub steps: Vec<Step>,
    /// All approvals.
    pub approvals: Vec<Approval>,
    /// The progress of each goal.
    pub progress: Vec<Progress>,
    /// The criteria of all goals, with the verdicts.
    pub criteria: Vec<Criterion>,
    /// Steps that failed permanently.
    pub dead_letters: Vec<DeadLetter>,
}

impl Work {
    /// Returns the id of the root run, under which the tree's events are read.
    #[must_use]
    pub fn root_run_id(&self) -> Option<i64> {
        self.runs.first().map(|run| run.root_run_id)
    }

    /// Returns true if the request has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.request.ended_at.is_some()
    }

    /// Returns the goal that was opened for the request.
    #[must_use]
    pub fn goal(&self) -> Option<&Goal> {
        self.goals
            .iter()
            .find(|goal| Some(goal.id) == self.request.goal_id)
    }

    /// Returns the approvals without a decision.
    pub fn pending_approvals(&self) -> impl Iterator<Item = &Approval> {
        self.approvals
            .iter()
            .filter(|approval| approval.state == "pending")
    }

    /// Returns the final text: the goal's report, or the answer.
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        let report = self.goal().and_then(|goal| goal.report.as_deref());
        report.or(self.request.answer_text.as_deref())
    }

    /// Returns the criteria of the request's own goal.
    pub fn criteria(&self) -> impl Iterator<Item = &Criterion> {
        self.criteria
            .iter()
            .filter(|criterion| Some(criterion.goal_id) == self.request.goal_id)
    }

    /// Returns the most specific reason of the failure.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        let of_goal = self.goal().and_then(|goal| goal.reason.as_deref());
        self.request.reason.as_deref().or(of_goal)
    }
}

impl Client {
    /// Reads a request with everything that followed from it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it does not exist or belongs to another workspace; else as any call.
    pub async fn work(&self, request_id: i64) -> Result<Work> {
        let ids = [request_id];
        let (requests, goals, runs): (Vec<Request>, Vec<Goal>, Vec<Run>) = try_join!(
            self.rows("requests", REQUEST, ("id", &ids), "id"),
            self.rows("goals", GOAL, ("request_id", &ids), "id"),
            self.rows("workflow_runs", RUN, ("request_id", &ids), "id"),
        )?;
        let Some(request) = requests.into_iter().next() else {
            return Err(Error::NotFound {
                message: format!("there is no request {request_id} that you may see"),
            });
        };
        let of_runs: Vec<i64> = runs.iter().map(|run| run.id).collect();
        let of_goals: Vec<i64> = goals.iter().map(|goal| goal.id).collect();
        let (steps, approvals, dead_letters, progress, criteria) = try_join!(
            self.rows("steps", STEP, ("run_id", &of_runs), "run_id,key"),
            self.rows("approvals", APPROVAL, ("run_id", &of_runs), "id"),
            self.rows("dead_letters", DEAD_LETTER, ("run_id", &of_runs), "id"),
            self.rows("goal_progress", "*", ("goal_id", &of_goals), "goal_id"),
            self.rows(
                "goal_criteria",
                CRITERION,
                ("goal_id", &of_goals),
                "goal_id,number"
            ),
        )?;
        Ok(Work {
            request,
            goals,
            runs,
            steps,
            approvals,
            progress,
            criteria,
            dead_letters,
        })
    }

    /// Reads the model calls of these runs.
    ///
    /// # Errors
    /// As any call.
    pub async fn usage(&self, runs: &[Run]) -> Result<Vec<Usage>> {
        let ids: Vec<i64> = runs.iter().map(|run| run.id).collect();
        self.rows("usage_events", USAGE, ("run_id", &ids), "run_id,step_key")
            .await
    }

    /// Reads a goal by its id.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it does not exist or belongs to another workspace; else as any call.
    pub async fn goal(&self, goal_id: i64) -> Result<Goal> {
        let goals: Vec<Goal> = self.rows("goals", GOAL, ("id", &[goal_id]), "id").await?;
        let missing = || Error::NotFound {
            message: format!("there is no goal {goal_id} that you may see"),
        };
        goals.into_iter().next().ok_or_else(missing)
    }

    /// Reads the newest goals at the top of their tree.
    ///
    /// # Errors
    /// As any call.
    pub async fn goals(&self, limit: usize) -> Result<Vec<Goal>> {
        let query = [
            ("select", GOAL.to_owned()),
            ("parent_goal_id", "is.null".to_owned()),
            ("order", "id.desc".to_owned()),
            ("limit", limit.to_string()),
        ];
        self.select("goals", &query).await
    }

    /// Reads the progress of these goals.
    ///
    /// # Errors
    /// As any call.
    pub async fn progress(&self, goal_ids: &[i64]) -> Result<Vec<Progress>> {
        self.rows("goal_progress", "*", ("goal_id", goal_ids), "goal_id")
            .await
    }

    /// Reads an approval by its id.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it does not exist or belongs to another workspace; else as any call.
    pub async fn approval(&self, approval_id: i64) -> Result<Approval> {
        let approvals: Vec<Approval> = self
            .rows("approvals", APPROVAL, ("id", &[approval_id]), "id")
            .await?;
        let missing = || Error::NotFound {
            message: format!("there is no approval {approval_id} that you may see"),
        };
        approvals.into_iter().next().ok_or_else(missing)
    }

    async fn rows<T: DeserializeOwned>(
        &self,
        table: &str,
        columns: &str,
        (column, values): (&str, &[i64]),
        order: &str,
    ) -> Result<Vec<T>> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<String> = values.iter().map(i64::to_string).collect();
        let query = [
            ("select", columns.to_owned()),
            (column, format!("in.({})", values.join(","))),
            ("order", order.to_owned()),
        ];
        self.select(table, &query).await
    }
}

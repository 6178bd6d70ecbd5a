//! Plans a goal: a runbook that fits, or a plan that the model writes.

mod language;
mod parse;
mod prompt;

use domain::{Limits, Tool};
use llm::{Answer, Model, ModelCaller};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::conversation::{self, Conversation};
use crate::deterministic::{self, rule};
use crate::error::Error;
use crate::inputs::{Asker, Fit, Goal, Table, Workspace};
use crate::review::{self, ReviewPlan};

pub(crate) use language::{describe, step_schema};

/// Context of a `plan` step, with what came of an earlier try in the same step.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanTask {
    /// The question as it was asked.
    pub question: String,
    /// What is to be planned.
    pub goal: Goal,
    /// Titles of the goals above a sub-goal, from the first.
    pub goals_above: Vec<String>,
    /// Runbooks by how well they match.
    pub runbooks: Vec<RunbookOffer>,
    /// Who may work.
    pub agents: Vec<AgentOffer>,
    /// What may be called.
    pub tools: Vec<Tool>,
    /// What may be read: the tables that fit the goal, where there are many.
    pub tables: Vec<Table>,
    /// How many more tables there are.
    pub more_tables: u32,
    /// The schemas that the asker's queries may name.
    pub readable_schemas: Vec<String>,
    /// The caps that the plan must keep.
    pub limits: Limits,
    /// Which plan of the goal this will be, from 1.
    pub revision: i32,
    /// What came of the last revision.
    pub previous: Option<Value>,
    /// What is remembered of earlier work, best first.
    pub memories: Vec<String>,
    /// What holds for all work of the workspace.
    pub workspace: Workspace,
    /// The person who asked.
    pub asker: Asker,
    /// The database's clock in the workspace's time zone, as text.
    pub local_now: String,
    /// The database's clock, as text.
    pub now: String,
}

/// A runbook that may become the plan.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunbookOffer {
    /// Its id.
    pub runbook_id: i64,
    /// Its name, which is also the type of its goals.
    pub name: String,
    /// Which version of it.
    pub version: i32,
    /// For people.
    pub title: String,
    /// Its purpose.
    pub description: String,
    /// Its relevance with its success, cost and frequency in this workspace, from 0 to 1.
    pub score: f64,
    /// Similarity of words, from 0 to 1.
    pub relevance: f64,
    /// How much of it the runbook covers.
    pub fit: Fit,
    /// What the score is made of.
    pub reasons: Vec<String>,
    /// Words of the goal that occur nowhere in the runbook, in their base form.
    pub uncovered: Vec<String>,
    /// Whether the asker may use it.
    pub allowed: bool,
    /// Why not, as a sentence for the asker.
    pub refusal: Option<String>,
    /// The JSON Schema of its parameters.
    pub parameters: Value,
    /// Its plan.
    pub plan: Value,
}

/// An agent that steps may name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentOffer {
    /// Its name.
    pub name: String,
    /// What it is good at.
    pub role: String,
    /// What it may call.
    pub tools: Vec<String>,
}

/// A plan and where it comes from, in the form of a `plan` step's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// To be checked before anything is made of it.
    pub plan: Value,
    /// The runbook that it is, if it is one.
    pub runbook_id: Option<i64>,
    /// The runbook's parameters that typed rules found in the question.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// Why, by name.
    pub reasons: Vec<String>,
    /// The model that wrote it; none where it is a runbook's or a rule's. A failed step of such a plan leads to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// Turns a goal into a plan, from a runbook where one fits. A plan that cannot run goes back to the model with what
/// is wrong.
///
/// # Errors
/// See [`Error`].
pub async fn plan<A: ModelCaller, R: ReviewPlan>(
    model: &Model,
    caller: &mut A,
    task: &PlanTask,
    review: &R,
) -> Result<Planned, Error> {
    let by_rule = match rule::plan_by_name(task)? {
        None if model.is_offline() => Some(deterministic::plan(task)?),
        by_rule => by_rule,
    };
    if let Some(planned) = by_rule {
        let problems = review.check(&planned.plan);
        if problems.is_empty() {
            return Ok(planned);
        }
        return Err(Error::PlanRefused(review::in_words(&problems)));
    }
    let read = |answer: &Answer| conversation::json(answer, |value| parse::plan(value, task));
    let mut conversation = Conversation::new(prompt::request(task), model.max_output_tokens());
    loop {
        let (plan, answer) = conversation.answer(caller, read).await?;
        let (planned, problems) = match plan {
            parse::PlanAnswer::Impossible(reason) => return Err(Error::Impossible(reason)),
            parse::PlanAnswer::Runbook(runbook) => {
                let mut planned = rule::planned(task, runbook)?;
                planned.reasons.push(format!("chosen by {}", answer.model));
                let problems = review.check(&planned.plan);
                (planned, problems)
            }
            parse::PlanAnswer::Plan(plan) => {
                let problems = review.review(&plan).await;
                let reasons = vec![format!("planned by {}", answer.model)];
                (
                    Planned {
                        plan,
                        runbook_id: None,
                        parameters: Map::new(),
                        reasons,
                        model: Some(answer.model.clone()),
                    },
                    problems,
                )
            }
        };
        if problems.is_empty() {
            return Ok(planned);
        }
        if !conversation.reject(answer, review::objection(&problems)) {
            return Err(Error::PlanRefused(review::in_words(&problems)));
        }
    }
}
